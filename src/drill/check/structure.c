/* amcheck, on one database of a copy that is thrown away. */
#include "base/error.h"
#include "base/stop.h"
#include "drill/check/extended.h"
#include "pg/quote.h"
#include "pg/session.h"

#include <string.h>

#define SCHEMA	     "odrbackup_amcheck" /* of the copy alone */
#define TABLES_SINCE 14			 /* verify_heapam */
#define DAMAGES_TOLD 5

static char *no_process[] = {NULL};
const struct plan_check extended_amcheck = {.name = (char *)"amcheck",
					    .title = (char *)"structure of tables and indexes",
					    .process = no_process,
					    .type = PLAN_CHECK_POSTGRES,
					    .stage = PLAN_STAGE_EXTENDED,
					    .gate = true,
					    .severity = PLAN_SEVERITY_FAIL};

struct relation {
	char *oid, *name;
	bool index;
};

struct structure {
	Session *session;
	char *schema; /* of the extension, quoted */
	int major;
	GPtrArray *relations; /* struct relation */
	GString *damage;
	unsigned damaged; /* relations */
	char *last;	  /* name of the last of these */
};

static void free_relation(void *data)
{
	struct relation *relation = data;

	g_free(relation->oid);
	g_free(relation->name);
	g_free(relation);
}

/* ---- the extension ------------------------------------------------------------------------------- */

static bool find_schema(struct structure *structure, GError **error)
{
	return session_value(
		structure->session,
		"SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON "
		"n.oid = e.extnamespace WHERE extname = 'amcheck'",
		&structure->schema, error);
}

/* Where it can be had; the source may have it already. Nothing of the copy's own is started by making it. */
static bool make_extension(struct structure *structure, GError **error)
{
	return find_schema(structure, error) &&
	       (structure->schema || (session_script(structure->session,
						     "SET session_replication_role = replica;"
						     "CREATE SCHEMA " SCHEMA ";"
						     "CREATE EXTENSION amcheck SCHEMA " SCHEMA,
						     error) &&
				      find_schema(structure, error)));
}

/* ---- which relations ----------------------------------------------------------------------------- */

static bool take_relation(void *data, const char *const *values, GError **error)
{
	struct relation *relation = g_new0(struct relation, 1);

	(void)error;
	*relation = (struct relation){.oid = g_strdup(values[0]),
				      .name = g_strdup(values[1]),
				      .index = strcmp(values[2], "t") == 0};
	g_ptr_array_add(data, relation);
	return true;
}

/* In an order that nobody can choose, and that is the same when it is done again. */
static bool find_relations(struct structure *structure, const struct extended_structure *how,
			   GError **error)
{
	g_autofree char *run = sql_literal(how->run_id ? how->run_id : "");
	g_autofree char *limit =
		how->sample > 0 ? g_strdup_printf(" LIMIT %u", how->sample) : g_strdup("");
	g_autofree char *sql = g_strdup_printf(
		"SELECT c.oid, c.oid::regclass::text, c.relkind = 'i' FROM pg_class c "
		"JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_index i ON i.indexrelid = c.oid "
		"WHERE c.relpersistence = 'p' AND "
		"(c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid AND i.indisready OR "
		"%s AND c.relkind IN ('r', 'm', 't') AND a.amname = 'heap') "
		"ORDER BY md5(c.oid::text || %s)%s",
		structure->major >= TABLES_SINCE ? "true" : "false", run, limit);

	return session_rows(structure->session, sql, take_relation, structure->relations, error);
}

/* ---- each of them -------------------------------------------------------------------------------- */

static void note_damage(struct structure *structure, const char *relation, const char *what)
{
	if (g_strcmp0(structure->last, relation) == 0)
		return;
	g_free(structure->last);
	structure->last = g_strdup(relation);
	if (structure->damaged++ < DAMAGES_TOLD)
		g_string_append_printf(structure->damage, "%s%s: %s",
				       structure->damaged > 1 ? "; " : "", relation, what);
}

struct heap {
	struct structure *structure;
	const char *name;
};

