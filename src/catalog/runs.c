#include "catalog/database.h"

#include <errno.h>
#include <signal.h>

void catalog_run_free(struct catalog_run *run)
{
	if (!run)
		return;
	g_free(run->run_id);
	g_free(run->service);
	g_free(run->command);
	g_free(run->outcome);
	g_free(run->set_id);
	g_free(run->message);
	g_free(run);
}

/* A pid means something only within one boot of the host. */
static char *boot_id(void)
{
	char *text = NULL;

	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
		return g_strdup("");
	return g_strchomp(text);
}

bool catalog_run_begin(Catalog *catalog, const struct catalog_run *run, GError **error)
{
	g_autofree char *boot = boot_id();

	return database_finish(
		catalog,
		database_prepare(
			catalog,
			"INSERT INTO runs VALUES (?1,?2,?3,'running',?4,0,0,?5,?6,0,?7,?8)",
			"tttittit", error, run->run_id, run->service, run->command,
			(int64_t)run->started, run->set_id, run->message, (int64_t)run->pid, boot),
		error);
}

bool catalog_run_finish(Catalog *catalog, const struct catalog_run *run, GError **error)
{
	return database_finish(
		catalog,
		database_prepare(catalog,
				 "UPDATE runs SET outcome = ?2, finished = ?3, exit_status = ?4, "
				 "set_id = ?5, message = ?6, bytes = ?7 WHERE run_id = ?1",
				 "ttiitti", error, run->run_id, run->outcome,
				 (int64_t)run->finished, (int64_t)run->exit_status, run->set_id,
				 run->message, (int64_t)run->bytes),
		error);
}

static struct catalog_run *read_run(sqlite3_stmt *row)
{
	struct catalog_run *run = g_new0(struct catalog_run, 1);

	run->run_id = database_text(row, 0);
	run->service = database_text(row, 1);
	run->command = database_text(row, 2);
	run->outcome = database_text(row, 3);
	run->started = sqlite3_column_int64(row, 4);
	run->finished = sqlite3_column_int64(row, 5);
	run->exit_status = sqlite3_column_int(row, 6);
	run->set_id = database_text(row, 7);
	run->message = database_text(row, 8);
	run->bytes = (uint64_t)sqlite3_column_int64(row, 9);
	run->pid = sqlite3_column_int64(row, 10);
	return run;
}

bool catalog_runs(Catalog *catalog, const char *service, const char *command, unsigned limit,
		  GPtrArray **runs, GError **error)
{
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT * FROM runs WHERE (?1 IS NULL OR service = ?1) AND "
		"(?2 IS NULL OR command = ?2) ORDER BY started DESC, run_id DESC LIMIT ?3",
		"tti", error, service, command, (int64_t)limit);
	g_autoptr(GPtrArray) list =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_run_free);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(list, read_run(statement));
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*runs = g_steal_pointer(&list);
	return true;
}

static void total_free(void *data)
{
	struct catalog_total *total = data;

	g_free(total->command);
	g_free(total->outcome);
	g_free(total);
}

bool catalog_run_totals(Catalog *catalog, const char *service, GPtrArray **totals, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(total_free);
	sqlite3_stmt *statement = database_prepare(
		catalog,
		"SELECT command, outcome, count(*) FROM runs WHERE service = ?1 AND "
		"outcome <> 'running' GROUP BY command, outcome ORDER BY command, outcome",
		"t", error, service);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
		struct catalog_total *total = g_new0(struct catalog_total, 1);

		total->command = database_text(statement, 0);
		total->outcome = database_text(statement, 1);
		total->runs = sqlite3_column_int64(statement, 2);
		g_ptr_array_add(list, total);
	}
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	*totals = g_steal_pointer(&list);
	return true;
}

static bool process_is_gone(int64_t pid)
{
	return pid <= 0 || pid > G_MAXINT || (kill((pid_t)pid, 0) < 0 && errno == ESRCH);
}

bool catalog_runs_reap(Catalog *catalog, GError **error)
{
	g_autofree char *boot = boot_id();
	g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
	sqlite3_stmt *statement = database_prepare(
		catalog, "SELECT run_id, pid, boot_id FROM runs WHERE outcome = 'running'", "",
		error);
	int state;

	if (!statement)
		return false;
	while ((state = sqlite3_step(statement)) == SQLITE_ROW) {
		g_autofree char *of_boot = database_text(statement, 2);

		if (g_strcmp0(of_boot, boot) != 0 ||
		    process_is_gone(sqlite3_column_int64(statement, 1)))
			g_ptr_array_add(gone, database_text(statement, 0));
	}
	if (!database_rows_end(catalog, statement, state, error))
		return false;
	for (guint i = 0; i < gone->len; i++)
		if (!database_finish(catalog,
				     database_prepare(catalog,
						      "UPDATE runs SET outcome = 'abandoned' WHERE "
						      "run_id = ?1 AND outcome = 'running'",
						      "t", error, (char *)gone->pdata[i]),
				     error))
			return false;
	return true;
}
