/* Checks of types postgres and heartbeat: what the whole cluster is asked. */
#include "base/error.h"
#include "drill/check/sql.h"
#include "pg/heartbeat.h"
#include "pg/quote.h"

#include <string.h>

struct cluster {
	const struct drill_check_site *site;
	const struct drill_cluster_facts *facts;
	Session *session;
	struct session_server server;
	GPtrArray *results;
};

static DrillCheckResult *add(struct cluster *cluster, const struct plan_check *check,
			     const char *part, const char *database)
{
	DrillCheckResult *result = drill_check_result_new(check, part, database);

	g_ptr_array_add(cluster->results, result);
	return result;
}

/* ---- which cluster, and where it is -------------------------------------------------------------- */

static void check_identity(struct cluster *cluster, const struct plan_check *check)
{
	DrillCheckResult *result = add(cluster, check, "system-identifier", NULL);
	uint64_t wanted = cluster->facts->system_identifier;
	uint64_t found = cluster->server.system_identifier;

	result->value = g_strdup_printf("%" G_GUINT64_FORMAT, found);
	if (wanted == 0)
		drill_check_unassessed(result, "which cluster it should be is not known");
	else if (found != wanted)
		drill_check_fail(result,
				 "this is cluster %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT,
				 found, wanted);
	else
		drill_check_pass(result, "it is the cluster of the set");
}

static void check_timeline(struct cluster *cluster, const struct plan_check *check)
{
	DrillCheckResult *result = add(cluster, check, "timeline", NULL);
	uint32_t wanted = cluster->facts->timeline, found = cluster->server.timeline;

	result->value = g_strdup_printf("%u", found);
	if (wanted == 0 || found == 0)
		drill_check_unassessed(result, "which timeline it should be on is not known");
	else if (found > wanted)
		drill_check_fail(result, "it is on timeline %u, not %u", found, wanted);
	else if (found < wanted)
		drill_check_unassessed(result,
				       "the server has noted timeline %u so far, not yet %u", found,
				       wanted);
	else
		drill_check_pass(result, "it is on timeline %u", found);
}

static bool check_position(struct cluster *cluster, const struct plan_check *check, GError **error)
{
	DrillCheckResult *result = add(cluster, check, "position", NULL);
	char here[LSN_FORMAT_SIZE], there[LSN_FORMAT_SIZE];
	lsn_t lsn;

	if (!session_current_lsn(cluster->session, &lsn, error))
		return false;
	lsn_format(lsn, here);
	lsn_format(cluster->facts->lsn, there);
	result->value = g_strdup(here);
	if (cluster->facts->lsn == 0)
		drill_check_unassessed(result, "where it should be is not known");
	else if (lsn < cluster->facts->lsn)
		drill_check_fail(result, "it is at %s, and did not reach %s", here, there);
	else
		drill_check_pass(result, "it is at %s", here);
	return true;
}

/* ---- what queries find --------------------------------------------------------------------------- */

/* A query whose rows are what is wrong; the first few are told. */
struct finding_query {
	const char *part, *sql;
	const char *none, *some; /* sentences; some takes what was found */
	bool warns;
};

struct found {
	GString *text;
	unsigned count;
};

static bool on_found(void *data, const char *const *values, GError **error)
{
	struct found *found = data;

	(void)error;
	if (found->count++ < 5)
		g_string_append_printf(found->text, "%s%s", found->count > 1 ? ", " : "",
				       values[0] ? values[0] : "null");
	return true;
}

static bool check_query(struct cluster *cluster, Session *session, const struct plan_check *check,
			const char *database, const struct finding_query *query, GError **error)
{
	DrillCheckResult *result = add(cluster, check, query->part, database);
	g_autoptr(GString) text = g_string_new(NULL);
	struct found found = {.text = text};
	g_autoptr(GError) cause = NULL;

	if (!session_rows(session, query->sql, on_found, &found, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_UNREACHABLE)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		drill_check_unassessed(result, "it could not run: %s", cause->message);
		return true;
	}
	result->value = g_strdup_printf("%u", found.count);
	if (found.count == 0)
		drill_check_pass(result, "%s", query->none);
	else if (query->warns)
		drill_check_warn(result, "%s: %s%s", query->some, text->str,
				 found.count > 5 ? ", …" : "");
	else
		drill_check_fail(result, "%s: %s%s", query->some, text->str,
				 found.count > 5 ? ", …" : "");
	return true;
}

static const struct finding_query checksums = {
	.part = "page-checksums",
	.sql = "SELECT coalesce(datname, 'shared') || ': ' || checksum_failures FROM pg_stat_database "
	       "WHERE checksum_failures > 0",
	.none = "no page read so far had a wrong checksum",
	.some = "pages have wrong checksums in"};
static const struct finding_query no_checksums = {
	.part = "page-checksums",
	.sql = "SELECT 'data_checksums is off'",
	.some = "pages have no checksums, and damage of them is not seen",
	.warns = true};
