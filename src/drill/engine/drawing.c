/* What there is to draw from: what each repository holds. All else follows from that (drill/draw/gather.h). */
#include "drill/engine/drawing.h"

#include "base/bytes.h"
#include "base/error.h"

#include <string.h>

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

static void hold_set(struct drawing *drawing, Repo *repo, const struct restore_holdings *holdings,
		     const Manifest *set)
{
	Drill *drill = drawing->drill;
	struct population_knot end = {0};
	bool is_in_window = set->stopped >= drill->t_loss - drill->plan->select.window;

	if (!set->wal)
		return;
	if (set->has_sealed && (is_in_window || drawing->any_set) &&
	    !end_of(drawing, repo, holdings, set, &end))
		end = (struct population_knot){0};
	hold(drawing, store_name(repo->store), set, &end);
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

static bool hold_all_of(struct drawing *drawing, Repo *repo, GError **error)
{
	struct restore_holdings holdings = {0};

	if (!restore_holdings_read(repo, drawing->drill->means.identity, &holdings, error))
		return false;
	drawing->wal_end = 0;
	for (guint i = 0; i < holdings.manifests->len; i++)
		hold_set(drawing, repo, &holdings, holdings.manifests->pdata[i]);

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
		if (!hold_all_of(drawing, repo, error))
			return odr_context(error, "repository %s", store_name(repo->store));
		repository = g_new0(struct draw_repository, 1);
		repository->name = g_strdup(store_name(repo->store));
		g_ptr_array_add(drawing->inputs->repositories, repository);
	}
	if (!draw_gather(drawing->holdings, drawing->inputs, &drawing->gathered, error) ||
	    (drawing->any_set && !draw_gather_sets(drawing->holdings, drawing->inputs, error)))
		return false;
	drill->longest_wal = drawing->gathered.longest_wal;
	return drawing->gathered.population->len > 0 || fail_to_draw(drill, error);
}
