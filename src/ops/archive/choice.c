#include "ops/archive/choice.h"

void archive_candidate_clear(void *candidate)
{
	g_free(((struct archive_candidate *)candidate)->set);
}

struct archive_choice archive_choose(const GArray *candidates)
{
	struct archive_choice choice = {.verdict = ARCHIVE_OLDEST};

	for (guint i = 0; i < candidates->len; i++) {
		if (!g_array_index(candidates, struct archive_candidate, i).set)
			continue;
		if (choice.verdict == ARCHIVE_LISTED)
			return (struct archive_choice){ARCHIVE_UNDECIDABLE, choice.chosen, i};
		choice = (struct archive_choice){.verdict = ARCHIVE_LISTED, .chosen = i};
	}
	return choice;
}
