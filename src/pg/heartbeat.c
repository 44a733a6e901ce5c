#include "pg/heartbeat.h"

#include "base/error.h"

#include <string.h>

#define NOW_US(time) "(extract(epoch FROM " time ") * 1000000)::int8"

static bool execute(Session *session, const char *sql, GError **error)
{
	g_autofree char *ignored = NULL;

	return session_value(session, sql, &ignored, error);
}

static bool is_true(Session *session, const char *sql, bool *answer, GError **error)
{
	g_autofree char *value = NULL;

	if (!session_value(session, sql, &value, error))
		return false;
	*answer = g_strcmp0(value, "t") == 0;
	return true;
}

static bool check_primary(Session *session, GError **error)
{
	bool standby = false;

	if (!is_true(session, "SELECT pg_is_in_recovery()", &standby, error))
		return false;
	return !standby ||
	       odr_fail(error, ODR_ERROR_REFUSED,
			"the server is a standby; its primary's heartbeat is in its WAL");
}

static bool find_database(Session *session, const struct heartbeat_settings *settings, bool *found,
			  GError **error)
{
	if (!is_true(session,
		     "SELECT EXISTS (SELECT FROM pg_database WHERE datname = '" HEARTBEAT_DATABASE
		     "')",
		     found, error))
		return false;
	if (*found || !settings->create)
		return true;
	*found = true;
	return execute(session, "CREATE DATABASE " HEARTBEAT_DATABASE " TEMPLATE template0",
		       error) ||
	       odr_context(error, "cannot create database " HEARTBEAT_DATABASE);
}

static bool take(void *data, const char *const *values, GError **error)
{
	struct heartbeat *heartbeat = data;

	heartbeat->sequence = g_ascii_strtoll(values[0], NULL, 10);
	heartbeat->time = g_ascii_strtoll(values[1], NULL, 10);
	return lsn_parse(values[2], &heartbeat->lsn, error);
}

/* Only where it is missing: IF NOT EXISTS, too, asks for the right to create. */
static bool make_table(Session *session, GError **error)
{
	bool there = false;

	if (!is_true(session, "SELECT to_regclass('public.heartbeat') IS NOT NULL", &there, error))
		return false;
	return there ||
	       execute(session,
		       "CREATE TABLE public.heartbeat (seq int8 PRIMARY KEY, ts timestamptz "
		       "NOT NULL, lsn pg_lsn NOT NULL)",
		       error);
}

static bool write_row(const struct heartbeat_settings *settings, struct heartbeat *heartbeat,
		      GError **error)
{
	g_autoptr(Session) session = session_open_database(settings->conninfo, HEARTBEAT_DATABASE,
							   settings->run_id, error);

	heartbeat->row = true;
	return session && make_table(session, error) &&
	       session_rows(session,
			    "INSERT INTO public.heartbeat SELECT coalesce(max(seq), 0) + 1, "
			    "clock_timestamp(), pg_current_wal_insert_lsn() FROM public.heartbeat "
			    "RETURNING seq, " NOW_US("ts") ", lsn",
			    take, heartbeat, error) &&
	       execute(session, "DELETE FROM public.heartbeat WHERE ts < now() - interval '7 days'",
		       error);
}

static bool write_message(Session *session, struct heartbeat *heartbeat, GError **error)
{
	return session_rows(
		session,
		"SELECT 0, " NOW_US(
			"clock_timestamp()") ", "
					     "pg_logical_emit_message(true, 'odrbackup', 'heartbeat')",
		take, heartbeat, error);
}

/* The position of a row is that at which it was about to be written: its commit lies no farther behind. */
#define ROW_MAX ((lsn_t)64 << 10)

static bool newest_row(Session *session, lsn_t position, usec_t *time, GError **error)
{
	lsn_t before = position - MIN(position, ROW_MAX);
	char text[LSN_FORMAT_SIZE];
	g_autofree char *sql =
		g_strdup_printf("SELECT coalesce(max(" NOW_US("ts") "), 0) FROM public.heartbeat "
								    "WHERE lsn < '%s'",
				lsn_format(before, text));
	g_autofree char *value = NULL;

	if (!session_value(session, sql, &value, error))
		return false;
	*time = g_ascii_strtoll(value, NULL, 10);
	return true;
}

/* A role that may not ask for it gets 0: then the rows alone tell. */
static bool flushed_position(Session *session, lsn_t *flushed, GError **error)
{
	g_autoptr(GError) cause = NULL;

	*flushed = 0;
	if (session_current_lsn(session, flushed, &cause) || odr_error_is(cause, ODR_ERROR_AUTH))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool heartbeat_before(const char *conninfo, const char *run_id, lsn_t position, bool *all,
		      usec_t *time, GError **error)
{
	g_autoptr(Session) session =
		session_open_briefly(conninfo, HEARTBEAT_DATABASE, run_id, error);
	bool there = false;
	lsn_t flushed;

	if (!session || !check_primary(session, error) ||
	    !flushed_position(session, &flushed, error) ||
	    !is_true(session, "SELECT to_regclass('public.heartbeat') IS NOT NULL", &there, error))
		return false;
	*all = flushed != 0 && flushed <= position;
	*time = 0;
	return !there || newest_row(session, position, time, error);
}

bool heartbeat_beat(const struct heartbeat_settings *settings, struct heartbeat *heartbeat,
		    GError **error)
{
	g_autoptr(Session) session = session_open(settings->conninfo, settings->run_id, error);
	struct heartbeat beat = {0};
	bool found = false;

	if (!session || !check_primary(session, error) ||
	    !find_database(session, settings, &found, error) ||
	    !(found ? write_row(settings, &beat, error) : write_message(session, &beat, error)))
		return odr_context(error, "no heartbeat");
	*heartbeat = beat;
	return true;
}
