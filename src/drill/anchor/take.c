#include "drill/anchor/take.h"

#include "base/error.h"
#include "base/stop.h"
#include "drill/check/sql_ask.h"
#include "pg/session.h"

#include <string.h>

/* Of all figures together, as text; what is beyond is said to be missing. */
#define BYTES_MAX ((size_t)32 << 20)

#define DATABASES \
 "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"

/* What one query gave. */
struct answer {
	json_t *rows;
	char *text;
};

/* A database before the restore point, and behind it. */
struct view {
	char *database;
	struct drill_check_site site;
	struct asking before, behind;
	bool identical; /* nothing lies between: there is no behind */
	struct answer answer;
};

struct taking {
	const struct anchor_request *request;
	struct anchor_result *result;
	Session *session;
	GPtrArray *views;
	GPtrArray *figures; /* struct anchor_figure, until the anchor takes them */
	GHashTable *seen;   /* database and digest of those */
	size_t bytes;
};

static void answer_clear(struct answer *answer)
{
	g_clear_pointer(&answer->rows, json_decref);
	g_clear_pointer(&answer->text, g_free);
}

static void view_free(void *data)
{
	struct view *view = data;

	asking_clear(&view->before);
	asking_clear(&view->behind);
	answer_clear(&view->answer);
	g_free(view->database);
	g_free(view);
}

void anchor_result_clear(struct anchor_result *result)
{
	mark_result_clear(&result->mark);
	g_clear_pointer(&result->anchor, anchor_free);
}

/* ---- before -------------------------------------------------------------------------------------- */

static void keep(void *data, const char *database, const char *query, const struct sql_rows *rows)
{
	struct view *view = data;

	(void)database, (void)query;
	answer_clear(&view->answer);
	view->answer.rows = sql_rows_json(rows);
	view->answer.text = sql_rows_text(rows, false);
}

static unsigned count_figures(const struct taking *taking, struct asking *asking)
{
	unsigned count = 0;

	for (guint i = 0; i < taking->request->plans->len; i++) {
		asking->plan = taking->request->plans->pdata[i];
		for (guint k = 0; k < asking->plan->checks->len; k++) {
			const struct plan_check *check = asking->plan->checks->pdata[k];

			count += drill_check_needs_anchor(asking->plan, check) &&
				 asking_is_for(asking, check);
		}
	}
	return count;
}

static bool look_at(struct taking *taking, const char *database, unsigned *figures, GError **error)
{
	const struct mark_request *mark = &taking->request->mark;
	struct view *view = g_new0(struct view, 1);
	unsigned count;

	view->database = g_strdup(database);
	view->site = (struct drill_check_site){.conninfo = mark->conninfo,
					       .run_id = mark->run_id,
					       .database = view->database,
					       .service = taking->request->service,
					       .keep = keep,
					       .data = view};
	g_ptr_array_add(taking->views, view);
	if (!asking_open(&view->before, &view->site, error))
		return odr_context(error, "database '%s'", database);
	count = count_figures(taking, &view->before);
	if (count == 0)
		g_ptr_array_remove(taking->views, view);
	*figures += count;
	return true;
}

static bool take_name(void *names, const char *const *values, GError **error)
{
	(void)error;
	g_ptr_array_add(names, g_strdup(values[0]));
	return true;
}

static bool look_before(void *data, GError **error)
{
	struct taking *taking = data;
	const struct mark_request *mark = &taking->request->mark;
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	unsigned figures = 0;

	taking->session = session_open(mark->conninfo, mark->run_id, error);
	if (!taking->session || !session_rows(taking->session, DATABASES, take_name, names, error))
		return false;
	for (guint i = 0; i < names->len; i++)
		if (!stop_check(error) || !look_at(taking, names->pdata[i], &figures, error))
			return false;
	if (figures == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"no check of the plans has a figure for an anchor in a database "
				"here: checks of type sql with expect=anchor or baseline have");
	return figures <= ANCHOR_FIGURES_MAX ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"the plans ask for %u figures, and an anchor has at most %d", figures,
			ANCHOR_FIGURES_MAX);
}