static const struct finding_query roles = {
	.part = "roles",
	.sql = "SELECT DISTINCT relowner::text FROM pg_class WHERE relowner NOT IN "
	       "(SELECT oid FROM pg_roles) ORDER BY 1",
	.none = "every owner is there",
	.some = "owners of relations are not there, by oid"};
static const struct finding_query extensions = {
	.part = "extensions",
	.sql = "SELECT e.extname FROM pg_extension e WHERE e.extname NOT IN "
	       "(SELECT name FROM pg_available_extensions) ORDER BY 1",
	.none = "this host has the files of every extension",
	.some = "this host lacks the files of extensions"};
static const struct finding_query indexes = {
	.part = "invalid-indexes",
	.sql = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready "
	       "ORDER BY 1",
	.none = "every index is valid",
	.some = "indexes are invalid"};
static const struct finding_query collations = {
	.part = "collation",
	.sql = "SELECT quote_ident(collname) || ' of version ' || collversion || ', here ' || "
	       "coalesce(pg_collation_actual_version(oid), 'none') FROM pg_collation WHERE collversion "
	       "IS NOT NULL AND collversion IS DISTINCT FROM pg_collation_actual_version(oid) AND "
	       "collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = "
	       "current_database()))",
	.none = "text is sorted as at the source",
	.some = "text is sorted differently here; indexes on text are to be built anew"};
/* From 15 on a database has a version of its own. */
static const struct finding_query default_collation = {
	.part = "default-collation",
	.sql = "SELECT 'version ' || datcollversion || ', here ' || "
	       "coalesce(pg_database_collation_actual_version(oid), 'none') FROM pg_database WHERE "
	       "datname = current_database() AND datcollversion IS NOT NULL AND datcollversion IS "
	       "DISTINCT FROM pg_database_collation_actual_version(oid)",
	.none = "the database sorts text as at the source",
	.some = "the database sorts text differently here; indexes on text are to be built anew"};

static bool check_missing_roles(struct cluster *cluster, const struct plan_check *check,
				GError **error)
{
	const char *const *wanted = cluster->facts->roles;
	DrillCheckResult *result;

	if (!wanted)
		return true;
	result = add(cluster, check, "roles-of-the-source", NULL);
	for (; *wanted; wanted++) {
		g_autofree char *name = sql_literal(*wanted);
		g_autofree char *sql =
			g_strdup_printf("SELECT 1 FROM pg_roles WHERE rolname = %s", name);
		g_autofree char *found = NULL;

		if (!session_value(cluster->session, sql, &found, error))
			return false;
		if (!found)
			drill_check_fail(result, "role '%s' is not there", *wanted);
	}
	drill_check_pass(result, "every role of the source is there");
	return true;
}

static bool check_database(struct cluster *cluster, const struct plan_check *check,
			   const char *name, GError **error)
{
	const struct {
		bool wanted;
		const struct finding_query *query;
	} queries[] = {{check->collation, &collations},
		       {check->collation && cluster->server.major >= 15, &default_collation},
		       {check->extensions, &extensions},
		       {check->roles, &roles},
		       {check->invalid_indexes, &indexes}};
	g_autoptr(Session) session =
		session_open_database(cluster->site->conninfo, name, cluster->site->run_id, error);

	if (!session)
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(queries); i++)
		if (queries[i].wanted &&
		    !check_query(cluster, session, check, name, queries[i].query, error))
			return false;
	return true;
}

static bool on_database(void *data, const char *const *values, GError **error)
{
	(void)error;
	g_ptr_array_add(data, g_strdup(values[0]));
	return true;
}

/* The files of others are not there. */
static bool is_there(const struct cluster *cluster, const char *database)
{
	const char *only = cluster->facts->database;

	return !only || strcmp(only, database) == 0;
}

static bool check_databases(struct cluster *cluster, const struct plan_check *check, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	if (!session_rows(
		    cluster->session,
		    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate "
		    "ORDER BY 1",
		    on_database, names, error))
		return false;
	for (guint i = 0; i < names->len; i++)
		if (is_there(cluster, names->pdata[i]) &&
		    (!check->database || strcmp(check->database, names->pdata[i]) == 0) &&
		    !check_database(cluster, check, names->pdata[i], error))
			return false;
	return true;
}

static bool check_pages(struct cluster *cluster, const struct plan_check *check, GError **error)
{
	g_autofree char *state = NULL;

	if (!check->page_checksums)
		return true;
	if (!session_value(cluster->session, "SHOW data_checksums", &state, error))
		return false;
	return check_query(cluster, cluster->session, check, NULL,
			   g_strcmp0(state, "on") == 0 ? &checksums : &no_checksums, error);
}

static bool check_postgres(struct cluster *cluster, const struct plan_check *check, GError **error)
{
	check_identity(cluster, check);
	check_timeline(cluster, check);
	return check_position(cluster, check, error) && check_pages(cluster, check, error) &&
	       (!check->roles || check_missing_roles(cluster, check, error)) &&
	       check_databases(cluster, check, error);
}

