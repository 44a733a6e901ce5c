#ifndef ODR_PG_SESSION_H
#define ODR_PG_SESSION_H

#include "base/clock.h"
#include "pg/wal.h"

/* A connection to a running server; libpq only here. One session serves one thread. */
typedef struct session Session;
void session_free(Session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)
/* conninfo as libpq takes it; application_name "odrbackup RUN", TCP keepalives, all time-outs of
 * POSTGRES.md 4 set to 0, search_path pg_catalog, text as the server has it. USAGE (a malformed
 * conninfo), UNREACHABLE, or AUTH where a server answers and does not let us in. */
Session *session_open(const char *conninfo, const char *run_id, GError **error);
/* The same server, another database of it than conninfo says (NULL: that one). */
Session *session_open_database(const char *conninfo, const char *database, const char *run_id,
			       GError **error);
/* For those who can do without: a server that does not answer is not waited for. */
Session *session_open_briefly(const char *conninfo, const char *database, const char *run_id,
			      GError **error);

/* The server takes connections, of whomever: not while it starts. */
bool session_answers(const char *conninfo);

struct session_server {
	int version_num, major;
	uint64_t system_identifier;
	char *data_directory, *config_file, *hba_file, *ident_file;
	char *archive_mode, *archive_command, *archive_library, *stats_temp_directory;
	char *bootstrap_role; /* the superuser that initdb made, by its present name */
	bool in_recovery, superuser;
	uint32_t timeline, wal_segment_size;
	int wal_level; /* 0 minimal 1 replica 2 logical */
};
void session_server_clear(struct session_server *server);
/* Fields the role may not see are NULL; the caller says what it needs. */
bool session_server(Session *session, struct session_server *server, GError **error);

/* Non-exclusive backup (POSTGRES.md 4), on this session from start to stop. */
struct session_backup_stop {
	lsn_t lsn;	      /* end of the backup end record */
	char *label;	      /* content of backup_label */
	char *tablespace_map; /* NULL or empty: no file */
	uint32_t timeline;    /* parsed from the label */
	lsn_t start;	      /* START WAL LOCATION, parsed from the label */
	char first_segment[WAL_SEGMENT_NAME_SIZE];
};
bool session_backup_start(Session *session, const char *label, bool fast, lsn_t *start,
			  GError **error);
bool session_backup_stop(Session *session, struct session_backup_stop *stop, GError **error);
void session_backup_stop_clear(struct session_backup_stop *stop);
bool session_ping(Session *session, GError **error); /* cheap query; lost connection: error */

/* pg_logical_emit_message (a commit), then pg_switch_wal: the name of the segment that was completed. */
bool session_force_segment(Session *session, char segment[WAL_SEGMENT_NAME_SIZE], GError **error);
bool session_current_lsn(Session *session, lsn_t *lsn,
			 GError **error); /* flushed; on a standby replayed */
bool session_restore_point(Session *session, const char *name, lsn_t *end, GError **error);

struct session_archiver {
	char *last_archived, *last_failed; /* names or NULL */
	usec_t last_archived_at, last_failed_at;
	int64_t archived_count, failed_count;
	bool failing; /* last_failed_at > last_archived_at */
};
bool session_archiver(Session *session, struct session_archiver *archiver, GError **error);
void session_archiver_clear(struct session_archiver *archiver);

/* Names of databases, for the manifest: rows (oid, name). */
struct session_database {
	uint32_t oid;
	char *name;
};
bool session_databases(Session *session, GPtrArray **databases, GError **error);

/* First column of the first row of one query as text (NULL for null or none); g_free. */
bool session_value(Session *session, const char *sql, char **value, GError **error);
/* Every row of one query, in order; nulls are NULL. False from row ends it with its error. The whole
 * result is held in memory. */
typedef bool (*session_row)(void *data, const char *const *values, GError **error);
bool session_rows(Session *session, const char *sql, session_row row, void *data, GError **error);
/* One statement, and no more than one, whose columns are told first, by their names; then a row at a time. */
struct session_reader {
	bool (*columns)(void *data, unsigned count, const char *const *names, GError **error);
	session_row row;
	void *data;
};
bool session_query(Session *session, const char *sql, const struct session_reader *reader,
		   GError **error);
/* The same a row at a time, for results of any size; no other query of the session until it has ended. */
bool session_stream(Session *session, const char *sql, session_row row, void *data, GError **error);

/* Statements without rows, as many as there are, in one transaction unless they say otherwise. */
bool session_script(Session *session, const char *sql, GError **error);

#endif
