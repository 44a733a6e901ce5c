#include "ops/backup/database_steps.h"

#include "base/error.h"
#include "base/fault.h"
#include "ops/durable.h"
#include "pg/label.h"

void database_last_segment(const struct database_capture *capture, char name[WAL_SEGMENT_NAME_SIZE])
{
	wal_segment_name(capture->stop.timeline, capture->stop.lsn - 1,
			 capture->server.wal_segment_size, name);
}

struct storing {
	struct database_capture *capture;
	LayerWriter *writer;
};

static bool store_entry(void *data, struct layer_entry **entry, GError **error)
{
	struct storing *storing = data;

	if ((*entry)->kind == ENTRY_FILE) {
		storing->capture->entries++;
		storing->capture->bytes += (*entry)->size;
	}
	return layer_writer_add(storing->writer, *entry, error);
}

/* Everything the manifest will refer to. */
bool database_store_layer(struct database_capture *capture, GError **error)
{
	const GPtrArray *repos = capture->part.backup->request->repos;
	const char *map = capture->stop.tablespace_map;
	g_autoptr(GHashTable) tablespaces = NULL;
	g_autoptr(PackWriter) packs = pack_writer_new(capture->sink);
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);
	struct storing storing = {.capture = capture, .writer = writer};
	const Table *table;

	if (!tablespace_map_parse(map ? map : "", &tablespaces, error) ||
	    !copy_finish(capture->copy,
			 &(struct copy_end){.stop = capture->stop.lsn, .tablespaces = tablespaces},
			 &(struct copy_gather){.each = store_entry,
					       .data = &storing,
					       .damaged = capture->damaged},
			 error))
		return false;
	if (!layer_writer_finish(writer, &capture->layer, error) ||
	    !pack_writer_finish(packs, error) || !fault_point("step", "layer stored", error) ||
	    !pack_sink_table(capture->sink, &table, error) ||
	    !table_store(repos, table, capture->lock_until, capture->layer.table, error))
		return odr_context(error, "cannot store the layer");
	return fault_point("step", "table stored", error);
}

static void describe_server(const struct database_capture *capture, json_t *facts)
{
	const struct session_server *server = &capture->server;
	const struct control *control = &capture->control;

	json_set_string(facts, "config_file", server->config_file);
	json_set_string(facts, "hba_file", server->hba_file);
	json_set_string(facts, "ident_file", server->ident_file);
	json_set_string(facts, "superuser", server->bootstrap_role);
	json_set_int(facts, "next_xid", capture->next_xid);
	json_set_int(facts, "max_connections", control->max_connections);
	json_set_int(facts, "max_worker_processes", control->max_worker_processes);
	json_set_int(facts, "max_wal_senders", control->max_wal_senders);
	json_set_int(facts, "max_prepared_transactions", control->max_prepared_transactions);
	json_set_int(facts, "max_locks_per_transaction", control->max_locks_per_transaction);
}

static void describe_databases(const struct database_capture *capture, json_t *list)
{
	for (guint i = 0; i < capture->databases->len; i++) {
		const struct session_database *database = capture->databases->pdata[i];
		json_t *row = json_object();

		json_set_int(row, "oid", database->oid);
		json_set_string(row, "name", database->name);
		json_array_append_new(list, row);
	}
}

static void describe_cluster(const struct database_capture *capture, Manifest *manifest)
{
	manifest->pg_major = capture->server.major;
	manifest->pg_version_num = capture->server.version_num;
	manifest->system_identifier = capture->server.system_identifier;
	manifest->checksums = capture->control.checksum_version != 0;
	manifest->data_directory = g_strdup(capture->pgdata);
	manifest->backup_label = g_strdup(capture->stop.label);
	if (capture->stop.tablespace_map && capture->stop.tablespace_map[0])
		manifest->tablespace_map = g_strdup(capture->stop.tablespace_map);
	describe_server(capture, manifest->server);
	describe_databases(capture, manifest->databases);
}

static bool describe_wal(const struct database_capture *capture, Manifest *manifest, GError **error)
{
	const struct backup *backup = capture->part.backup;
	struct set_wal *wal = g_new0(struct set_wal, 1);

	manifest->wal = wal;
	wal->timeline = capture->stop.timeline;
	wal->segment_size = capture->server.wal_segment_size;
	wal->start = capture->stop.start;
	wal->stop = capture->stop.lsn;
	g_strlcpy(wal->first, capture->stop.first_segment, sizeof(wal->first));
	database_last_segment(capture, wal->last);
	return durable_objects(&(struct durable_query){.repos = backup->request->repos,
						       .state = backup->request->state,
						       .wal = wal,
						       .since = backup->chain.wal_end},
			       &wal->objects, error);
}

bool database_describe(BackupPart *part, Manifest *manifest, GError **error)
{
	struct database_capture *capture = (struct database_capture *)part;
	struct set_part *described = backup_part_describe(part, manifest, "full",
							  capture->generation, capture->lock_until);

	described->files = capture->entries;
	described->bytes = capture->bytes;
	described->stored = pack_sink_stored(capture->sink) + capture->layer.root_size;
	g_array_append_val(described->layers, capture->layer);
	part->damaged_new = capture->damaged->len;
	g_ptr_array_extend_and_steal(manifest->damaged, g_steal_pointer(&capture->damaged));
	describe_cluster(capture, manifest);
	return describe_wal(capture, manifest, error);
}
