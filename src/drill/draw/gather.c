#include "drill/draw/gather.h"

#include "base/error.h"

#include <string.h>

#define WHAT "holdings.json"
#define REPLAY_RATE \
 16 /* bytes a microsecond: one that stands for all, what matters is which replay is the longest */
/* More than any repository has, and few enough to be looked at. */
#define SETS_MAX    100000
#define ANCHORS_MAX POPULATION_PIECES_MAX
#define TIME_MAX    (253402300800 * USEC_PER_SEC) /* the year 10000 */
#define SPAN_MAX    (40000 * USEC_PER_DAY)	  /* of all intervals together */

struct held {
	const char *repository, *set, *system;
	uint32_t timeline;
	lsn_t start;
	bool opened;
	struct population_knot stop, end; /* end.time 0: there is none */
};
struct gathering {
	usec_t now, window, margin;
	bool only_anchors;
	GTimeZone *zone;
	GArray *sets; /* struct held */
	json_t *anchors;
	usec_t span;
	DrawInputs *inputs;
	GPtrArray *population;
	uint64_t longest_wal;
};

/* ---- reading ------------------------------------------------------------------------------------- */

static bool damaged(const char *name, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": member '%s' is out of range", name);
}

static bool take_time(json_t *object, const char *name, usec_t *time, GError **error)
{
	if (!json_int_member(object, WHAT, name, time, error))
		return false;
	return (*time >= 0 && *time < TIME_MAX) || damaged(name, error);
}

static bool take_lsn(json_t *object, const char *name, lsn_t *lsn, GError **error)
{
	const char *text;

	return json_string_member(object, WHAT, name, &text, error) && lsn_parse(text, lsn, error);
}

static bool take_timeline(json_t *object, uint32_t *timeline, GError **error)
{
	int64_t value;

	if (!json_int_member(object, WHAT, "timeline", &value, error))
		return false;
	if (value < 1 || value > G_MAXUINT32)
		return damaged("timeline", error);
	*timeline = (uint32_t)value;
	return true;
}

static bool take_set(struct gathering *gathering, json_t *object, GError **error)
{
	struct held held = {0};

	if (!json_string_member(object, WHAT, "repository", &held.repository, error) ||
	    !json_string_member(object, WHAT, "set", &held.set, error) ||
	    !json_string_member(object, WHAT, "system_identifier", &held.system, error) ||
	    !take_timeline(object, &held.timeline, error) ||
	    !take_lsn(object, "start", &held.start, error) ||
	    !take_lsn(object, "stop", &held.stop.lsn, error) ||
	    !take_time(object, "stopped_us", &held.stop.time, error) ||
	    !json_bool_member(object, WHAT, "opened", &held.opened, error) ||
	    !json_int_optional(object, WHAT, "end_us", &held.end.time, error) ||
	    !take_lsn(object, "end", &held.end.lsn, error))
		return false;
	if (held.start > held.stop.lsn)
		return damaged("stop", error);
	if (held.end.time < 0 || held.end.time >= TIME_MAX)
		return damaged("end_us", error);
	g_array_append_val(gathering->sets, held);
	return true;
}

static bool take_frame(struct gathering *gathering, json_t *holdings, GError **error)
{
	const char *type, *format, *zone;

	if (!json_string_member(holdings, WHAT, "type", &type, error) ||
	    !json_string_member(holdings, WHAT, "format", &format, error) ||
	    !take_time(holdings, "now_us", &gathering->now, error) ||
	    !take_time(holdings, "window_us", &gathering->window, error) ||
	    !take_time(holdings, "margin_us", &gathering->margin, error) ||
	    !json_bool_member(holdings, WHAT, "only_anchors", &gathering->only_anchors, error) ||
	    !json_string_member(holdings, WHAT, "zone", &zone, error))
		return false;
	if (strcmp(type, DRAW_HOLDINGS_TYPE) != 0)
		return damaged("type", error);
	if (!g_str_has_prefix(format, "1."))
		return odr_fail(error, ODR_ERROR_REFUSED,
				WHAT " is of format %s, this program reads 1.x", format);
	gathering->zone = g_time_zone_new_identifier(zone);
	return gathering->zone ||
	       odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": there is no time zone '%s' here", zone);
}

