/* Of a drill's record: under what conditions its figures hold, and what the worst case would be under them. */
#include "base/bytes.h"
#include "crypto/digest.h"
#include "drill/engine/host.h"
#include "drill/engine/record.h"
#include "drill/measure/estimate.h"
#include "drill/report/reading.h"

#include <string.h>

#define REGIME_DIGITS 12

/* Without the last part of the version: patches change no figures. */
static char *minor_version(void)
{
	const char *point = strchr(PACKAGE_VERSION, '.');
	size_t size = point ? (size_t)(point + 1 - PACKAGE_VERSION) + strcspn(point + 1, ".") : 0;

	return size ? g_strndup(PACKAGE_VERSION, size) : g_strdup(PACKAGE_VERSION);
}

char *drill_record_regime(const Drill *drill)
{
	const Manifest *manifest = drill->planned ? drill->restore.manifest : NULL;
	json_t *facts = host_facts(drill->plan->sandbox.directory);
	g_autofree char *version = minor_version();
	g_autofree char *class = host_class(facts);
	uint8_t digest[SHA256_SIZE];

	json_decref(facts);
	if (!manifest || !drill->repo)
		return NULL;

	/* Keys are rotated: sets of another writer's key are of another generation. */
	g_autofree char *keys = hex_encode(manifest->writer.public_key, KEY_SIZE);

	g_autofree char *text = g_strdup_printf("%s\n%d\n%s\n%s\n%s\n%s\n", version,
						manifest->pg_version_num / 10000, drill->plan->hash,
						class, store_name(drill->repo->store), keys);

	sha256(text, strlen(text), digest);

	g_autofree char *hex = hex_encode(digest, SHA256_SIZE);

	return g_strndup(hex, REGIME_DIGITS);
}

/* ---- this drill as a sample ---------------------------------------------------------------------- */

/* From the first to the last of the spans of some phases. */
static usec_t took(const Drill *drill, enum drill_phase first, enum drill_phase last)
{
	usec_t from = 0, to = 0;

	for (guint i = 0; i < drill->spans->len; i++) {
		const struct drill_span *span = &g_array_index(drill->spans, struct drill_span, i);

		if (span->phase < first || span->phase > last || span->to == 0)
			continue;
		from = from == 0 ? span->from : MIN(from, span->from);
		to = MAX(to, span->to);
	}
	return to - from;
}

static struct estimate_sample sample_of(const Drill *drill, const struct drill_measured *measured)
{
	const Manifest *manifest = drill->restore.manifest;
	lsn_t base = manifest->wal ? manifest->wal->start : 0;

	return (struct estimate_sample){
		.sizes = {.base = drill->restored.bytes,
			  .files = drill->files.result.bytes,
			  .wal = base && drill->arrival.lsn > base ? drill->arrival.lsn - base : 0},
		.base = took(drill, PHASE_FETCH, PHASE_BASE),
		.files = took(drill, PHASE_FILESTORE, PHASE_FILESTORE),
		.replay = took(drill, PHASE_REPLAY, PHASE_REPLAY),
		.ready = measured->figures.service_ready};
}

static json_t *sample_json(const struct estimate_sample *sample)
{
	json_t *object = json_object();

	json_set_int(object, "base_bytes", (int64_t)sample->sizes.base);
	json_set_int(object, "files_bytes", (int64_t)sample->sizes.files);
	json_set_int(object, "wal_bytes", (int64_t)sample->sizes.wal);
	json_set_int(object, "base_us", sample->base);
	json_set_int(object, "files_us", sample->files);
	json_set_int(object, "replay_us", sample->replay);
	json_set_int(object, "ready_us", sample->ready);
	return object;
}

/* ---- those before -------------------------------------------------------------------------------- */

static bool read_sample(const Reading *reading, struct estimate_sample *sample)
{
	const json_t *found = reading_at(reading->record, "worst_case.sample");

	*sample = (struct estimate_sample){
		.sizes = {.base = (uint64_t)MAX(reading_int(found, "base_bytes"), 0),
			  .files = (uint64_t)MAX(reading_int(found, "files_bytes"), 0),
			  .wal = (uint64_t)MAX(reading_int(found, "wal_bytes"), 0)},
		.base = MAX(reading_int(found, "base_us"), 0),
		.files = MAX(reading_int(found, "files_us"), 0),
		.replay = MAX(reading_int(found, "replay_us"), 0),
		.ready = reading_int(found, "ready_us")};
	return found && sample->ready > 0;
}

/* Of the same regime, that passed. */
static void add_earlier(const Drill *drill, const char *regime, GArray *samples)
{
	g_autoptr(GPtrArray) readings = NULL, troubles = g_ptr_array_new_with_free_func(g_free);
	struct estimate_sample sample;

	if (!reading_load_all(drill->request->state, &readings, troubles, NULL))
		return;
	for (guint i = 0; i < readings->len; i++) {
		const Reading *reading = readings->pdata[i];

		if (reading_passed(reading) &&
		    g_strcmp0(reading_text(reading->record, "regime"), regime) == 0 &&
		    read_sample(reading, &sample))
			g_array_append_val(samples, sample);
	}
}

/* ---- the worst case ------------------------------------------------------------------------------ */

static const char *label_name(enum estimate_label label)
{
	static const char *const names[] = {
		[ESTIMATE_NONE] = NULL,
		[ESTIMATE_MEASURED] = "measured",
		[ESTIMATE_INTERPOLATED] = "interpolated",
		[ESTIMATE_EXTRAPOLATED] = "extrapolated",
	};

	return names[label];
}

json_t *drill_record_worst(const Drill *drill, const struct drill_measured *measured,
			   const char *regime)
{
	g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(struct estimate_sample));
	usec_t assumed = measured->with_assumptions - measured->figures.service_ready;
	json_t *section;

	/* A drill that did not arrive, or restored nothing, says nothing of how long it would have taken. */
	if (!regime || drill->plan->kind == PLAN_VERIFY || measured->figures.service_ready < 0 ||
	    drill->failure)
		return json_null();

	struct estimate_sample own = sample_of(drill, measured);
	struct estimate_sizes sizes = own.sizes;

	g_array_append_val(samples, own);
	add_earlier(drill, regime, samples);
	sizes.wal = MAX(sizes.wal, drill->longest_wal);

	struct estimate estimate = estimate_worst(
		(const struct estimate_sample *)(void *)samples->data, samples->len, &sizes);

	section = json_object();
	json_set_int(section, "estimate_us", estimate.time + assumed);
	json_set_string(section, "label", label_name(estimate.label));
	json_set(section, "factor", json_real(estimate.factor));
	json_set_int(section, "drills", samples->len);
	json_set_int(section, "wal_bytes", (int64_t)sizes.wal);
	json_set(section, "sample", sample_json(&own));
	return section;
}