/* ---- behind -------------------------------------------------------------------------------------- */

/* "xmin:xmax:running": the next transaction is the oldest, so none is under way that may have committed unseen. */
static bool is_quiet(const char *snapshot)
{
	const char *colon = strchr(snapshot, ':');
	size_t length = colon ? (size_t)(colon - snapshot) : 0;

	return colon && strncmp(snapshot, colon + 1, length) == 0 &&
	       strcmp(colon + 1 + length, ":") == 0;
}

static bool open_behind(struct taking *taking, GError **error)
{
	g_autofree char *now = NULL;

	if (!session_value(taking->session, "SELECT txid_current_snapshot()", &now, error))
		return false;
	for (guint i = 0; i < taking->views->len; i++) {
		struct view *view = taking->views->pdata[i];

		view->identical = is_quiet(now) && strcmp(now, view->before.snapshot) == 0;
		if (!view->identical && !asking_open(&view->behind, &view->site, error))
			return odr_context(error, "database '%s'", view->database);
	}
	return true;
}

/* NULL problem: the answer is in the view. *asked is false where there is nothing that the check is for. */
static bool ask(struct view *view, struct asking *asking, const struct plan_check *check,
		char sha256[2 * SHA256_SIZE + 1], bool *asked, char **problem, GError **error)
{
	g_autoptr(DrillCheckResult) result = drill_check_result_new(check, NULL, view->database);

	answer_clear(&view->answer);
	asking->asked = false;
	if (!stop_check(error) || !asking_run(asking, check->sql, result, error))
		return odr_context(error, "check %s of database '%s'", check->name, view->database);
	*asked = asking->asked;
	g_strlcpy(sha256, result->query_sha256, 2 * SHA256_SIZE + 1);
	*problem = view->answer.rows ? NULL
				     : g_strdup(result->message ? result->message : "no rows came");
	return true;
}

static bool fits(struct taking *taking, const struct answer *answer)
{
	taking->bytes += answer->text ? strlen(answer->text) : 0;
	return taking->bytes <= BYTES_MAX;
}

static void miss(struct anchor_figure *figure, char *problem)
{
	figure->basis = ANCHOR_UNKNOWN;
	figure->problem = problem;
	g_clear_pointer(&figure->before, json_decref);
	g_clear_pointer(&figure->after, json_decref);
}

/* The later look, where there is one; before is what the first one gave. */
static bool look_again(struct taking *taking, struct view *view, const struct plan_check *check,
		       struct anchor_figure *figure, GError **error)
{
	g_autofree char *before = g_steal_pointer(&view->answer.text);
	char sha256[2 * SHA256_SIZE + 1];
	char *problem = NULL;
	bool asked;

	figure->basis = ANCHOR_IDENTICAL;
	if (view->identical)
		return true;
	view->behind.plan = view->before.plan;
	if (!ask(view, &view->behind, check, sha256, &asked, &problem, error))
		return false;
	if (problem || strcmp(sha256, figure->sha256) != 0)
		miss(figure, problem ? problem : g_strdup("another query was right behind it"));
	else if (strcmp(before, view->answer.text) == 0)
		figure->basis = ANCHOR_EQUAL;
	else if (!fits(taking, &view->answer))
		miss(figure, g_strdup("the figures have too many rows together"));
	else {
		figure->basis = ANCHOR_DIFFERENT;
		figure->after = g_steal_pointer(&view->answer.rows);
	}
	return true;
}

static bool take_figure(struct taking *taking, struct view *view, const struct plan_check *check,
			GError **error)
{
	char sha256[2 * SHA256_SIZE + 1];
	struct anchor_figure *figure;
	char *problem;
	bool asked;

	if (!ask(view, &view->before, check, sha256, &asked, &problem, error))
		return false;
	g_autofree char *key = g_strdup_printf("%s %s", sha256, view->database);

	if (!asked || !g_hash_table_add(taking->seen, g_steal_pointer(&key))) {
		g_free(problem);
		return true;
	}
	figure = anchor_figure_new(view->database, check->sql, sha256);
	g_ptr_array_add(taking->figures, figure);
	if (problem || !fits(taking, &view->answer)) {
		miss(figure,
		     problem ? problem : g_strdup("the figures have too many rows together"));
		return true;
	}
	figure->before = g_steal_pointer(&view->answer.rows);
	return look_again(taking, view, check, figure, error);
}

