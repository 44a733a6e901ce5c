#include "pg/instance.h"

#include <inttypes.h>
#include <string.h>

#define ALWAYS	  0, 99
#define FLOOR_MAX 262142 /* what the server allows of each (guc_tables.c) */

/* A name that a version does not know ends its server. */
static const struct {
	int since, until;
	const char *name, *value;
} overrides[] = {
	/* the archive stays as it is */
	{ALWAYS, "archive_mode", "off"},
	{ALWAYS, "archive_command", ""},
	{15, 99, "archive_library", ""},
	/* quiet */
	{ALWAYS, "listen_addresses", ""},
	{ALWAYS, "primary_conninfo", ""},
	{ALWAYS, "primary_slot_name", ""},
	{ALWAYS, "max_logical_replication_workers", "0"},
	{17, 99, "sync_replication_slots", "off"},
	/* nothing is missing */
	{ALWAYS, "ssl", "off"},
	{ALWAYS, "shared_preload_libraries", ""},
	{ALWAYS, "session_preload_libraries", ""},
	{ALWAYS, "local_preload_libraries", ""},
	{18, 99, "oauth_validator_libraries", ""},
	/* commits do not hang */
	{ALWAYS, "synchronous_standby_names", ""},
	/* fits the host */
	{ALWAYS, "huge_pages", "off"},
	{ALWAYS, "dynamic_shared_memory_type", "mmap"}, /* in pgdata: /dev/shm may be read-only */
	{ALWAYS, "shared_buffers", "128MB"},
	{0, 14, "stats_temp_directory", "pg_stat_tmp"},
	{18, 99, "io_method", "sync"},
	/* a log that can be read */
	{ALWAYS, "logging_collector", "off"},
	{ALWAYS, "log_destination", "stderr"},
	{ALWAYS, "log_line_prefix", "%m [%p] "},
	{ALWAYS, "log_timezone", "UTC"},
	{ALWAYS, "lc_messages", "C"},
	/* nothing runs by itself */
	{ALWAYS, "autovacuum", "off"},
	{ALWAYS, "jit", "off"},
	{ALWAYS, "wal_level", "replica"},
	{17, 99, "summarize_wal", "off"},
	{17, 99, "event_triggers", "off"},
	/* thrown away afterwards */
	{ALWAYS, "fsync", "off"},
	{ALWAYS, "full_page_writes", "off"},
	{ALWAYS, "synchronous_commit", "off"},
	/* Segments beyond the target need not be there: ask in order, one at a time. */
	{15, 99, "recovery_prefetch", "off"},
	{ALWAYS, "wal_retrieve_retry_interval", "200ms"}, /* of a standby: nobody pays for asking */
	{ALWAYS, "hot_standby", "on"},
};

static void append(GString *text, const char *name, const char *value)
{
	g_autofree char *quoted = recovery_quote(value);

	g_string_append_printf(text, "%s = %s\n", name, quoted);
}

static void append_path(GString *text, const char *name, const char *folder, const char *file)
{
	g_autofree char *path = g_build_filename(folder, file, NULL);

	append(text, name, path);
}

/* At least the source's, or replay stops (POSTGRES.md 8.5); it may have raised them since pg_control was written. */
static void append_floors(GString *text, const struct control *control)
{
	const struct {
		const char *name;
		int32_t value, least;
	} floors[] = {
		{"max_connections", control->max_connections, 100},
		{"max_worker_processes", control->max_worker_processes, 8},
		{"max_wal_senders", control->max_wal_senders, 10},
		{"max_prepared_transactions", control->max_prepared_transactions, 0},
		{"max_locks_per_transaction", control->max_locks_per_transaction, 64},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(floors); i++)
		g_string_append_printf(text, "%s = %" PRId32 "\n", floors[i].name,
				       CLAMP(floors[i].value, floors[i].least / 2, FLOOR_MAX / 2) *
					       2);
}

/* Of what stands twice the last counts. */
static void append_wishes(GString *text, const struct instance_settings *settings)
{
	g_autofree char *libraries =
		settings->libraries ? g_strjoinv(",", (char **)settings->libraries) : NULL;

	if (settings->shared_buffers > 0)
		g_string_append_printf(text, "shared_buffers = %" G_GUINT64_FORMAT "kB\n",
				       settings->shared_buffers / 1024);
	if (libraries && *libraries)
		append(text, "shared_preload_libraries", libraries);
	for (const struct instance_parameter *each = settings->parameters; each && each->name;
	     each++)
		append(text, each->name, each->value);
}

char *instance_configuration(const struct instance_settings *settings,
			     const struct control *control)
{
	GString *text = g_string_new(NULL);
	g_autofree char *recovery = recovery_auto_conf("", &settings->recovery);

	append(text, "data_directory", settings->pgdata);
	append_path(text, "hba_file", settings->folder, "pg_hba.conf");
	append_path(text, "ident_file", settings->folder, "pg_ident.conf");
	append(text, "unix_socket_directories", settings->folder);
	append(text, "port", INSTANCE_PORT);
	append(text, "cluster_name", "odrbackup");
	for (size_t i = 0; i < G_N_ELEMENTS(overrides); i++)
		if (control->major >= overrides[i].since && control->major <= overrides[i].until)
			append(text, overrides[i].name, overrides[i].value);
	append_wishes(text, settings);
	append_floors(text, control);
	if (settings->partial)
		append(text, "ignore_invalid_pages", "on");
	g_string_append(text, recovery);
	return g_string_free(text, FALSE);
}
