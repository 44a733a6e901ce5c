#include "ops/backup/config.h"

#include "base/error.h"
#include "base/fault.h"
#include "ops/backup/config_drift.h"
#include "ops/config/pack.h"
#include "repo/retention.h"

#define NOTES_TOLD 20

struct config_capture {
	BackupPart part;
	const struct backup_config *settings;
	char *generation;
	usec_t lock_until;
	struct pack_sink *sink;
	CollectIndex *index;
	/* What the manifest will say: */
	struct layer_ref layer;
	uint64_t files, bytes;
};

static bool tell_collector(void *data, const char *collector, GError **error)
{
	struct config_capture *capture = data;
	g_autofree char *phase = g_strdup_printf("collecting %s", collector);

	(void)error;
	backup_progress(capture->part.backup, phase, 0, 0);
	return true;
}

static bool collect(struct config_capture *capture, ConfigPack *pack, GError **error)
{
	const struct backup_request *request = capture->part.backup->request;
	struct collect_host host = capture->settings->host;
	struct collect_sink sink = config_pack_sink(pack);

	host.run_id = request->run_id;
	host.digest_secret = request->bundle->digest_secret;
	return collect_run(&(struct collect_request){.collectors = capture->settings->collectors,
						     .host = &host,
						     .sink = &sink,
						     .total_limit = capture->settings->limit,
						     .tick = tell_collector,
						     .tick_data = capture},
			   &capture->index, error) &&
	       config_pack_index(pack, capture->index, error);
}

/* Everything the manifest will refer to. */
static bool store(struct config_capture *capture, PackWriter *packs, ConfigPack *pack,
		  GError **error)
{
	const GPtrArray *repos = capture->part.backup->request->repos;
	g_autoptr(LayerWriter) writer = layer_writer_new(packs);
	const GPtrArray *entries;
	const Table *table;

	if (!config_pack_finish(pack, &entries, error))
		return false;
	for (guint i = 0; i < entries->len; i++) {
		const struct layer_entry *entry = entries->pdata[i];

		if (!layer_writer_add(writer, entry, error))
			return false;
		if (entry->kind == ENTRY_FILE) {
			capture->files++;
			capture->bytes += entry->size;
		}
	}
	return layer_writer_finish(writer, &capture->layer, error) &&
	       pack_writer_finish(packs, error) && fault_point("step", "layer stored", error) &&
	       pack_sink_table(capture->sink, &table, error) &&
	       table_store(repos, table, capture->lock_until, capture->layer.table, error);
}

/* What a person should know now. Everything is in the index, too. */
static void tell_report(struct config_capture *capture, const struct collect_report *report,
			unsigned *told)
{
	const struct backup *backup = capture->part.backup;

	if (report->state == COLLECT_FAILED)
		backup_note(backup, "collector %s failed: %s", report->name, report->reason);
	if (report->state == COLLECT_ABSENT && report->required)
		backup_note(backup, "collector %s has nothing to collect: %s", report->name,
			    report->reason);
	for (guint i = 0; i < report->notes->len; i++, ++*told)
		if (*told < NOTES_TOLD)
			backup_note(backup, "collector %s: %s", report->name,
				    (char *)report->notes->pdata[i]);
}

static void tell_reports(struct config_capture *capture)
{
	unsigned told = 0;

	for (guint i = 0; i < capture->index->reports->len; i++)
		tell_report(capture, capture->index->reports->pdata[i], &told);
	if (told > NOTES_TOLD) {
		g_autofree char *more = count_format(told - NOTES_TOLD, "note");

		backup_note(capture->part.backup,
			    "collectors have %s more: odrbackup show latest --part config", more);
	}
}

static bool config_capture(BackupPart *part, GError **error)
{
	struct config_capture *capture = (struct config_capture *)part;
	const struct backup *backup = part->backup;
	struct pack_sink_settings settings;

	part->started = clock_now();
	capture->lock_until = retention_lock_until(part->started, backup->request->backup_every,
						   backup->request->retain);
	capture->generation = generation_id_new(capture->lock_until);
	settings = backup_sink_settings(backup, capture->generation, capture->lock_until);
	capture->sink = pack_sink_new(&settings);

	g_autoptr(PackWriter) packs = pack_writer_new(capture->sink);
	g_autoptr(ConfigPack) pack = config_pack_new(packs, settings.digest_seed);

	if (!collect(capture, pack, error))
		return odr_context(error, "cannot collect the configuration");
	if (!fault_point("step", "configuration collected", error) ||
	    !store(capture, packs, pack, error))
		return odr_context(error, "cannot store the configuration");
	tell_reports(capture);
	part->stopped = clock_now();
	return true;
}

/* As the index has it, for those who do not read packs. */
static json_t *facts_of(const CollectIndex *index)
{
	json_t *facts = json_object();
	json_t *collectors = json_array();

	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "name", report->name);
		json_set_string(object, "state", collect_state_name(report->state));
		json_set_bool(object, "required", report->required);
		json_set_string(object, "reason", report->reason);
		json_set_int(object, "notes", report->notes->len);
		json_array_append_new(collectors, object);
	}
	json_set(facts, "collectors", collectors);
	json_set_int(facts, "items", index->items->len);
	return facts;
}

static bool config_describe(BackupPart *part, Manifest *manifest, GError **error)
{
	struct config_capture *capture = (struct config_capture *)part;
	struct set_part *described = backup_part_describe(part, manifest, "full",
							  capture->generation, capture->lock_until);

	(void)error;
	described->files = capture->files;
	described->bytes = capture->bytes;
	described->stored = pack_sink_stored(capture->sink) + capture->layer.root_size;
	g_array_append_val(described->layers, capture->layer);
	json_set(manifest->facts, PART_CONFIG, facts_of(capture->index));
	return true;
}

static bool config_published(BackupPart *part, const Manifest *manifest, GError **error)
{
	const struct config_capture *capture = (struct config_capture *)part;
	const struct backup_request *request = part->backup->request;

	return config_drift_captured(request->state,
				     &(struct config_captured){manifest->set_id, capture->index,
							       request->bundle->digest_secret},
				     error);
}

static void config_free(BackupPart *part)
{
	struct config_capture *capture = (struct config_capture *)part;

	g_clear_pointer(&capture->sink, pack_sink_free);
	g_clear_pointer(&capture->index, collect_index_free);
	g_free(capture->generation);
	g_free(capture);
}

static const struct backup_part_class config_class = {
	.name = PART_CONFIG,
	.capture = config_capture,
	.describe = config_describe,
	.published = config_published,
	.free = config_free,
};

BackupPart *backup_config_new(const struct backup_config *settings)
{
	struct config_capture *capture = g_new0(struct config_capture, 1);

	capture->part.class = &config_class;
	capture->settings = settings;
	return &capture->part;
}
