#include "drill/draw/draw.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

#include <string.h>

#define TYPE   "odrbackup-draw"
#define FORMAT "1.0"
#define WHAT   "draw.json"

/* Printing. */

static json_t *print_mix(const DrawInputs *inputs)
{
	json_t *list = json_array();

	for (guint i = 0; i < inputs->mix->len; i++) {
		const struct draw_weight *weight =
			&g_array_index(inputs->mix, struct draw_weight, i);
		json_t *entry = json_object();

		json_set_string(entry, "method", draw_method_name(weight->method));
		json_set_int(entry, "weight", weight->weight);
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *print_repositories(const DrawInputs *inputs)
{
	json_t *list = json_array();

	for (guint i = 0; i < inputs->repositories->len; i++) {
		const struct draw_repository *repository = inputs->repositories->pdata[i];
		json_t *entry = json_object();

		json_set_string(entry, "name", repository->name);
		json_set_int(entry, "drilled", (int64_t)repository->drilled);
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *print_strata(const DrawInputs *inputs)
{
	json_t *list = json_array();

	for (guint i = 0; i < inputs->strata->len; i++) {
		const struct draw_stratum *stratum = inputs->strata->pdata[i];
		json_t *entry = json_object();

		json_set_string(entry, "name", stratum->name);
		json_set_int(entry, "slots", (int64_t)stratum->slots);
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *print_estimates(const DrawInputs *inputs)
{
	json_t *list = json_array();

	for (guint i = 0; i < inputs->estimates->len; i++)
		json_array_append_new(list,
				      json_integer(g_array_index(inputs->estimates, usec_t, i)));
	return list;
}

static json_t *print_edges(const DrawInputs *inputs)
{
	json_t *list = json_array();

	for (guint i = 0; i < inputs->edges->len; i++) {
		const struct draw_edge *edge = inputs->edges->pdata[i];
		json_t *entry = json_object();
		g_autofree char *lsn = lsn_print(edge->lsn);

		json_set_string(entry, "kind", edge->kind);
		json_set_string(entry, "repository", edge->repository);
		json_set_string(entry, "set", edge->set);
		json_set_int(entry, "timeline", edge->timeline);
		json_set_int(entry, "time_us", edge->time);
		json_set_string(entry, "lsn", lsn);
		json_set_string(entry, "name", edge->name);
		json_array_append_new(list, entry);
	}
	return list;
}

static void print_knot(json_t *entry, const char *time, const char *lsn,
		       const struct population_knot *knot)
{
	g_autofree char *text = lsn_print(knot->lsn);

	json_set_int(entry, time, knot->time);
	json_set_string(entry, lsn, text);
}

static json_t *print_sets(const DrawInputs *inputs)
{
	json_t *list = json_array();

	for (guint i = 0; i < inputs->sets->len; i++) {
		const struct draw_set *set = inputs->sets->pdata[i];
		g_autofree char *system =
			g_strdup_printf("%" G_GUINT64_FORMAT, set->system_identifier);
		json_t *entry = json_object();

		json_set_string(entry, "repository", set->repository);
		json_set_string(entry, "set", set->set);
		json_set_string(entry, "system_identifier", system);
		json_set_int(entry, "timeline", set->timeline);
		print_knot(entry, "from_us", "from", &set->from);
		print_knot(entry, "end_us", "end", &set->end);
		json_array_append_new(list, entry);
	}
	return list;
}

char *draw_inputs_print(const DrawInputs *inputs)
{
	g_autoptr(JsonValue) document = json_object();
	uint8_t seed[SHA256_SIZE];

	draw_seed(inputs, seed);
	g_autofree char *seed_hex = hex_encode(seed, sizeof(seed));

	json_set_string(document, "type", TYPE);
	json_set_string(document, "format", FORMAT);
	json_set_string(document, "checkpoint", inputs->checkpoint);
	json_set_string(document, "plan_hash", inputs->plan_hash);
	json_set_string(document, "slot", inputs->slot);
	json_set_string(document, "zone", inputs->zone);
	json_set_int(document, "slot_began_us", inputs->slot_began);
	json_set_string(document, "nonce", inputs->nonce);
	json_set_string(document, "seed", seed_hex);
	json_set_string(document, "population_sha256", inputs->population_sha256);
	json_set_int(document, "history_seq", (int64_t)inputs->history_seq);
	json_set_int(document, "slots", (int64_t)inputs->slots);
	json_set(document, "mix", print_mix(inputs));
	json_set(document, "repositories", print_repositories(inputs));
	json_set(document, "strata", print_strata(inputs));
	json_set(document, "estimates", print_estimates(inputs));
	json_set(document, "edges", print_edges(inputs));
	if (inputs->sets->len > 0)
		json_set(document, "sets", print_sets(inputs));

	g_autofree char *text = json_print(document);

	return g_strconcat(text, "\n", NULL);
}

/* "time:2026-11-21T14:30:00Z", "lsn:1/5000028", "name:before-upgrade". */
static char *point_target(const struct draw_point *point)
{
	g_autofree char *time = clock_format(point->time);
	g_autofree char *lsn = lsn_print(point->lsn);

	if (point->name)
		return g_strconcat("name:", point->name, NULL);
	if (point->effective == DRAW_WAL)
		return g_strconcat("lsn:", lsn, NULL);
	return g_strconcat("time:", time, NULL);
}

json_t *draw_record(const DrawInputs *inputs, const struct draw_point *point,
		    const char *inputs_sha256)
{
	json_t *draw = json_object();
	g_autofree char *target = point_target(point);
	uint8_t seed[SHA256_SIZE];

	draw_seed(inputs, seed);
	g_autofree char *seed_hex = hex_encode(seed, sizeof(seed));

	json_set_string(draw, "checkpoint", inputs->checkpoint);
	json_set_string(draw, "plan_hash", inputs->plan_hash);
	json_set_string(draw, "slot", inputs->slot);
	json_set_string(draw, "nonce", inputs->nonce);
	json_set_string(draw, "seed", seed_hex);
	json_set_string(draw, "population_sha256", inputs->population_sha256);
	json_set_string(draw, "inputs_sha256", inputs_sha256);
	json_set_string(draw, "method", draw_method_name(point->method));
	json_set_string(draw, "effective", draw_method_name(point->effective));
	json_set_string(draw, "repository", point->repository);
	json_set_string(draw, "set", point->set);
	if (point->among > 0) {
		json_set_int(draw, "set_among", point->among);
		json_set_string(draw, "nearest_set", point->nearest);
	}
	json_set_int(draw, "timeline", point->timeline);
	json_set_string(draw, "stratum", point->stratum);
	json_set_string(draw, "edge", point->edge);
	json_set_string(draw, "drawn", target);
	return draw;
}

/* Parsing. */

static bool damaged(const char *name, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": member '%s' is out of range", name);
}

static bool take_digest(json_t *object, const char *name, char digest[2 * SHA256_SIZE + 1],
			GError **error)
{
	const char *hex;

	if (!json_string_member(object, WHAT, name, &hex, error))
		return false;
	if (strlen(hex) != 2 * SHA256_SIZE || !hex_is_digits(hex, 2 * SHA256_SIZE))
		return damaged(name, error);
	memcpy(digest, hex, 2 * SHA256_SIZE + 1);
	return true;
}

static bool take_count(json_t *object, const char *name, uint64_t maximum, uint64_t *count,
		       GError **error)
{
	int64_t value;

	if (!json_int_member(object, WHAT, name, &value, error))
		return false;
	if (value < 0 || (uint64_t)value > maximum)
		return damaged(name, error);
	*count = (uint64_t)value;
	return true;
}

static bool take_weight(json_t *entry, DrawInputs *inputs, GError **error)
{
	struct draw_weight weight;
	const char *method;
	uint64_t value = 0;

	if (!json_string_member(entry, WHAT, "method", &method, error) ||
	    !take_count(entry, "weight", G_MAXUINT32, &value, error))
		return false;
	if (!draw_method_parse(method, &weight.method))
		return damaged("method", error);
	weight.weight = (uint32_t)value;
	g_array_append_val(inputs->mix, weight);
	return true;
}

static bool take_repository(json_t *entry, DrawInputs *inputs, GError **error)
{
	const char *name;
	uint64_t drilled = 0;

	if (!json_string_member(entry, WHAT, "name", &name, error) ||
	    !take_count(entry, "drilled", G_MAXINT64, &drilled, error))
		return false;
	draw_inputs_add_repository(inputs, name, drilled);
	return true;
}

/* Few enough that sums of weights stay below 2^48. */
#define SLOTS_MAX ((uint64_t)1 << 27)

static bool take_stratum(json_t *entry, DrawInputs *inputs, GError **error)
{
	const char *name;
	uint64_t slots = 0;

	if (!json_string_member(entry, WHAT, "name", &name, error) ||
	    !take_count(entry, "slots", SLOTS_MAX, &slots, error))
		return false;
	draw_inputs_add_stratum(inputs, name, slots);
	return true;
}

static bool take_estimate(json_t *entry, DrawInputs *inputs, GError **error)
{
	usec_t estimate = json_integer_value(entry);

	if (!json_is_integer(entry) || estimate < 0)
		return damaged("estimates", error);
	g_array_append_val(inputs->estimates, estimate);
	return true;
}

static bool take_edge(json_t *entry, DrawInputs *inputs, GError **error)
{
	struct draw_edge edge = {0};
	const char *lsn;
	uint64_t timeline = 0, time = 0;

	if (!json_string_member(entry, WHAT, "kind", &edge.kind, error) ||
	    !json_string_member(entry, WHAT, "repository", &edge.repository, error) ||
	    !json_string_member(entry, WHAT, "set", &edge.set, error) ||
	    !json_string_member(entry, WHAT, "lsn", &lsn, error) ||
	    !json_string_optional(entry, WHAT, "name", &edge.name, error) ||
	    !take_count(entry, "timeline", G_MAXUINT32, &timeline, error) ||
	    !take_count(entry, "time_us", G_MAXINT64, &time, error) ||
	    !lsn_parse(lsn, &edge.lsn, error))
		return false;
	edge.timeline = (uint32_t)timeline;
	edge.time = (usec_t)time;
	draw_inputs_add_edge(inputs, &edge);
	return true;
}

static bool take_knot(json_t *entry, const char *time, const char *lsn,
		      struct population_knot *knot, GError **error)
{
	const char *text;
	uint64_t value = 0;

	if (!take_count(entry, time, G_MAXINT64, &value, error) ||
	    !json_string_member(entry, WHAT, lsn, &text, error) ||
	    !lsn_parse(text, &knot->lsn, error))
		return false;
	knot->time = (usec_t)value;
	return true;
}

static bool take_set(json_t *entry, DrawInputs *inputs, GError **error)
{
	struct draw_set set = {0};
	const char *system;
	uint64_t timeline = 0;

	if (!json_string_member(entry, WHAT, "repository", &set.repository, error) ||
	    !json_string_member(entry, WHAT, "set", &set.set, error) ||
	    !json_string_member(entry, WHAT, "system_identifier", &system, error) ||
	    !take_count(entry, "timeline", G_MAXUINT32, &timeline, error) ||
	    !take_knot(entry, "from_us", "from", &set.from, error) ||
	    !take_knot(entry, "end_us", "end", &set.end, error))
		return false;
	if (!g_ascii_string_to_unsigned(system, 10, 0, G_MAXUINT64, &set.system_identifier, NULL))
		return damaged("system_identifier", error);
	set.timeline = (uint32_t)timeline;
	draw_inputs_add_set(inputs, &set);
	return true;
}

/* What may stand in a list, and how often: more than real ones have, and no more than can be drawn from. */
static const struct list {
	const char *name;
	size_t limit;
	bool (*take)(json_t *entry, DrawInputs *inputs, GError **error);
	bool may_lack;
} lists[] = {
	{"mix", 100, take_weight},
	{"repositories", 100, take_repository},
	{"strata", 10000, take_stratum},
	{"estimates", POPULATION_PIECES_MAX, take_estimate},
	{"edges", POPULATION_PIECES_MAX, take_edge},
	{"sets", POPULATION_PIECES_MAX, take_set, .may_lack = true},
};

static bool take_list(json_t *document, const struct list *what, DrawInputs *inputs, GError **error)
{
	json_t *list;

	if (what->may_lack && !json_object_get(document, what->name))
		return true;
	if (!json_array_member(document, WHAT, what->name, &list, error))
		return false;
	if (json_array_size(list) > what->limit)
		return damaged(what->name, error);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!what->take(json_array_get(list, i), inputs, error))
			return false;
	return true;
}

static bool take_lists(json_t *document, DrawInputs *inputs, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
		if (!take_list(document, &lists[i], inputs, error))
			return false;
	return true;
}

/* A line of the seed's text: it must not hold the end of one. */
static bool take_line(json_t *document, const char *name, char **line, GError **error)
{
	const char *text;

	if (!json_string_member(document, WHAT, name, &text, error))
		return false;
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < ' ')
			return damaged(name, error);
	*line = g_strdup(text);
	return true;
}

static bool check_format(json_t *document, GError **error)
{
	const char *type, *format;

	if (!json_string_member(document, WHAT, "type", &type, error) ||
	    !json_string_member(document, WHAT, "format", &format, error))
		return false;
	if (strcmp(type, TYPE) != 0)
		return damaged("type", error);
	return g_str_has_prefix(format, "1.") ||
	       odr_fail(error, ODR_ERROR_REFUSED,
			WHAT " is of format %s, this program reads " FORMAT, format);
}

static bool take_seed(json_t *document, const DrawInputs *inputs, GError **error)
{
	char given[2 * SHA256_SIZE + 1];
	uint8_t seed[SHA256_SIZE], found[SHA256_SIZE];

	if (!take_digest(document, "seed", given, error))
		return false;
	draw_seed(inputs, seed);
	return (hex_decode(given, found, sizeof(found)) &&
		memcmp(seed, found, sizeof(seed)) == 0) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": its seed is not that of its inputs");
}

/* Where the zone is known here, its days are. */
static bool take_beginning(json_t *document, DrawInputs *inputs, GError **error)
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(inputs->zone);
	usec_t began = inputs->slot_began;

	if (!json_int_member(document, WHAT, "slot_began_us", &inputs->slot_began, error))
		return false;
	if (!zone)
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": there is no time zone '%s' here",
				inputs->zone);
	if (!draw_slot_began(inputs->slot, zone, &began, error))
		return false;
	return began == inputs->slot_began ||
	       odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": slot %s did not begin then",
			inputs->slot);
}

bool draw_inputs_parse(const char *text, size_t size, DrawInputs **inputs, GError **error)
{
	g_autoptr(JsonValue) document = NULL;
	g_autoptr(DrawInputs) found = draw_inputs_new();

	if (!json_parse(text, size, WHAT, &document, error) || !check_format(document, error) ||
	    !take_digest(document, "checkpoint", found->checkpoint, error) ||
	    !take_digest(document, "plan_hash", found->plan_hash, error) ||
	    !take_digest(document, "population_sha256", found->population_sha256, error) ||
	    !take_line(document, "slot", &found->slot, error) ||
	    !take_line(document, "nonce", &found->nonce, error) ||
	    !take_line(document, "zone", &found->zone, error) ||
	    !take_count(document, "history_seq", G_MAXINT64, &found->history_seq, error) ||
	    !take_count(document, "slots", SLOTS_MAX, &found->slots, error) ||
	    !take_lists(document, found, error) || !take_seed(document, found, error) ||
	    !take_beginning(document, found, error))
		return false;
	*inputs = g_steal_pointer(&found);
	return true;
}