static bool take_holdings(struct gathering *gathering, json_t *holdings, GError **error)
{
	json_t *sets;

	if (!take_frame(gathering, holdings, error) ||
	    !json_array_member(holdings, WHAT, "sets", &sets, error) ||
	    !json_array_member(holdings, WHAT, "anchors", &gathering->anchors, error))
		return false;
	if (json_array_size(sets) > SETS_MAX)
		return damaged("sets", error);
	if (json_array_size(gathering->anchors) > ANCHORS_MAX)
		return damaged("anchors", error);
	for (size_t i = 0; i < json_array_size(sets); i++)
		if (!take_set(gathering, json_array_get(sets, i), error))
			return false;
	return true;
}

/* ---- what one set leads to ------------------------------------------------------------------------ */

static const struct held *held_at(const struct gathering *gathering, guint number)
{
	return &g_array_index(gathering->sets, struct held, number);
}

/* What follows a set on its own timeline is reached from it up to the next one's end. */
static const struct held *next_of(const struct gathering *gathering, guint number)
{
	const struct held *held = held_at(gathering, number);

	for (guint i = number + 1; i < gathering->sets->len; i++) {
		const struct held *next = held_at(gathering, i);

		if (strcmp(next->repository, held->repository) == 0 &&
		    strcmp(next->system, held->system) == 0 && next->timeline == held->timeline)
			return next;
	}
	return NULL;
}

static void add_edge(struct gathering *gathering, const char *kind, const struct held *held,
		     usec_t time)
{
	draw_inputs_add_edge(gathering->inputs, &(struct draw_edge){.kind = kind,
								    .repository = held->repository,
								    .set = held->set,
								    .timeline = held->timeline,
								    .time = time});
}

/* From one knot to another, if WAL leads from the one to the other. */
static bool add_interval(struct gathering *gathering, const struct held *held,
			 const struct population_knot *from, const struct population_knot *to,
			 GError **error)
{
	g_autoptr(GArray) knots = g_array_new(FALSE, FALSE, sizeof(struct population_knot));

	if (to->lsn < from->lsn)
		return true;
	gathering->span += to->time - from->time;
	if (gathering->span > SPAN_MAX || gathering->population->len > POPULATION_PIECES_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				WHAT " holds more than can be drawn from");
	g_array_append_val(knots, *from);
	g_array_append_val(knots, *to);
	population_add_interval(
		gathering->population,
		&(struct population_interval){.repository = held->repository,
					      .set = held->set,
					      .timeline = held->timeline,
					      .base = held->start,
					      .knots = knots},
		&(struct population_cut){.now = gathering->now, .zone = gathering->zone});
	return true;
}

static bool add_set(struct gathering *gathering, guint number, GError **error)
{
	const struct held *held = held_at(gathering, number);
	const struct held *next = next_of(gathering, number);
	struct population_knot from = held->stop, to = held->end;

	if (to.time == 0 || !held->opened || held->stop.time < gathering->now - gathering->window)
		return true;
	from.time += gathering->margin;
	to.time -= gathering->margin;
	if (next && next->stop.time < to.time)
		to = (struct population_knot){.time = next->stop.time, .lsn = next->start};
	if (to.lsn > held->start)
		gathering->longest_wal = MAX(gathering->longest_wal, to.lsn - held->start);
	if (to.time <= from.time)
		return true;
	if (!gathering->only_anchors) {
		add_edge(gathering, "after-set", held, from.time);
		add_edge(gathering, next ? "before-set" : "segment-boundary", held, to.time - 1);
	}
	return add_interval(gathering, held, &from, &to, error);
}

/* ---- all of it ------------------------------------------------------------------------------------ */

static bool add_anchor(struct gathering *gathering, json_t *object, const char *repository,
		       GError **error)
{
	struct draw_edge edge = {.kind = "anchor"};

	if (!json_string_member(object, WHAT, "repository", &edge.repository, error) ||
	    !json_string_member(object, WHAT, "set", &edge.set, error) ||
	    !json_string_member(object, WHAT, "name", &edge.name, error) ||
	    !take_timeline(object, &edge.timeline, error) ||
	    !take_time(object, "time_us", &edge.time, error) ||
	    !take_lsn(object, "lsn", &edge.lsn, error))
		return false;
	if (strcmp(edge.repository, repository) == 0)
		draw_inputs_add_edge(gathering->inputs, &edge);
	return true;
}

static bool add_anchors(struct gathering *gathering, const char *repository, GError **error)
{
	for (size_t i = 0; i < json_array_size(gathering->anchors); i++)
		if (!add_anchor(gathering, json_array_get(gathering->anchors, i), repository,
				error))
			return false;
	return true;
}

