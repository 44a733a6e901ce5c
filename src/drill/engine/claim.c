/* What the catalog claimed of the end of the archive, against where a drill to the latest moment found it. */
#include "drill/engine/engine.h"

#include <string.h>

bool drill_claim_holds(const Drill *drill)
{
	return strcmp(drill->claimed, drill->arrival.absent) < 0;
}

/* What is claimed and not there would be lost beside what the exposure says. */
void drill_compare_claim(Drill *drill)
{
	const struct drill_request *request = drill->request;
	g_autoptr(GError) trouble = NULL;

	if (drill->target.target.type != RECOVERY_DEFAULT || !*drill->arrival.absent ||
	    !request->claim)
		return;
	if (!request->claim(request->open_data, store_name(drill->repo->store), drill->t_loss,
			    drill->claimed, &trouble)) {
		g_ptr_array_add(drill->notes,
				g_strdup_printf("what the catalog claims is not known: %s",
						trouble->message));
		return;
	}
	if (*drill->claimed && !drill_claim_holds(drill))
		drill_deviate(drill,
			      "the catalog knows of WAL up to %s in repository %s, and %s is not "
			      "in it: more is lost than the exposure says",
			      drill->claimed, store_name(drill->repo->store),
			      drill->arrival.absent);
}
