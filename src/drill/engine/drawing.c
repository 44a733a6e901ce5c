/* What there is to draw from: the moments that the sets of each repository lead to, and their edges. */
#include "drill/engine/drawing.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

static void add_edge(struct drawing *drawing, const char *kind, const Manifest *set,
		     const char *repository, usec_t time)
{
	draw_inputs_add_edge(drawing->inputs, &(struct draw_edge){.kind = (char *)kind,
								  .repository = (char *)repository,
								  .set = set->set_id,
								  .timeline = set->wal->timeline,
								  .time = time});
}

/* From one knot to another, if that is any time at all. */
static void add_interval(struct drawing *drawing, const Manifest *set, const char *repository,
			 const struct population_knot *from, const struct population_knot *to)
{
	g_autoptr(GArray) knots = g_array_new(FALSE, FALSE, sizeof(struct population_knot));

	if (to->time <= from->time || to->lsn < from->lsn)
		return;
	g_array_append_val(knots, *from);
	g_array_append_val(knots, *to);
	population_add_interval(drawing->population,
				&(struct population_interval){.repository = repository,
							      .set = set->set_id,
							      .timeline = set->wal->timeline,
							      .base = set->wal->start,
							      .knots = knots},
				&drawing->cut);
}

/* Up to where PostgreSQL can stop: at the newest commit that can be reached from a set. False: at none. */
static bool end_of(struct drawing *drawing, Repo *repo, const struct restore_holdings *holdings,
		   const Manifest *set, struct population_knot *end)
{
	const struct restore_target latest = {.type = RECOVERY_DEFAULT, .set = set->set_id};
	const struct restore_source source = {.manifests = holdings->manifests,
					      .ranges = holdings->ranges,
					      .histories = holdings->histories};
	struct restore_plan plan = {0};

	if (!restore_plan(&source, &latest, &plan, NULL))
		return false;
	/* Of all sets that lead to the same end it is looked at once. */
	if (plan.wal_end != drawing->wal_end &&
	    restore_plan_prove(&(struct restore_proof){.repo = repo,
						       .identity = drawing->drill->means.identity,
						       .source = &source,
						       .target = &latest},
			       &plan, NULL)) {
		drawing->wal_end = plan.wal_end;
		drawing->end = (struct population_knot){.time = plan.last_commit,
							.lsn = plan.last_commit_lsn};
	}
	*end = drawing->end;

	bool found = plan.wal_end == drawing->wal_end && end->time > 0;

	restore_plan_clear(&plan);
	return found;
}

/* What follows a set on its own timeline is reached from it up to the next one's end. */
static const Manifest *next_of(const GPtrArray *manifests, guint number)
{
	const Manifest *set = manifests->pdata[number];

	for (guint i = number + 1; i < manifests->len; i++) {
		const Manifest *next = manifests->pdata[i];

		if (next->wal && next->system_identifier == set->system_identifier &&
		    next->wal->timeline == set->wal->timeline)
			return next;
	}
	return NULL;
}

/* Replay begins at a set's start, and takes the longest where that is farthest. */
static void note_wal(struct drawing *drawing, const Manifest *set, const char *repository,
		     lsn_t end)
{
	lsn_t *start = g_new(lsn_t, 1);

	*start = set->wal->start;
	g_hash_table_insert(drawing->starts, g_strdup_printf("%s\n%s", repository, set->set_id),
			    start);
	if (end > *start)
		drawing->drill->longest_wal = MAX(drawing->drill->longest_wal, end - *start);
}

/* Whoever makes the population again needs those that nothing is drawn from, too: they end the moments of others. */
static void hold(struct drawing *drawing, const char *repository, const Manifest *set,
		 const struct population_knot *end)
{
	g_autofree char *sha256 = hex_encode(set->sha256, SHA256_SIZE);

	draw_holdings_add_set(drawing->holdings,
			      &(struct draw_held_set){.repository = repository,
						      .set = set->set_id,
						      .manifest_sha256 = sha256,
						      .system_identifier = set->system_identifier,
						      .timeline = set->wal->timeline,
						      .start = set->wal->start,
						      .stop = set->wal->stop,
						      .stopped = set->stopped,
						      .opened = set->has_sealed,
						      .end = *end});
}

/* One to start from, whatever is drawn in it. */
static void offer(struct drawing *drawing, const char *repository, const Manifest *set,
		  const struct population_knot *end)
{
	draw_inputs_add_set(
		drawing->inputs,
		&(struct draw_set){.repository = repository,
				   .set = set->set_id,
				   .system_identifier = set->system_identifier,
				   .timeline = set->wal->timeline,
				   .from = {set->stopped + drawing->drill->plan->select.margin,
					    set->wal->stop},
				   .end = *end});
}

