#include "base/suggest.h"

#include <string.h>

#define LENGTH_MAX 64 /* longer words are no typos of ours */

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours. */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t length_a = strlen(a), length_b = strlen(b);
	unsigned row[LENGTH_MAX + 1][LENGTH_MAX + 1];

	if (length_a > LENGTH_MAX || length_b > LENGTH_MAX)
		return G_MAXUINT;
	for (size_t i = 0; i <= length_a; i++)
		row[i][0] = (unsigned)i;
	for (size_t j = 0; j <= length_b; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= length_a; i++) {
		for (size_t j = 1; j <= length_b; j++) {
			row[i][j] = smaller(smaller(row[i - 1][j], row[i][j - 1]) + 1,
					    row[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[i][j] = smaller(row[i][j], row[i - 2][j - 2] + 1);
		}
	}
	return row[length_a][length_b];
}

const char *suggest_name(const char *typed, const char *const *names)
{
	size_t length = strlen(typed);
	unsigned nearest = length < 3 ? 2 : length < 7 ? 3 : 4; /* one more than is near */
	const char *found = NULL;

	for (; *names; names++) {
		unsigned distance = edit_distance(typed, *names);

		if (distance < nearest && distance < strlen(*names)) {
			nearest = distance;
			found = *names;
		}
	}
	return found;
}

char *suggest_phrase(const char *typed, const char *const *names)
{
	const char *name = suggest_name(typed, names);

	return name ? g_strdup_printf("; did you mean '%s'?", name) : g_strdup("");
}

char *suggest_list(const char *const *names)
{
	GString *list = g_string_new(NULL);

	for (size_t i = 0; names[i]; i++)
		g_string_append_printf(list, "%s%s",
				       i == 0	      ? ""
				       : names[i + 1] ? ", "
						      : " and ",
				       names[i]);
	return g_string_free(list, FALSE);
}