static bool take_message(void *data, const char *const *values, GError **error)
{
	struct heap *heap = data;
	g_autofree char *what = g_strdup_printf("block %s: %s", values[0] ? values[0] : "?",
						values[1] ? values[1] : "?");

	(void)error;
	note_damage(heap->structure, heap->name, what);
	return true;
}

static bool look_at(struct structure *structure, const struct relation *relation, GError **error)
{
	struct heap heap = {structure, relation->name};
	g_autofree char *nothing = NULL;
	g_autofree char *sql =
		relation->index
			? g_strdup_printf("SELECT %s.bt_index_parent_check(%s::regclass, true)",
					  structure->schema, relation->oid)
			: g_strdup_printf("SELECT blkno, msg FROM %s.verify_heapam(%s::regclass, "
					  "check_toast => true)",
					  structure->schema, relation->oid);

	return relation->index ? session_value(structure->session, sql, &nothing, error)
			       : session_rows(structure->session, sql, take_message, &heap, error);
}

/* Damage is what is looked for; that it could not be looked at is something else. */
static bool check_relations(struct structure *structure, GError **error)
{
	for (guint i = 0; i < structure->relations->len; i++) {
		const struct relation *relation = structure->relations->pdata[i];
		g_autoptr(GError) trouble = NULL;

		if (!stop_check(error))
			return false;
		if (look_at(structure, relation, &trouble))
			continue;
		if (!odr_error_is(trouble, ODR_ERROR_CORRUPT)) {
			g_propagate_prefixed_error(error, g_steal_pointer(&trouble),
						   "%s: ", relation->name);
			return false;
		}
		note_damage(structure, relation->name, trouble->message);
	}
	return true;
}

static bool read_major(struct structure *structure, GError **error)
{
	g_autofree char *number = NULL;

	if (!session_value(structure->session, "SHOW server_version_num", &number, error))
		return false;
	structure->major = (int)(g_ascii_strtoull(number ? number : "0", NULL, 10) / 10000);
	return true;
}

static bool check_all(struct structure *structure, const struct extended_structure *how,
		      GError **error)
{
	return read_major(structure, error) && make_extension(structure, error) &&
	       find_relations(structure, how, error) && check_relations(structure, error);
}

static void judge(const struct structure *structure, DrillCheckResult *result)
{
	unsigned count = structure->relations->len;
	g_autofree char *relations = count_format(count, "relation");

	result->value = g_strdup_printf("%u", structure->damaged);
	result->expect = g_strdup("0");
	if (structure->damaged > 0)
		drill_check_fail(result, "%u of %s are damaged: %s%s", structure->damaged,
				 relations, structure->damage->str,
				 structure->damaged > DAMAGES_TOLD ? "; …" : "");
	else if (count == 0)
		drill_check_unassessed(result, "there is no relation that amcheck can look at");
	else
		drill_check_pass(result, "the structure of %s is right", relations);
}

bool extended_check_structure(const struct extended_structure *how, DrillCheckResult *result,
			      GError **error)
{
	struct structure structure = {.relations = g_ptr_array_new_with_free_func(free_relation),
				      .damage = g_string_new(NULL)};
	g_autoptr(GError) trouble = NULL;
	bool done;

	structure.session =
		session_open_database(how->conninfo, result->database, how->run_id, &trouble);
	done = structure.session && check_all(&structure, how, &trouble);
	if (done || structure.damaged > 0)
		judge(&structure, result);
	else if (!odr_error_is(trouble, ODR_ERROR_STOPPED) &&
		 !odr_error_is(trouble, ODR_ERROR_UNREACHABLE))
		drill_check_unassessed(result, "amcheck could not run: %s", trouble->message);
	done = result->message != NULL;
	if (!done)
		g_propagate_error(error, g_steal_pointer(&trouble));
	session_free(structure.session);
	g_ptr_array_unref(structure.relations);
	g_string_free(structure.damage, TRUE);
	g_free(structure.schema);
	g_free(structure.last);
	return done;
}