static void add_set(struct drawing *drawing, Repo *repo, const struct restore_holdings *holdings,
		    guint number)
{
	Drill *drill = drawing->drill;
	const char *repository = store_name(repo->store);
	const Manifest *set = holdings->manifests->pdata[number];
	const Manifest *next = set->wal ? next_of(holdings->manifests, number) : NULL;
	usec_t margin = drill->plan->select.margin;
	struct population_knot from, to = {0};
	bool is_in_window = set->stopped >= drill->t_loss - drill->plan->select.window;

	if (!set->wal)
		return;
	if (set->has_sealed && (is_in_window || drawing->any_set) &&
	    !end_of(drawing, repo, holdings, set, &to))
		to = (struct population_knot){0};
	hold(drawing, repository, set, &to);
	if (to.time > 0 && drawing->any_set)
		offer(drawing, repository, set, &to);
	if (to.time == 0 || !is_in_window)
		return;
	from = (struct population_knot){.time = set->stopped + margin, .lsn = set->wal->stop};
	to.time -= margin;
	if (next && next->stopped < to.time)
		to = (struct population_knot){.time = next->stopped, .lsn = next->wal->start};
	add_interval(drawing, set, repository, &from, &to);
	note_wal(drawing, set, repository, to.lsn);
	if (to.time > from.time && !drawing->only_anchors) {
		add_edge(drawing, "after-set", set, repository, from.time);
		add_edge(drawing, next ? "before-set" : "segment-boundary", set, repository,
			 to.time - 1);
	}
}

/* The newest set that leads to a restore point, as far as WAL is there. */
static const Manifest *set_before(struct drawing *drawing, Repo *repo,
				  const struct restore_holdings *holdings, const struct mark *mark)
{
	for (guint i = holdings->manifests->len; i-- > 0;) {
		const Manifest *set = holdings->manifests->pdata[i];
		struct population_knot end;

		if (set->wal && set->has_sealed && set->wal->stop <= mark->lsn &&
		    set->wal->timeline == mark->timeline &&
		    set->system_identifier == mark->system_identifier)
			return end_of(drawing, repo, holdings, set, &end) &&
					       mark->lsn <= drawing->wal_end
				       ? set
				       : NULL;
	}
	return NULL;
}

/* The mark of an anchor says where it is. False: it is too old to be drawn. */
static bool add_anchor(struct drawing *drawing, Repo *repo, const struct restore_holdings *holdings,
		       const char *id, bool *added)
{
	Drill *drill = drawing->drill;
	g_autoptr(Mark) mark = NULL;
	g_autoptr(GError) cause = NULL;
	const Manifest *set;

	if (set_id_time(id) < drill->t_loss - drill->plan->select.window)
		return false;
	if (!mark_load(repo, drill->means.identity, id, &mark, &cause)) {
		drill_deviate(drill, "%s", cause->message);
		return true;
	}
	set = mark->timeline ? set_before(drawing, repo, holdings, mark) : NULL;
	if (!set)
		return true;

	struct draw_edge edge = {.kind = "anchor",
				 .repository = store_name(repo->store),
				 .set = set->set_id,
				 .timeline = mark->timeline,
				 .time = mark->made,
				 .lsn = mark->lsn,
				 .name = mark->name};

	draw_inputs_add_edge(drawing->inputs, &edge);
	draw_holdings_add_anchor(drawing->holdings, &edge);
	*added = true;
	return true;
}

/* The newest one that can be reached; all of them where nothing else is drawn from. */
static bool add_anchors(struct drawing *drawing, Repo *repo,
			const struct restore_holdings *holdings, GError **error)
{
	g_autoptr(GPtrArray) ids = NULL;
	bool added = false;

	if (!anchor_list(repo, &ids, error))
		return false;
	for (guint i = ids->len; i-- > 0 && (drawing->only_anchors || !added);)
		if (!add_anchor(drawing, repo, holdings, ids->pdata[i], &added))
			break;
	return true;
}

static bool gather_from(struct drawing *drawing, Repo *repo, GError **error)
{
	struct restore_holdings holdings = {0};

	if (!restore_holdings_read(repo, drawing->drill->means.identity, &holdings, error))
		return false;
	drawing->wal_end = 0;
	for (guint i = 0; i < holdings.manifests->len; i++)
		add_set(drawing, repo, &holdings, i);

	bool done = add_anchors(drawing, repo, &holdings, error);

	restore_holdings_clear(&holdings);
	return done;
}

static bool fail_to_draw(const Drill *drill, GError **error)
{
	g_autofree char *window = duration_format(drill->plan->select.window);
	g_autofree char *margin = duration_format(drill->plan->select.margin);

	return odr_fail(
		error, ODR_ERROR_NOT_FOUND,
		"no moment of the last %s can be drawn: behind no set do the archived "
		"transactions reach further than twice the plan's margin of %s; wait for more, "
		"or choose a moment with --target",
		window, margin);
}

bool drawing_gather(struct drawing *drawing, GError **error)
{
	Drill *drill = drawing->drill;

	for (guint i = 0; i < drill->means.repos->len; i++) {
		Repo *repo = drill->means.repos->pdata[i];
		const char *only = drill->plan->select.repository;
		struct draw_repository *repository;

		if (only && strcmp(store_name(repo->store), only) != 0)
			continue;
		if (!gather_from(drawing, repo, error))
			return odr_context(error, "repository %s", store_name(repo->store));
		repository = g_new0(struct draw_repository, 1);
		repository->name = g_strdup(store_name(repo->store));
		g_ptr_array_add(drawing->inputs->repositories, repository);
	}
	return drawing->population->len > 0 || fail_to_draw(drill, error);
}
