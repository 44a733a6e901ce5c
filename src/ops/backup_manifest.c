#include "ops/backup_steps.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "ops/durable.h"
#include "pg/label.h"

#include <string.h>

void backup_last_segment(const struct backup *backup, char name[WAL_SEGMENT_NAME_SIZE])
{
	wal_segment_name(backup->stop.timeline, backup->stop.lsn - 1,
			 backup->server.wal_segment_size, name);
}

/* Layer and table become durable: everything the manifest will refer to. */
static bool backup_store_layer(struct backup *backup, struct set_part *part, GError **error)
{
	const struct backup_request *request = backup->request;
	const char *map = backup->stop.tablespace_map;
	g_autoptr(GHashTable) tablespaces = NULL;
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(PackWriter) packs = pack_writer_new(backup->sink);
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);
	struct layer_ref ref = {0};
	const Table *table;

	if (!tablespace_map_parse(map ? map : "", &tablespaces, error) ||
	    !copy_finish(backup->copy,
			 &(struct copy_end){.stop = backup->stop.lsn, .tablespaces = tablespaces},
			 &entries, backup->manifest->damaged, error))
		return false;
	for (guint i = 0; i < entries->len; i++) {
		const struct layer_entry *entry = entries->pdata[i];

		if (!layer_writer_add(writer, entry, error))
			return false;
		if (entry->kind == ENTRY_FILE) {
			part->files++;
			part->bytes += entry->size;
		}
	}
	if (!layer_writer_finish(writer, &ref, error) || !pack_writer_finish(packs, error) ||
	    !fault_point("step", "layer stored", error) ||
	    !pack_sink_table(backup->sink, &table, error) ||
	    !table_store(request->repos, table, backup->lock_until, ref.table, error))
		return odr_context(error, "cannot store the layer");
	part->stored = pack_sink_stored(backup->sink) + ref.root_size;
	g_array_append_val(part->layers, ref);
	return fault_point("step", "table stored", error);
}

static void describe_server(const struct backup *backup, json_t *facts)
{
	const struct session_server *server = &backup->server;
	const struct control *control = &backup->control;

	json_set_string(facts, "config_file", server->config_file);
	json_set_string(facts, "hba_file", server->hba_file);
	json_set_string(facts, "ident_file", server->ident_file);
	json_set_int(facts, "next_xid", backup->next_xid);
	json_set_int(facts, "max_connections", control->max_connections);
	json_set_int(facts, "max_worker_processes", control->max_worker_processes);
	json_set_int(facts, "max_wal_senders", control->max_wal_senders);
	json_set_int(facts, "max_prepared_transactions", control->max_prepared_transactions);
	json_set_int(facts, "max_locks_per_transaction", control->max_locks_per_transaction);
}

static bool list_databases(struct backup *backup, json_t *list, GError **error)
{
	g_autoptr(GPtrArray) databases = NULL;

	if (!session_databases(backup->session, &databases, error))
		return false;
	for (guint i = 0; i < databases->len; i++) {
		const struct session_database *database = databases->pdata[i];
		json_t *row = json_object();

		json_set_int(row, "oid", database->oid);
		json_set_string(row, "name", database->name);
		json_array_append_new(list, row);
	}
	return true;
}

static bool manifest_describe(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	Manifest *manifest = backup->manifest;

	manifest->has_sealed = true;
	manifest->started = backup->started;
	manifest->stopped = clock_now();
	manifest->created = manifest->stopped;
	manifest->retain_until = manifest->stopped + request->backup_every + request->retain;
	manifest->program = g_strdup(request->program);
	manifest->host = g_strdup(g_get_host_name());
	manifest->label = g_strdup_printf("odrbackup %s", request->run_id);
	manifest->pg_major = backup->server.major;
	manifest->pg_version_num = backup->server.version_num;
	manifest->system_identifier = backup->server.system_identifier;
	manifest->checksums = backup->control.checksum_version != 0;
	manifest->data_directory = g_strdup(backup->pgdata);
	manifest->backup_label = g_strdup(backup->stop.label);
	if (backup->stop.tablespace_map && backup->stop.tablespace_map[0])
		manifest->tablespace_map = g_strdup(backup->stop.tablespace_map);
	describe_server(backup, manifest->server);
	return list_databases(backup, manifest->databases, error);
}

static bool manifest_list_wal(struct backup *backup, GError **error)
{
	struct set_wal *wal = g_new0(struct set_wal, 1);

	backup->manifest->wal = wal;
	wal->timeline = backup->stop.timeline;
	wal->segment_size = backup->server.wal_segment_size;
	wal->start = backup->stop.start;
	wal->stop = backup->stop.lsn;
	g_strlcpy(wal->first, backup->stop.first_segment, sizeof(wal->first));
	backup_last_segment(backup, wal->last);
	return durable_objects(backup->request->state, wal, backup->chain.wal_end, &wal->objects,
			       error);
}

static void manifest_chain(struct backup *backup)
{
	Manifest *manifest = backup->manifest;
	const struct chain *chain = &backup->chain;

	manifest->set_id = set_id_new(manifest->created);
	manifest->sequence = chain->sequence + 1;
	if (chain->sequence == 0)
		return;
	manifest->previous_set = g_strdup(chain->set_id);
	memcpy(manifest->previous_sha256, chain->sha256, SHA256_SIZE);
	manifest->previous_retain_until = chain->retain_until;
}

bool backup_describe(struct backup *backup, GError **error)
{
	struct set_part *part = g_new0(struct set_part, 1);

	backup->manifest = manifest_new();
	part->part = g_strdup(PART_DATABASE);
	part->kind = g_strdup("full");
	part->generation = g_strdup(backup->generation);
	part->lock_until = backup->lock_until;
	part->layers = g_array_new(false, true, sizeof(struct layer_ref));
	g_ptr_array_add(backup->manifest->parts, part);
	if (!backup_store_layer(backup, part, error) || !manifest_describe(backup, error) ||
	    !manifest_list_wal(backup, error))
		return false;
	manifest_chain(backup);
	return true;
}

bool backup_publish(struct backup *backup, GError **error)
{
	const struct backup_request *request = backup->request;
	g_autoptr(GBytes) object =
		manifest_seal(backup->manifest, request->bundle, request->compress_level, error);
	g_autofree char *local = layout_set(backup->manifest->set_id);
	struct iovec whole;

	if (!object)
		return false;
	whole.iov_base = (void *)g_bytes_get_data(object, &whole.iov_len);
	/* The run may have lasted longer than readers forgive. */
	if (!endorsement_covers(&request->bundle->endorsement, clock_now()) &&
	    !bundle_check_writer(request->bundle, clock_now(), error))
		return odr_context(error, "cannot publish the set");
	if (!stop_check(error) || !chain_journal(&backup->chain, backup->manifest, object, error) ||
	    !fault_point("step", "manifest journaled", error) ||
	    !repos_put(request->repos, local, &whole, 1, backup->lock_until, error) ||
	    !fault_point("step", "manifest stored", error) || !chain_settle(&backup->chain, error))
		return odr_context(error, "cannot publish the set");
	/* As one who reads the object would find it. */
	backup->manifest->writer = request->bundle->endorsement;
	memcpy(backup->manifest->sha256, backup->chain.sha256, SHA256_SIZE);
	backup->manifest->object_size = whole.iov_len;
	return true;
}
