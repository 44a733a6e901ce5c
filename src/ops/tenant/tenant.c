#include "ops/tenant/tenant.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "ops/restore/aside.h"
#include "ops/tenant/single.h"
#include "pg/client.h"
#include "pg/program.h"

#include <string.h>

#define DATA	    "data"
#define SERVER	    "pg"
#define TABLESPACES "tablespaces"

struct tenant {
	const struct tenant_request *request;
	char *data, *server; /* folders below the request's */
	uint32_t oid; /* of the database as the set knows it; 0: all databases were restored */
	char *dump_program;
	Instance *instance;
	GPtrArray *notes;
};

static void note(Tenant *tenant, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(Tenant *tenant, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(tenant->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static void report(const Tenant *tenant, const char *phase)
{
	if (tenant->request->progress)
		tenant->request->progress(tenant->request->progress_data,
					  &(struct restore_progress){.phase = phase});
}

static bool restore_files(Tenant *tenant, GError **error)
{
	const struct tenant_request *request = tenant->request;
	g_autofree char *folder = g_build_filename(request->folder, TABLESPACES, NULL);
	g_autoptr(GHashTable) tablespaces = NULL;
	struct restore_result result = {0};

	if (!restore_aside_tablespaces(request->plan->manifest, folder, &tablespaces, error))
		return false;
	bool done = restore_run(&(struct restore_request){.repo = request->repo,
							  .identity = request->identity,
							  .plan = request->plan,
							  .target = request->target,
							  .pgdata = tenant->data,
							  .tablespace_map = tablespaces,
							  .database = tenant->oid,
							  .throw_away = true,
							  .workers = request->workers,
							  .spool = request->spool,
							  .progress = request->progress,
							  .progress_data = request->progress_data},
				&result, error);

	restore_result_clear(&result);
	return done;
}

static bool start_server(Tenant *tenant, GError **error)
{
	const struct tenant_request *request = tenant->request;
	const struct restore_target *target = request->target;
	g_autofree char *tablespaces = g_build_filename(request->folder, TABLESPACES, NULL);
	g_autoptr(GPtrArray) writable = g_ptr_array_new();

	for (size_t i = 0; request->writable && request->writable[i]; i++)
		g_ptr_array_add(writable, (char *)request->writable[i]);
	if (g_file_test(tablespaces, G_FILE_TEST_IS_DIR))
		g_ptr_array_add(writable, tablespaces);
	g_ptr_array_add(writable, NULL);

	struct recovery_settings recovery = restore_recovery_settings(request->plan, target);

	recovery.restore_command = request->restore_command;
	recovery.recovery_end_command = request->recovery_end_command;
	tenant->instance = instance_start(
		&(struct instance_settings){
			.pgdata = tenant->data,
			.folder = tenant->server,
			.bin = request->bin,
			.superuser = restore_aside_superuser(request->plan->manifest),
			.partial = tenant->oid != 0,
			.writable = request->writable ? (const char *const *)writable->pdata : NULL,
			.run_id = request->run_id,
			.recovery = recovery},
		error);
	return tenant->instance != NULL;
}

static bool on_tick(void *data, GError **error)
{
	report(data, "replaying WAL");
	return stop_check(error);
}

static bool bring_up(Tenant *tenant, GError **error)
{
	return restore_files(tenant, error) && start_server(tenant, error) &&
	       instance_wait(tenant->instance, on_tick, tenant, error);
}

static bool examine(const Tenant *tenant, char **reason, GError **error)
{
	return tenant_examine(&(struct tenant_single){.instance = tenant->instance,
						      .name = tenant->request->database,
						      .oid = tenant->oid,
						      .run_id = tenant->request->run_id},
			      reason, error);
}

static bool clear_folder(const Tenant *tenant, GError **error)
{
	g_autofree char *tablespaces = g_build_filename(tenant->request->folder, TABLESPACES, NULL);

	return file_remove_tree(tenant->data, error) && file_remove_tree(tenant->server, error) &&
	       file_remove_tree(tablespaces, error);
}

static bool tenant_bring_up(Tenant *tenant, GError **error)
{
	g_autofree char *reason = NULL;

	if (!bring_up(tenant, error) || !examine(tenant, &reason, error))
		return false;
	if (!reason)
		return true;
	note(tenant, "%s: all databases of the cluster were restored", reason);
	tenant->oid = 0;
	g_clear_pointer(&tenant->instance, instance_free);
	return clear_folder(tenant, error) && bring_up(tenant, error) &&
	       examine(tenant, &reason, error);
}

static bool tenant_prepare(Tenant *tenant, GError **error)
{
	const struct tenant_request *request = tenant->request;
	int major = request->plan->manifest->pg_major;
	g_autofree char *program = NULL;

	if (request->target->type == RECOVERY_STANDBY)
		return odr_fail(error, ODR_ERROR_USAGE,
				"a single database cannot be restored as a standby");
	program = instance_program(request->bin, major, error);
	if (!program)
		return false;
	tenant->dump_program = pg_program_find(
		&(struct pg_program){.name = "pg_dump", .folder = request->bin, .major = major},
		error);
	if (!tenant->dump_program)
		return false;
	tenant->oid = tenant_oid(request->plan->manifest, request->database);
	return true;
}

Tenant *tenant_open(const struct tenant_request *request, GError **error)
{
	g_autoptr(Tenant) tenant = g_new0(Tenant, 1);

	tenant->request = request;
	tenant->notes = g_ptr_array_new_with_free_func(g_free);
	tenant->data = g_build_filename(request->folder, DATA, NULL);
	tenant->server = g_build_filename(request->folder, SERVER, NULL);
	if (tenant_prepare(tenant, error) && tenant_bring_up(tenant, error))
		return g_steal_pointer(&tenant);
	odr_context(error, "cannot bring database '%s' to that moment", request->database);
	return NULL;
}

void tenant_free(Tenant *tenant)
{
	if (!tenant)
		return;
	instance_free(tenant->instance);
	g_ptr_array_unref(tenant->notes);
	g_free(tenant->dump_program);
	g_free(tenant->data);
	g_free(tenant->server);
	g_free(tenant);
}

Session *tenant_session(const Tenant *tenant, GError **error)
{
	g_autofree char *conninfo = instance_conninfo(tenant->instance);

	return session_open_database(conninfo, tenant->request->database, tenant->request->run_id,
				     error);
}

char *tenant_conninfo(const Tenant *tenant)
{
	return instance_conninfo(tenant->instance);
}

int tenant_major(const Tenant *tenant)
{
	return tenant->request->plan->manifest->pg_major;
}

const GPtrArray *tenant_notes(const Tenant *tenant)
{
	return tenant->notes;
}

bool tenant_dump(const Tenant *tenant, const struct tenant_dump *dump, GError **error)
{
	static const char *const formats[] = {[TENANT_CUSTOM] = "--format=custom",
					      [TENANT_DIRECTORY] = "--format=directory",
					      [TENANT_PLAIN] = "--format=plain"};
	g_autofree char *conninfo = instance_conninfo(tenant->instance);
	g_autofree char *file = g_strdup_printf("--file=%s", dump->path);
	g_autofree char *jobs = g_strdup_printf("--jobs=%u", MAX(dump->jobs, 1));
	const char *arguments[6];
	size_t count = 0;

	arguments[count++] = formats[dump->format];
	arguments[count++] = file;
	if (dump->format == TENANT_DIRECTORY)
		arguments[count++] = jobs;
	if (dump->no_owner)
		arguments[count++] = "--no-owner";
	arguments[count] = NULL;
	report(tenant, "dumping the database");
	return pg_client_run(&(struct pg_client){.program = tenant->dump_program,
						 .conninfo = conninfo,
						 .database = tenant->request->database,
						 .arguments = arguments,
						 .folder = tenant->server},
			     error) ||
	       odr_context(error, "cannot dump database '%s'", tenant->request->database);
}
