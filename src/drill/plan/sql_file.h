#ifndef ODR_DRILL_PLAN_SQL_FILE_H
#define ODR_DRILL_PLAN_SQL_FILE_H

#include <glib.h>
#include <stdbool.h>

/*
 * An SQL file of a check. It begins with comments that say what it is:
 *   -- id: account_balanced  kind: assert  module: account  odoo: 14-18
 *   -- needs: account_move, account_move_line.balance
 * and has one statement; those of kind repair may have several. Without a header it is a query whose check says what is
 * expected. NAME.v14-16.sql is what NAME.sql is for these versions of Odoo. Pure; its text is hostile.
 */
enum sql_kind {
	SQL_PLAIN, /* no header */
	SQL_ASSERT,
	SQL_BASELINE,
	SQL_ACTION,
	SQL_FINGERPRINT,
	SQL_LIST,
	SQL_METRIC,
	SQL_INFO,
	SQL_REPAIR,
};
const char *sql_kind_name(enum sql_kind kind);

struct sql_need {
	char *table, *column; /* column NULL: the table alone */
};
typedef struct sql_file SqlFile;
struct sql_file {
	char *id;
	enum sql_kind kind;
	char *module;	      /* technical name; NULL: none */
	unsigned first, last; /* majors of Odoo; 0, 0: any */
	GPtrArray *needs;     /* struct sql_need */
	char *text;	      /* all of it */
};
/* CORRUPT, in sentences without a place. */
bool sql_file_parse(const char *text, size_t size, SqlFile **file, GError **error);
void sql_file_free(SqlFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SqlFile, sql_file_free)

/* "account-move-totals.v14-15.sql" is a variant of account-move-totals.sql, for 14 to 15. False: it is no variant. */
bool sql_file_variant(const char *name, char **plain, unsigned *first, unsigned *last);

/* :'name' as psql replaces it: a quoted literal of the value. In strings, quoted names, dollar quotes and comments
 * nothing is replaced. */
struct sql_variable {
	const char *name, *value; /* value NULL: it is known, and has none here */
};
/* NOT_FOUND, with the name, for one that has no value; USAGE for an unknown one. variables end with a NULL name. */
char *sql_file_expand(const char *text, const struct sql_variable *variables, GError **error);

/* The statements of a text, split at ';' where psql would; without comments alone; free with g_ptr_array_unref. */
GPtrArray *sql_file_statements(const char *text);

#endif