/* ---- the heartbeat ------------------------------------------------------------------------------- */

#define BEATS                                                         \
 "SELECT count(*), coalesce(max(seq) - min(seq) + 1 - count(*), 0), " \
 "coalesce(max(extract(epoch FROM gap)), 0)::int8, "                  \
 "coalesce(extract(epoch FROM max(ts)), 0)::int8 FROM "               \
 "(SELECT seq, ts, ts - lag(ts) OVER (ORDER BY seq) AS gap FROM public.heartbeat) b"

struct beats {
	gint64 count, holes, longest, newest; /* the last two in seconds */
};

static bool on_beats(void *data, const char *const *values, GError **error)
{
	struct beats *beats = data;

	return (g_ascii_string_to_signed(values[0], 10, 0, G_MAXINT64, &beats->count, NULL) &&
		g_ascii_string_to_signed(values[1], 10, G_MININT64, G_MAXINT64, &beats->holes,
					 NULL) &&
		g_ascii_string_to_signed(values[2], 10, G_MININT64, G_MAXINT64, &beats->longest,
					 NULL) &&
		g_ascii_string_to_signed(values[3], 10, 0, G_MAXINT64, &beats->newest, NULL)) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "the table of beats holds no numbers");
}

static void judge_beats(struct cluster *cluster, const struct plan_check *check,
			const struct beats *beats)
{
	DrillCheckResult *result = add(cluster, check, NULL, HEARTBEAT_DATABASE);
	usec_t interval = cluster->facts->heartbeat_interval, target = cluster->facts->target;
	usec_t newest = beats->newest * USEC_PER_SEC;
	g_autofree char *gap = duration_format(target - newest);

	result->value = g_strdup_printf("%" G_GINT64_FORMAT " beats", beats->count);
	if (beats->count == 0) {
		drill_check_unassessed(result, "there is no beat");
		return;
	}
	if (beats->holes != 0)
		drill_check_fail(result, "%" G_GINT64_FORMAT " beats are missing in between",
				 beats->holes);
	if (interval > 0 && target > 0 && target - newest > (usec_t)check->gap * interval)
		drill_check_fail(result, "the newest beat is %s before the target", gap);
	if (interval > 0 && beats->longest * USEC_PER_SEC > (usec_t)check->gap * interval)
		drill_check_warn(result, "the source was without a beat for %" G_GINT64_FORMAT " s",
				 beats->longest);
	drill_check_pass(result, "%" G_GINT64_FORMAT " beats, and none is missing", beats->count);
}

/* A source without a heartbeat of rows leaves nothing to look at, nor does one database that is not its own. */
static bool check_heartbeat(struct cluster *cluster, const struct plan_check *check, GError **error)
{
	g_autofree char *exists = NULL, *table = NULL;
	g_autoptr(Session) session = NULL;
	g_autoptr(GError) cause = NULL;
	struct beats beats = {0};

	if (!is_there(cluster, HEARTBEAT_DATABASE))
		return true;
	if (!session_value(cluster->session,
			   "SELECT 1 FROM pg_database WHERE datname = '" HEARTBEAT_DATABASE "'",
			   &exists, error))
		return false;
	if (!exists)
		return true;
	session = session_open_database(cluster->site->conninfo, HEARTBEAT_DATABASE,
					cluster->site->run_id, error);
	if (!session ||
	    !session_value(session, "SELECT to_regclass('public.heartbeat')", &table, error))
		return false;
	if (!table)
		return true;
	if (session_rows(session, BEATS, on_beats, &beats, &cause)) {
		judge_beats(cluster, check, &beats);
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_UNREACHABLE)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	drill_check_fail(add(cluster, check, NULL, HEARTBEAT_DATABASE),
			 "its beats cannot be read: %s", cause->message);
	return true;
}

bool drill_checks_on_cluster(const DrillPlan *plan, enum plan_stage stage,
			     const struct drill_check_site *site,
			     const struct drill_cluster_facts *facts, GPtrArray *results,
			     GError **error)
{
	struct cluster cluster = {.site = site, .facts = facts, .results = results};
	bool done;

	cluster.session =
		session_open_database(site->conninfo, site->database, site->run_id, error);
	done = cluster.session && session_server(cluster.session, &cluster.server, error);
	for (guint i = 0; done && i < plan->checks->len; i++) {
		const struct plan_check *check = plan->checks->pdata[i];

		if (check->stage == stage && check->type == PLAN_CHECK_POSTGRES)
			done = check_postgres(&cluster, check, error);
		if (check->stage == stage && check->type == PLAN_CHECK_HEARTBEAT)
			done = check_heartbeat(&cluster, check, error);
	}
	session_server_clear(&cluster.server);
	session_free(cluster.session);
	return done;
}
