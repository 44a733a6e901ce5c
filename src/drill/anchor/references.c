#include "drill/anchor/references.h"

#include "base/error.h"

#include <string.h>

struct anchor_references {
	Anchor *anchor;
	char *origin, *why;
	SqlRows *before, *after; /* of the figure found last; after NULL: as before */
	struct drill_reference found;
};

AnchorReferences *anchor_references_new(Anchor *anchor)
{
	AnchorReferences *references = g_new0(AnchorReferences, 1);
	g_autofree char *made = clock_format(anchor->mark.made - anchor->mark.made % USEC_PER_SEC);

	references->anchor = anchor;
	references->origin = g_strdup_printf("anchor '%s' of %s", anchor->mark.name, made);
	return references;
}

static void forget(AnchorReferences *references)
{
	g_clear_pointer(&references->before, sql_rows_free);
	g_clear_pointer(&references->after, sql_rows_free);
	g_clear_pointer(&references->why, g_free);
}

void anchor_references_free(AnchorReferences *references)
{
	if (!references)
		return;
	forget(references);
	anchor_free(references->anchor);
	g_free(references->origin);
	g_free(references);
}

static const struct anchor_figure *figure_of(const Anchor *anchor,
					     const struct drill_question *question)
{
	for (guint i = 0; i < anchor->figures->len; i++) {
		const struct anchor_figure *figure = anchor->figures->pdata[i];

		if (strcmp(figure->database, question->database) == 0 &&
		    strcmp(figure->sha256, question->sha256) == 0)
			return figure;
	}
	return NULL;
}

static bool read_rows(AnchorReferences *references, const struct anchor_figure *figure,
		      GError **error)
{
	return sql_rows_parse(figure->before, "the figure before it", &references->before, error) &&
	       (!figure->after ||
		sql_rows_parse(figure->after, "the figure behind it", &references->after, error));
}

const struct drill_reference *anchor_references_find(AnchorReferences *references,
						     const struct drill_question *question)
{
	const struct anchor_figure *figure = figure_of(references->anchor, question);
	g_autoptr(GError) cause = NULL;

	forget(references);
	if (!figure)
		references->why = g_strdup_printf(
			"%s has no figure of this query: the query is new, or has changed since",
			references->origin);
	else if (figure->basis == ANCHOR_UNKNOWN)
		references->why = g_strdup_printf("%s could not take it: %s", references->origin,
						  figure->problem ? figure->problem : "?");
	else if (!read_rows(references, figure, &cause))
		references->why = g_strdup_printf("%s: %s", references->origin, cause->message);
	references->found = (struct drill_reference){
		.basis = references->after ? DRILL_BASIS_BOUNDED : DRILL_BASIS_EXACT,
		.before = references->why ? NULL : references->before,
		.after = references->after ? references->after : references->before,
		.why = references->why,
		.origin = references->origin};
	return &references->found;
}
