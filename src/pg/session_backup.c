/* What a backup asks of a server: its start and stop, a segment that is complete, a named point. */
#include "base/error.h"
#include "pg/label.h"
#include "pg/session_query.h"

#include <string.h>

#define LABEL_MAX 1024

static bool lsn_value(Session *session, const char *sql, const char *const *values, int count,
		      lsn_t *lsn, GError **error)
{
	PGresult *result = session_ask(session, sql, values, count, error);
	g_autofree char *text = NULL;

	if (!result)
		return false;
	text = session_cell(result, 0);
	PQclear(result);
	if (!text)
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server gave no WAL position");
	if (!lsn_parse(text, lsn, NULL))
		return odr_fail(error, ODR_ERROR_SYSTEM,
				"the server gave '%s', which is no WAL position", text);
	return true;
}

bool session_backup_start(Session *session, const char *label, bool fast, lsn_t *start,
			  GError **error)
{
	const char *values[] = {label, fast ? "true" : "false"};
	const char *sql = session->version_num >= 150000 ? "SELECT pg_backup_start($1, $2)"
							 : "SELECT pg_start_backup($1, $2, false)";

	if (strlen(label) > LABEL_MAX || strpbrk(label, "\r\n"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"the label of a backup is one line of at most %d bytes", LABEL_MAX);
	return lsn_value(session, sql, values, 2, start, error);
}

bool session_backup_stop(Session *session, struct session_backup_stop *stop, GError **error)
{
	const char *sql =
		session->version_num >= 150000
			? "SELECT lsn, labelfile, spcmapfile FROM pg_backup_stop(false)"
			: "SELECT lsn, labelfile, spcmapfile FROM pg_stop_backup(false, false)";
	PGresult *result = session_ask(session, sql, NULL, 0, error);
	struct session_backup_stop read = {0};
	g_autofree char *lsn = NULL;
	struct backup_label label;

	if (!result)
		return false;
	lsn = session_cell(result, 0);
	read.label = session_cell(result, 1);
	read.tablespace_map = session_cell(result, 2);
	PQclear(result);
	if (!lsn || !read.label) {
		session_backup_stop_clear(&read);
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server gave no backup_label");
	}
	if (!lsn_parse(lsn, &read.lsn, error) || !backup_label_parse(read.label, &label, error)) {
		session_backup_stop_clear(&read);
		return odr_context(error, "the server's answer is not understood");
	}
	read.start = label.start;
	read.timeline = label.timeline;
	g_strlcpy(read.first_segment, label.first_segment, sizeof(read.first_segment));
	*stop = read;
	return true;
}

void session_backup_stop_clear(struct session_backup_stop *stop)
{
	g_clear_pointer(&stop->label, g_free);
	g_clear_pointer(&stop->tablespace_map, g_free);
}

/* pg_walfile_name of a segment's end is the segment before it up to 16, the one after it from 17 on. */
static bool name_segment_of_end(PGresult *result, char segment[WAL_SEGMENT_NAME_SIZE],
				GError **error)
{
	uint32_t size = (uint32_t)g_ascii_strtoull(PQgetvalue(result, 0, 1), NULL, 10);
	uint32_t timeline = session_timeline(PQgetvalue(result, 0, 2));
	lsn_t end;

	if (!lsn_parse(PQgetvalue(result, 0, 0), &end, NULL) || !wal_segment_size_valid(size))
		return odr_fail(error, ODR_ERROR_SYSTEM, "the server named no WAL segment");
	wal_segment_name(timeline, wal_segment_number_of_end(end, size) * size, size, segment);
	return true;
}

bool session_force_segment(Session *session, char segment[WAL_SEGMENT_NAME_SIZE], GError **error)
{
	PGresult *result;
	bool done;

	/* A commit of its own, so that the segment is not empty: an empty one is not switched. */
	if (!session_script(session,
			    "SELECT pg_logical_emit_message(true, 'odrbackup', 'heartbeat')",
			    error))
		return odr_context(error, "cannot write a heartbeat");
	result = session_ask(session,
			     "SELECT pg_switch_wal(), bytes_per_wal_segment, " SESSION_TIMELINE_SQL
			     " FROM pg_control_init()",
			     NULL, 0, error);
	if (!result)
		return odr_context(error, "cannot switch to a new WAL segment");
	done = name_segment_of_end(result, segment, error);
	PQclear(result);
	return done;
}

bool session_current_lsn(Session *session, lsn_t *lsn, GError **error)
{
	return lsn_value(session,
			 "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
			 " ELSE pg_current_wal_flush_lsn() END",
			 NULL, 0, lsn, error) ||
	       odr_context(error, "cannot ask the server for its WAL position");
}

bool session_restore_point(Session *session, const char *name, lsn_t *end, GError **error)
{
	return lsn_value(session, "SELECT pg_create_restore_point($1)", &name, 1, end, error) ||
	       odr_context(error, "cannot create the restore point '%s'", name);
}