/* Sets of a repository, and its anchors behind them. */
static bool add_repository(struct gathering *gathering, const char *repository, GError **error)
{
	for (guint i = 0; i < gathering->sets->len; i++)
		if (strcmp(held_at(gathering, i)->repository, repository) == 0 &&
		    !add_set(gathering, i, error))
			return false;
	return add_anchors(gathering, repository, error);
}

static bool add_repositories(struct gathering *gathering, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < gathering->sets->len; i++) {
		const char *repository = held_at(gathering, i)->repository;

		if (g_hash_table_add(seen, (char *)repository) &&
		    !add_repository(gathering, repository, error))
			return false;
	}
	return true;
}

static char *key_of(const char *repository, const char *set)
{
	return g_strdup_printf("%s\n%s", repository, set);
}

/* Of each piece how long replay to its end would take, from the start of its set. */
static void add_estimates(struct gathering *gathering)
{
	g_autoptr(GHashTable) sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < gathering->sets->len; i++) {
		const struct held *held = held_at(gathering, i);

		g_hash_table_insert(sets, key_of(held->repository, held->set), (gpointer)held);
	}
	for (guint i = 0; i < gathering->population->len; i++) {
		const struct population_piece *piece = gathering->population->pdata[i];
		g_autofree char *key = key_of(piece->repository, piece->set);
		const struct held *held = g_hash_table_lookup(sets, key);
		usec_t estimate = piece->to_lsn > held->start
					  ? (usec_t)((piece->to_lsn - held->start) / REPLAY_RATE)
					  : 0;

		g_array_append_val(gathering->inputs->estimates, estimate);
	}
}

static bool gather(struct gathering *gathering, const DrawHoldings *holdings,
		   struct draw_gathered *gathered, GError **error)
{
	if (!take_holdings(gathering, (json_t *)holdings, error) ||
	    !add_repositories(gathering, error))
		return false;
	gathered->text = population_print(gathering->population);
	add_estimates(gathering);
	gathered->population = g_ptr_array_ref(gathering->population);
	gathered->longest_wal = gathering->longest_wal;

	g_autofree char *digest =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, gathered->text, -1);

	g_strlcpy(gathering->inputs->population_sha256, digest,
		  sizeof(gathering->inputs->population_sha256));
	return true;
}

/* All that lead anywhere, before the window, too: whatever is drawn lies behind them. */
static bool add_sets(struct gathering *gathering, const DrawHoldings *holdings, GError **error)
{
	if (!take_holdings(gathering, (json_t *)holdings, error))
		return false;
	for (guint i = 0; i < gathering->sets->len; i++) {
		const struct held *held = held_at(gathering, i);
		struct draw_set set = {.repository = held->repository,
				       .set = held->set,
				       .timeline = held->timeline,
				       .from = held->stop,
				       .end = held->end};

		if (!g_ascii_string_to_unsigned(held->system, 10, 0, G_MAXUINT64,
						&set.system_identifier, NULL))
			return damaged("system_identifier", error);
		set.from.time += gathering->margin;
		if (held->opened && held->end.time > 0)
			draw_inputs_add_set(gathering->inputs, &set);
	}
	return true;
}

static void gathering_clear(struct gathering *gathering)
{
	g_clear_pointer(&gathering->zone, g_time_zone_unref);
}

bool draw_gather(const DrawHoldings *holdings, DrawInputs *inputs, struct draw_gathered *gathered,
		 GError **error)
{
	g_autoptr(GPtrArray) population = population_new();
	g_autoptr(GArray) sets = g_array_new(FALSE, FALSE, sizeof(struct held));
	__attribute__((cleanup(gathering_clear))) struct gathering gathering = {
		.sets = sets, .inputs = inputs, .population = population};

	return gather(&gathering, holdings, gathered, error);
}

bool draw_gather_sets(const DrawHoldings *holdings, DrawInputs *inputs, GError **error)
{
	g_autoptr(GArray) sets = g_array_new(FALSE, FALSE, sizeof(struct held));
	__attribute__((cleanup(gathering_clear))) struct gathering gathering = {.sets = sets,
										.inputs = inputs};

	return add_sets(&gathering, holdings, error);
}

void draw_gathered_clear(struct draw_gathered *gathered)
{
	g_clear_pointer(&gathered->population, g_ptr_array_unref);
	g_clear_pointer(&gathered->text, g_free);
}