static bool take_view(struct taking *taking, struct view *view, GError **error)
{
	for (guint i = 0; i < taking->request->plans->len; i++) {
		const DrillPlan *plan = taking->request->plans->pdata[i];

		view->before.plan = plan;
		for (guint k = 0; k < plan->checks->len; k++) {
			const struct plan_check *check = plan->checks->pdata[k];

			if (drill_check_needs_anchor(plan, check) &&
			    asking_is_for(&view->before, check) &&
			    !take_figure(taking, view, check, error))
				return false;
		}
	}
	return true;
}

/* A restore point that has no mark is in nobody's way, but for its name: recovery would stop there. */
static bool say_name(const struct taking *taking, GError **error)
{
	return odr_context(error,
			   "the restore point '%s' is made, and no mark: choose another name for "
			   "the next attempt",
			   taking->request->mark.name);
}

static bool check_figures(struct taking *taking, GError **error)
{
	const char *first = NULL;

	for (guint i = 0; i < taking->figures->len; i++) {
		const struct anchor_figure *figure = taking->figures->pdata[i];

		taking->result->missed += figure->basis == ANCHOR_UNKNOWN;
		if (!first)
			first = figure->problem;
	}
	if (taking->figures->len > taking->result->missed)
		return true;
	return odr_fail(error, ODR_ERROR_FAILED, "not one figure could be taken%s%s",
			first ? ": " : "", first ? first : "");
}

static bool look_behind(void *data, GError **error)
{
	struct taking *taking = data;
	bool done = open_behind(taking, error);

	for (guint i = 0; done && i < taking->views->len; i++)
		done = take_view(taking, taking->views->pdata[i], error);
	/* The source is let go of before anything is stored. */
	g_ptr_array_set_size(taking->views, 0);
	g_clear_pointer(&taking->session, session_free);
	done = done && check_figures(taking, error);
	return done || say_name(taking, error);
}

/* ---- stored -------------------------------------------------------------------------------------- */

static bool store_anchor(void *data, const struct mark *mark, usec_t lock_until, GError **error)
{
	struct taking *taking = data;
	g_autoptr(Anchor) anchor = anchor_of_mark(mark);
	g_autofree char *local = layout_anchor(anchor->mark.id);
	g_autoptr(GBytes) object = NULL;
	struct iovec whole;

	g_ptr_array_extend_and_steal(anchor->figures, g_steal_pointer(&taking->figures));
	object = anchor_seal(anchor, taking->request->mark.bundle, error);
	if (!object)
		return false;
	whole.iov_base = (void *)g_bytes_get_data(object, &whole.iov_len);
	if (!repos_put(taking->request->mark.repos, local, &whole, 1, lock_until, error))
		return odr_context(error, "the mark is stored, and not its anchor");

	/* It is there. */
	taking->result->anchor = g_steal_pointer(&anchor);
	return true;
}

bool anchor_make(const struct anchor_request *request, struct anchor_result *result, GError **error)
{
	struct taking taking = {
		.request = request,
		.result = result,
		.views = g_ptr_array_new_with_free_func(view_free),
		.figures = anchor_figures_new(),
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
	const struct mark_around around = {look_before, look_behind, store_anchor, &taking};
	struct mark_request mark = request->mark;
	bool done;

	*result = (struct anchor_result){0};
	mark.around = &around;
	done = mark_make(&mark, &result->mark, error);
	g_ptr_array_unref(taking.views);
	g_clear_pointer(&taking.figures, g_ptr_array_unref);
	g_hash_table_unref(taking.seen);
	session_free(taking.session);
	return done;
}
