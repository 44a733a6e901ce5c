#ifndef ODR_DRILL_CHECK_SQL_ROWS_H
#define ODR_DRILL_CHECK_SQL_ROWS_H

#include "base/json.h"

/* What a query gave, as text. Bounded, since a database says what it likes. */
#define SQL_ROWS_MAX	   100000
#define SQL_ROWS_BYTES_MAX ((size_t)16 << 20)

typedef struct sql_rows SqlRows;
struct sql_rows {
	char **columns;	 /* names, NULL-terminated */
	unsigned width;	 /* how many */
	GPtrArray *rows; /* char **, of width; a NULL cell is SQL's null */
};
SqlRows *sql_rows_new(const char *const *columns);
void sql_rows_add(SqlRows *rows, const char *const *cells); /* copies */
SqlRows *sql_rows_copy(const struct sql_rows *rows);
void sql_rows_free(SqlRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlRows, sql_rows_free)

/* Index of a column; -1: there is none. */
int sql_rows_column(const struct sql_rows *rows, const char *name);

/* {"columns":[…],"rows":[[…],…]}; hostile text on the way back: CORRUPT. */
json_t *sql_rows_json(const struct sql_rows *rows);
bool sql_rows_parse(json_t *document, const char *what, SqlRows **rows, GError **error);

/* Lines of cells with tabs between, as COPY writes them; sorted bytewise unless their order counts. g_free. */
char *sql_rows_text(const struct sql_rows *rows, bool ordered);
/* SHA-256 of that, in hex; g_free. */
char *sql_rows_sha256(const struct sql_rows *rows, bool ordered);

#endif
