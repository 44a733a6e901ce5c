#ifndef ODR_CLI_DRILL_MEANS_H
#define ODR_CLI_DRILL_MEANS_H

#include "cli/site/context.h"
#include "drill/drill.h"

/*
 * What a drill has: repositories and keys of this host's configuration, or, with kind=kit, a recovery kit and nothing
 * else. Its evidence is this host's in any case; where that has no configuration, the kit tells where to keep it.
 */
struct store_lab;
struct drill_means_source {
	struct store_lab *lab; /* of what is restored from; then there is no evidence. NULL: none */
	const struct arguments *arguments;
	const DrillPlan *plan;
	Context *site;	      /* of this host */
	Context *kit;	      /* NULL: not opened */
	struct arguments own; /* the command line without the kit */
	struct store_settings
		*stores; /* of what is restored from, in the order of its repositories */
};
/* Before a drill begins: the host's context, with the key that signs. */
bool drill_means_begin(struct drill_means_source *source, const struct arguments *arguments,
		       const DrillPlan *plan, GError **error);
void drill_means_clear(struct drill_means_source *source);
/* struct drill_request has it as open; data: struct drill_means_source. */
bool drill_means_open(void *data, const struct drill_opening *opening, GError **error);
/* The same as claim, of this host's catalog. */
bool drill_means_claim(void *data, const char *repository, usec_t time,
		       char segment[WAL_SEGMENT_NAME_SIZE], GError **error);

#endif
