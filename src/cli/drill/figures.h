#ifndef ODR_CLI_DRILL_FIGURES_H
#define ODR_CLI_DRILL_FIGURES_H

#include "drill/check/sql.h"

/*
 * What the queries of a plan gave on a database, kept in a file so that another can be compared with it: figures of a
 * source are the anchor and the baseline of its copy.
 */
typedef struct drill_figures_file DrillFigures;
DrillFigures *drill_figures_new(void);
void drill_figures_free(DrillFigures *figures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrillFigures, drill_figures_free)
/* CORRUPT for what is none. */
DrillFigures *drill_figures_load(const char *path, GError **error);
bool drill_figures_save(const DrillFigures *figures, const char *path, GError **error);
/* For struct drill_check_site, whose data is the figures. */
void drill_figures_keep(void *data, const char *database, const char *query,
			const struct sql_rows *rows);
const struct drill_reference *drill_figures_find(void *data, const struct drill_question *question);

#endif
