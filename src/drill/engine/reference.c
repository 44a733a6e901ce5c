/* What figures are judged by that lies elsewhere: kept in anchors, asked of the source, or in the records of earlier
 * drills. None of it is asked from where the copy is. */
#include "base/error.h"
#include "base/stop.h"
#include "drill/check/sql_ask.h"
#include "drill/engine/engine.h"
#include "drill/evidence/past.h"
#include "pg/timeline.h"

#include <string.h>

/* Anchors are named by the source's clock, which may be wrong by that much. */
#define CLOCKS_DIFFER (5 * USEC_PER_MIN)

/* ---- the anchor of the moment, and the newest before it ------------------------------------------ */

static bool needs_anchor(const DrillPlan *plan)
{
	for (guint i = 0; i < plan->checks->len; i++)
		if (drill_check_needs_anchor(plan, plan->checks->pdata[i]))
			return true;
	return false;
}

/* The mark lies on the way: on the timeline that was followed, or on one that it came from, before it left that. */
static bool leads_here(const Drill *drill, const struct mark *mark)
{
	const GPtrArray *histories = drill->holdings.histories;

	if (mark->system_identifier != drill->restore.manifest->system_identifier ||
	    mark->lsn > drill->arrival.lsn)
		return false;
	for (guint i = 0; i < histories->len; i++) {
		const TimelineHistory *history = histories->pdata[i];

		if (history->timeline == drill->restore.timeline)
			return timeline_reachable(history, mark->timeline, mark->lsn);
	}
	return mark->timeline == drill->restore.timeline;
}

/* Takes the place of one that was found and lies before it; false: it does not. */
static bool take_anchor(Drill *drill, const char *id, lsn_t *found_at, GError **error)
{
	const Identity *identity = drill->means.identity;
	struct drill_anchor *found = &drill->anchor;
	g_autoptr(Mark) mark = NULL;
	Anchor *anchor;

	if (!mark_load(drill->repo, identity, id, &mark, error) || !leads_here(drill, mark) ||
	    (found->references && mark->lsn <= *found_at))
		return false;
	bool here = mark->lsn == drill->arrival.lsn;

	if (anchor_load(drill->repo, identity, id, &anchor, error)) {
		g_clear_pointer(&found->references, anchor_references_free);
		found->references = anchor_references_new(anchor);
		found->here = here;
		*found_at = mark->lsn;
		return true;
	}
	if (here) {
		g_free(found->why);
		found->why = g_strdup_printf("the anchor of this moment cannot be believed: %s",
					     (*error)->message);
	}
	return false;
}

/* The last before the moment: by where it lies, since the times of ids tell those of a second, or of a clock that was set
 * back, in no order. */
static bool find_anchor(Drill *drill, GError **error)
{
	usec_t moment = drill->arrival.last_commit > 0 ? drill->arrival.last_commit : drill->t_loss;
	usec_t oldest = 0;
	lsn_t found_at = 0;
	g_autoptr(GPtrArray) ids = NULL;

	if (!anchor_list(drill->repo, &ids, error))
		return false;
	for (guint i = ids->len; i-- > 0 && !drill->anchor.here;) {
		usec_t made = set_id_time(ids->pdata[i]);
		g_autoptr(GError) cause = NULL;

		if (made > moment + CLOCKS_DIFFER)
			continue;
		if (made < oldest)
			break;
		if (!stop_check(error))
			return false;
		if (take_anchor(drill, ids->pdata[i], &found_at, &cause) && oldest == 0)
			oldest = made - CLOCKS_DIFFER;
		if (cause)
			drill_deviate(drill, "%s", cause->message);
	}
	return true;
}

void drill_find_anchor(Drill *drill)
{
	g_autoptr(GError) trouble = NULL;

	if (!needs_anchor(drill->plan))
		return;
	drill->anchor.why = g_strdup("there is no anchor of this moment");
	if (find_anchor(drill, &trouble))
		return;
	g_free(drill->anchor.why);
	drill->anchor.why = g_strdup(trouble->message);
}

void drill_anchor_clear(struct drill_anchor *anchor)
{
	g_clear_pointer(&anchor->references, anchor_references_free);
	g_clear_pointer(&anchor->why, g_free);
	g_clear_pointer(&anchor->source, sql_rows_free);
	g_clear_pointer(&anchor->why_source, g_free);
	g_clear_pointer(&anchor->past, g_array_unref);
}

/* ---- the source, now ----------------------------------------------------------------------------- */

static void keep(void *data, const char *database, const char *query, const struct sql_rows *rows)
{
	struct drill_anchor *anchor = data;

	(void)database, (void)query;
	g_clear_pointer(&anchor->source, sql_rows_free);
	anchor->source = sql_rows_copy(rows);
}

/* From this host, where the copy has no way to; only reading, and no longer than the check may take. */
static const struct drill_reference *ask_source(Drill *drill, const struct drill_question *question)
{
	struct drill_anchor *anchor = &drill->anchor;
	struct drill_check_site site = {.conninfo = question->check->source,
					.run_id = drill->request->run_id,
					.database = question->database,
					.service = drill->request->service,
					.keep = keep,
					.data = anchor};
	g_autoptr(DrillCheckResult) result =
		drill_check_result_new(question->check, NULL, question->database);
	struct asking asking;
	g_autoptr(GError) trouble = NULL;

	g_clear_pointer(&anchor->source, sql_rows_free);
	if (asking_open(&asking, &site, &trouble)) {
		asking.plan = drill->plan;
		asking_run(&asking, question->check->sql, result, &trouble);
	}
	asking_clear(&asking);
	g_free(anchor->why_source);
	anchor->why_source =
		g_strdup_printf("at the source: %s", trouble	       ? trouble->message
						     : result->message ? result->message
								       : "it gave nothing");
	anchor->found = (struct drill_reference){
		.before = anchor->source, .after = anchor->source, .why = anchor->why_source};
	return &anchor->found;
}

const struct drill_reference *drill_reference(void *data, const struct drill_question *question)
{
	Drill *drill = data;
	struct drill_anchor *anchor = &drill->anchor;

	if (question->kind == DRILL_REFERENCE_SOURCE)
		return ask_source(drill, question);
	if (anchor->references && (anchor->here || question->kind == DRILL_REFERENCE_BASELINE))
		return anchor_references_find(anchor->references, question);
	anchor->found = (struct drill_reference){
		.why = question->kind == DRILL_REFERENCE_ANCHOR
			       ? anchor->why
			       : "there is no anchor of before this moment"};
	return &anchor->found;
}

/* ---- earlier drills ------------------------------------------------------------------------------ */

const GArray *drill_past(void *data, const struct drill_question *question)
{
	Drill *drill = data;
	const struct drill_request *request = drill->request;
	struct evidence_trust trust = {.owners = request->key ? &request->key->service : NULL,
				       .owner_count = request->key != NULL};

	g_clear_pointer(&drill->anchor.past, g_array_unref);
	if (request->key)
		drill->anchor.past =
			evidence_past(&(struct evidence_past){.state = request->state,
							      .trust = &trust,
							      .plan = drill->plan->name,
							      .check = question->check->name,
							      .database = question->database,
							      .sha256 = question->sha256,
							      .most = question->check->median_of});
	return drill->anchor.past;
}
