#include "odoo/fence.h"

#include "base/error.h"
#include "base/stop.h"
#include "pg/session.h"

#include <string.h>

/* One attempt to take a lock; between attempts a stop request is seen. */
#define ATTEMPT_MS 500

#define JOB_FROM                                                            \
 "FROM public.ir_cron c JOIN public.ir_model_data d ON d.model = 'ir.cron'" \
 " AND d.module = 'base' AND d.name = 'autovacuum_job' AND d.res_id = c.id"

struct fence {
	Session *session;
	enum fence_kind kind;
	bool busy; /* somebody had the lock on the job */
	char *reason;
	char *last_call; /* when the job ran last, before */
};

static Fence *fence_new(enum fence_kind kind)
{
	Fence *fence = g_new0(Fence, 1);

	fence->kind = kind;
	return fence;
}

void fence_free(Fence *fence)
{
	if (!fence)
		return;
	session_free(fence->session);
	g_free(fence->reason);
	g_free(fence->last_call);
	g_free(fence);
}

enum fence_kind fence_kind(const Fence *fence)
{
	return fence->kind;
}

bool fence_busy(const Fence *fence)
{
	return fence->busy;
}

const char *fence_reason(const Fence *fence)
{
	return fence->reason;
}

const char *fence_kind_name(enum fence_kind kind)
{
	static const char *const names[] = {
		[FENCE_NONE] = "none",	     [FENCE_NOT_NEEDED] = "not needed",
		[FENCE_WATCHED] = "watched", [FENCE_TABLE] = "table locked",
		[FENCE_JOB] = "job locked",
	};

	return names[kind];
}

static void explain(Fence *fence, const GError *cause)
{
	if (!fence->reason)
		fence->reason = g_strdup(cause->message);
}

static bool command(Fence *fence, const char *sql, GError **error)
{
	g_autofree char *value = NULL;

	return session_value(fence->session, sql, &value, error);
}

/* What the job's row says: when it ran last, and whether it is due. */
struct job {
	bool exists, due;
	char *last_call;
};

static bool note_job(void *data, const char *const *values, GError **error)
{
	struct job *job = data;

	(void)error;
	job->exists = true;
	g_free(job->last_call);
	job->last_call = g_strdup(values[0] ? values[0] : "never");
	job->due = !values[1] || strcmp(values[1], "t") != 0;
	return true;
}

static bool read_job(Fence *fence, struct job *job, GError **error)
{
	g_autofree char *there = NULL;

	*job = (struct job){0};
	if (!session_value(fence->session,
			   "SELECT to_regclass('public.ir_cron') IS NOT NULL AND "
			   "to_regclass('public.ir_model_data') IS NOT NULL",
			   &there, error))
		return false;
	if (g_strcmp0(there, "t") != 0)
		return true;
	return session_rows(fence->session,
			    "SELECT c.lastcall, c.nextcall > (now() AT TIME ZONE 'UTC') " JOB_FROM,
			    note_job, job, error);
}

/* One attempt, which lasts no longer than that. */
static bool try_lock(Fence *fence, const char *sql, usec_t left, GError **error)
{
	g_autofree char *limit = g_strdup_printf("SET LOCAL lock_timeout = %d",
						 (int)CLAMP(left / 1000, 1, (usec_t)ATTEMPT_MS));
	g_autoptr(GError) cause = NULL;

	if (!command(fence, "BEGIN", error) || !command(fence, limit, error))
		return false;
	if (command(fence, sql, &cause))
		return true;
	if (command(fence, "ROLLBACK", error))
		g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* In a transaction of its own; while somebody else holds it, again and again. */
static bool take_lock(Fence *fence, const char *sql, usec_t end, GError **error)
{
	for (;;) {
		usec_t left = end - clock_monotonic();
		g_autoptr(GError) cause = NULL;

		if (try_lock(fence, sql, left, &cause))
			return true;
		if (!odr_error_is(cause, ODR_ERROR_BUSY) || left <= 0 || stop_requested()) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
	}
}

static void explain_job(Fence *fence, const GError *cause, usec_t wait)
{
	fence->busy = odr_error_is(cause, ODR_ERROR_BUSY);
	if (fence->busy && !fence->reason)
		fence->reason = g_strdup_printf("somebody held the lock on the row of its job for "
						"%d s, as it does itself while it runs",
						(int)(wait / USEC_PER_SEC));
	explain(fence, cause);
}

static bool lock_job(Fence *fence, const struct fence_settings *settings, usec_t end)
{
	g_autoptr(GError) cause = NULL;

	if (take_lock(fence, "SELECT c.id " JOB_FROM " FOR NO KEY UPDATE OF c", end, &cause)) {
		fence->kind = FENCE_JOB;
		return true;
	}
	explain_job(fence, cause, settings->wait);
	return false;
}

static bool lock_table(Fence *fence, usec_t end)
{
	g_autoptr(GError) cause = NULL;

	if (take_lock(fence, "LOCK TABLE public.ir_attachment IN ROW EXCLUSIVE MODE", end,
		      &cause)) {
		fence->kind = FENCE_TABLE;
		return true;
	}
	explain(fence, cause);
	return false;
}

static void take(Fence *fence, const struct fence_settings *settings)
{
	g_autoptr(GError) cause = NULL;
	usec_t end = clock_monotonic() + settings->wait;
	struct job job;

	fence->session = session_open_database(settings->conninfo, settings->database,
					       settings->run_id, &cause);
	if (!fence->session || !read_job(fence, &job, &cause)) {
		explain(fence, cause);
		return;
	}
	if (!job.exists) {
		fence->kind = FENCE_NOT_NEEDED;
		return;
	}
	fence->last_call = job.last_call;
	if (settings->may_lock_job && lock_job(fence, settings, end)) {
		/* It may have run to its end while we waited. */
		if (read_job(fence, &job, &cause)) {
			g_free(fence->last_call);
			fence->last_call = job.last_call;
		}
		return;
	}
	if (settings->may_lock_table && lock_table(fence, end))
		return;
	/* Due means that it may be running: then its end will show. */
	fence->kind = FENCE_WATCHED;
	if (!fence->reason)
		fence->reason = g_strdup("the configuration takes no lock");
}

Fence *fence_take(const struct fence_settings *settings)
{
	Fence *fence = fence_new(FENCE_NONE);

	take(fence, settings);
	return fence;
}

enum fence_outcome fence_end(Fence *fence)
{
	g_autoptr(GError) cause = NULL;
	struct job job;
	bool locked = fence->kind == FENCE_JOB || fence->kind == FENCE_TABLE;

	if (fence->kind == FENCE_NOT_NEEDED)
		return FENCE_HELD;
	if (fence->kind == FENCE_NONE)
		return FENCE_UNKNOWN;
	/* Only on the session that took it does this say that it was there all the time. */
	if ((locked && !command(fence, "COMMIT", &cause)) || !read_job(fence, &job, &cause)) {
		explain(fence, cause);
		return FENCE_COLLECTED;
	}
	bool ran = g_strcmp0(job.last_call, fence->last_call) != 0;

	g_free(job.last_call);
	/* A job that is due may be running, and shows that only when it ends. */
	return ran || (!locked && job.due) ? FENCE_COLLECTED : FENCE_HELD;
}
