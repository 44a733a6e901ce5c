/* Of a drill's record: who ran it, what was brought back from where, and on which host, in what isolation. */
#include "base/bytes.h"
#include "drill/engine/host.h"
#include "drill/engine/record.h"

#include <unistd.h>

json_t *drill_record_run(const Drill *drill)
{
	const struct drill_request *request = drill->request;
	json_t *run = json_object();

	json_set_string(run, "id", request->run_id);
	json_set_string(run, "slot", request->slot);
	json_set_string(run, "trigger", request->trigger);
	json_set(run, "actor", audit_actor(request->audit));
	json_set_string(run, "approver", NULL);
	json_set_string(run, "ticket", NULL);
	json_set_string(run, "incident", request->incident);
	json_set_known_time(run, "began", drill->begun);
	return run;
}

static json_t *lock_of(const Manifest *manifest)
{
	const struct set_part *part = manifest_part(manifest, PART_DATABASE);
	json_t *lock = json_object();

	json_set_known_time(lock, "until", part ? part->lock_until : 0);
	return lock;
}

static json_t *wal_section(const Drill *drill)
{
	json_t *wal = json_object();

	json_set_string(wal, "first", *drill->fed.first ? drill->fed.first : NULL);
	json_set_string(wal, "last", *drill->fed.last ? drill->fed.last : NULL);
	json_set_int(wal, "bytes", (int64_t)drill->fed.bytes);
	json_set_int(wal, "segments", (int64_t)drill->fed.segments);
	return wal;
}

static const char *odoo_series(const Drill *drill)
{
	for (guint i = 0; drill->databases && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (database->odoo)
			return database->odoo->series;
	}
	return NULL;
}

/* Those of the cluster at the moment; null where it was not seen. */
json_t *drill_record_databases(const Drill *drill)
{
	json_t *section;

	if (!drill->databases)
		return json_null();
	section = json_array();
	for (guint i = 0; i < drill->databases->len; i++)
		json_array_append_new(
			section,
			json_pack("{s:s,s:b}", "name",
				  ((struct drill_database *)drill->databases->pdata[i])->name,
				  "recovered", 1));
	for (guint i = 0; i < drill->left_out->len; i++)
		json_array_append_new(
			section,
			json_pack("{s:s,s:b}", "name", drill->left_out->pdata[i], "recovered", 0));
	return section;
}

json_t *drill_record_source(const Drill *drill)
{
	const Manifest *manifest = drill->planned ? drill->restore.manifest : NULL;
	json_t *source = json_object();
	g_autofree char *digest = manifest ? hex_encode(manifest->sha256, SHA256_SIZE) : NULL;
	g_autofree char *system =
		manifest ? g_strdup_printf("%" G_GUINT64_FORMAT, manifest->system_identifier)
			 : NULL;

	json_set_string(source, "service", drill->request->service);
	json_set_string(source, "system_identifier", system);
	json_set(source, "pg_version",
		 manifest ? json_integer(manifest->pg_version_num) : json_null());
	json_set_string(source, "odoo_version", odoo_series(drill));
	json_set_string(source, "database", drill->plan->select.database);
	json_set_string(source, "set", manifest ? manifest->set_id : NULL);
	json_set_string(source, "manifest_sha256", digest);
	json_set_string(source, "repository", drill->repo ? store_name(drill->repo->store) : NULL);
	json_set(source, "timeline",
		 drill->planned ? json_integer(drill->restore.timeline) : json_null());
	json_set(source, "wal", wal_section(drill));
	json_set(source, "lock", manifest ? lock_of(manifest) : json_null());
	return source;
}
json_t *drill_record_target(const Drill *drill)
{
	json_t *target = json_object();
	json_t *facts = host_facts(drill->plan->sandbox.directory);
	g_autofree char *class = host_class(facts);

	json_set_string(target, "host", g_get_host_name());
	json_set_string(target, "host_class", class);
	json_set_string(target, "filesystem",
			json_string_value(json_object_get(facts, "filesystem")));
	json_set(target, "facts", facts);
	json_set_string(target, "postgres_sha256", drill->server_sha256);
	return target;
}

static void add_probes(json_t *probes, const struct isolation *isolation, const char *where)
{
	for (guint i = 0; isolation->results && i < isolation->results->len; i++) {
		const struct isolation_result *result = isolation->results->pdata[i];
		json_t *probe = json_object();

		json_set_string(probe, "to", result->to);
		json_set_string(probe, "address", result->address);
		json_set_string(probe, "where", where);
		json_set(probe, "errno",
			 result->number >= 0 ? json_integer(result->number) : json_null());
		json_array_append_new(probes, probe);
	}
}

json_t *drill_record_isolation(const Drill *drill)
{
	const struct isolation *server = &drill->server_isolation;
	json_t *isolation = json_object();
	json_t *probes = json_array();
	json_t *namespaces = json_object();

	add_probes(probes, &drill->isolation, "before");
	add_probes(probes, server, "server");
	json_set_string(namespaces, "host", server->own_network);
	json_set_string(namespaces, "server", server->network);
	json_set(isolation, "namespaces", namespaces);
	json_set_string(isolation, "made_by", drill_ground_maker(drill->plan));
	json_set_bool(isolation, "files_hidden",
		      drill_ground_maker(drill->plan) && !drill->ground.bare);
	json_set_int(isolation, "user", (int64_t)geteuid());
	json_set_string(isolation, "credential_class", "reader");
	json_set(isolation, "probes", probes);
	json_set_bool(isolation, "verified", server->network != NULL);
	json_set_string(isolation, "reason", drill->plan->isolation.reason);
	return isolation;
}

json_t *drill_record_arrival(const Drill *drill)
{
	const struct replica_arrival *arrival = &drill->arrival;
	g_autofree char *lsn = arrival->lsn ? lsn_print(arrival->lsn) : NULL;
	json_t *section = json_object();

	json_set_string(section, "lsn", lsn);
	json_set_known_time(section, "last_commit", arrival->last_commit);
	json_set_string(section, "reason", arrival->reason);
	json_set_string(section, "absent", *arrival->absent ? arrival->absent : NULL);
	json_set_int(section, "locked_relations", (int64_t)drill->locked);
	return section;
}
