#include "base/pool.h"

#include "base/error.h"
#include "base/stop.h"

#include <signal.h>

#define JOBS 1000

struct shared {
	struct mutex *mutex;
	unsigned done[JOBS], begun, ended, finished, ticks;
	size_t last, fail_at, stop_at, turn, fail_in_turn;
	bool ordered, fail_begin, fail_end;
};

static bool begin(void *data, unsigned worker, void **context, GError **error)
{
	struct shared *shared = data;

	if (shared->fail_begin && worker == 0)
		return odr_fail(error, ODR_ERROR_SYSTEM, "worker %u has no connection", worker);
	mutex_lock(shared->mutex);
	shared->begun++;
	mutex_unlock(shared->mutex);
	*context = g_new0(unsigned, 1);
	return true;
}

static bool run(void *data, void *context, size_t job, GError **error)
{
	struct shared *shared = data;
	unsigned *mine = context;

	++*mine;
	mutex_lock(shared->mutex);
	shared->ordered = shared->ordered && (job == 0 || shared->last == job - 1);
	shared->last = job;
	shared->done[job]++;
	mutex_unlock(shared->mutex);
	if (job == shared->stop_at)
		stop_request(SIGTERM);
	if (job == shared->fail_at)
		return odr_fail(error, ODR_ERROR_CORRUPT, "job %zu is damaged", job);
	return true;
}

static bool end(void *data, void *context, bool finished, GError **error)
{
	struct shared *shared = data;

	g_free(context);
	mutex_lock(shared->mutex);
	shared->ended++;
	shared->finished += finished;
	mutex_unlock(shared->mutex);
	if (shared->fail_end)
		return odr_fail(error, ODR_ERROR_SYSTEM, "cannot complete");
	return true;
}

/* Without a lock: nobody else may be here. */
static bool in_turn(void *data, void *context, size_t job, GError **error)
{
	struct shared *shared = data;

	g_assert_cmpuint(job, ==, shared->turn);
	if (job == shared->fail_in_turn)
		return odr_fail(error, ODR_ERROR_CORRUPT, "job %zu does not fit", job);
	shared->turn++;
	return true;
}

static struct shared *shared_new(void)
{
	struct shared *shared = g_new0(struct shared, 1);

	shared->mutex = mutex_new();
	shared->ordered = true;
	shared->fail_at = shared->stop_at = shared->fail_in_turn = G_MAXSIZE;
	return shared;
}

static void shared_free(struct shared *shared)
{
	mutex_free(shared->mutex);
	g_free(shared);
}

static struct pool_work work_of(struct shared *shared, unsigned workers)
{
	return (struct pool_work){.workers = workers,
				  .jobs = JOBS,
				  .shared = shared,
				  .begin = begin,
				  .run = run,
				  .end = end};
}

static size_t jobs_done(const struct shared *shared)
{
	size_t count = 0;

	for (size_t i = 0; i < JOBS; i++)
		count += shared->done[i];
	return count;
}

static void test_each_once(gconstpointer data)
{
	unsigned workers = GPOINTER_TO_UINT(data);
	struct shared *shared = shared_new();
	struct pool_work work = work_of(shared, workers);
	g_autoptr(GError) error = NULL;

	g_assert_true(pool_run(&work, &error));
	g_assert_no_error(error);
	for (size_t i = 0; i < JOBS; i++)
		g_assert_cmpuint(shared->done[i], ==, 1);
	g_assert_cmpuint(shared->begun, ==, MAX(workers, 1));
	g_assert_cmpuint(shared->ended, ==, shared->begun);
	g_assert_cmpuint(shared->finished, ==, shared->begun);
	if (workers <= 1)
		g_assert_true(shared->ordered);
	shared_free(shared);
}

static void test_error(gconstpointer data)
{
	struct shared *shared = shared_new();
	struct pool_work work = work_of(shared, GPOINTER_TO_UINT(data));
	g_autoptr(GError) error = NULL;

	shared->fail_at = 10;
	g_assert_false(pool_run(&work, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==, "job 10 is damaged");
	g_assert_cmpuint(shared->ended, ==, shared->begun);
	g_assert_cmpuint(shared->finished, <, work.workers);
	if (work.workers == 1)
		g_assert_cmpuint(jobs_done(shared), ==, 11);
	shared_free(shared);
}

static void test_stop(gconstpointer data)
{
	struct shared *shared = shared_new();
	struct pool_work work = work_of(shared, GPOINTER_TO_UINT(data));
	g_autoptr(GError) error = NULL;

	shared->stop_at = 10;
	g_assert_false(pool_run(&work, &error));
	stop_request(0);
	g_assert_error(error, ODR_ERROR, ODR_ERROR_STOPPED);
	g_assert_cmpuint(shared->done[10], ==, 1);
	g_assert_cmpuint(shared->ended, ==, shared->begun);
	shared_free(shared);
}

static void test_in_turn(gconstpointer data)
{
	struct shared *shared = shared_new();
	struct pool_work work = work_of(shared, GPOINTER_TO_UINT(data));
	g_autoptr(GError) error = NULL;

	work.in_turn = in_turn;
	g_assert_true(pool_run(&work, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(shared->turn, ==, JOBS);
	shared_free(shared);
}

/* Whatever ends the run, nobody waits for a turn that does not come. */
static void test_out_of_turn(gconstpointer data)
{
	static const struct {
		size_t fail_at, fail_in_turn, stop_at;
		enum odr_error code;
	} cases[] = {
		{40, G_MAXSIZE, G_MAXSIZE, ODR_ERROR_CORRUPT},
		{G_MAXSIZE, 40, G_MAXSIZE, ODR_ERROR_CORRUPT},
		{G_MAXSIZE, G_MAXSIZE, 40, ODR_ERROR_STOPPED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct shared *shared = shared_new();
		struct pool_work work = work_of(shared, GPOINTER_TO_UINT(data));
		g_autoptr(GError) error = NULL;

		work.in_turn = in_turn;
		shared->fail_at = cases[i].fail_at;
		shared->fail_in_turn = cases[i].fail_in_turn;
		shared->stop_at = cases[i].stop_at;
		g_assert_false(pool_run(&work, &error));
		stop_request(0);
		g_assert_error(error, ODR_ERROR, (gint)cases[i].code);
		if (cases[i].code == ODR_ERROR_CORRUPT)
			g_assert_cmpuint(shared->turn, <=, 40);
		g_assert_cmpuint(shared->ended, ==, shared->begun);
		shared_free(shared);
	}
}

static void test_begin(void)
{
	struct shared *shared = shared_new();
	struct pool_work work = work_of(shared, 4);
	g_autoptr(GError) error = NULL;

	shared->fail_begin = true;
	g_assert_false(pool_run(&work, &error));
	g_assert_cmpstr(error->message, ==, "worker 0 has no connection");
	g_assert_cmpuint(shared->begun, <=, 3);
	g_assert_cmpuint(shared->ended, ==, shared->begun);
	shared_free(shared);
}

static void test_end(void)
{
	struct shared *shared = shared_new();
	struct pool_work work = work_of(shared, 4);
	g_autoptr(GError) error = NULL;

	shared->fail_end = true;
	g_assert_false(pool_run(&work, &error));
	g_assert_cmpstr(error->message, ==, "cannot complete");
	g_assert_cmpuint(jobs_done(shared), ==, JOBS);
	shared_free(shared);
}

static bool sleep_shortly(void *data, void *context, size_t job, GError **error)
{
	g_usleep(100 * 1000);
	return true;
}

static void tick(void *data)
{
	struct shared *shared = data;

	shared->ticks++;
}

static void test_tick(gconstpointer data)
{
	struct shared *shared = shared_new();
	struct pool_work work = {.workers = GPOINTER_TO_UINT(data),
				 .jobs = 4,
				 .shared = shared,
				 .run = sleep_shortly,
				 .tick = tick,
				 .tick_ms = 5};
	g_autoptr(GError) error = NULL;

	g_assert_true(pool_run(&work, &error));
	g_assert_cmpuint(shared->ticks, >=, 2);
	shared_free(shared);
}

static void test_no_jobs(void)
{
	struct pool_work work = {.workers = 4};
	g_autoptr(GError) error = NULL;

	g_assert_true(pool_run(&work, &error));
	g_assert_no_error(error);
}

struct meeting {
	struct mutex *mutex;
	struct condition *arrival;
	unsigned there;
};

static bool meet(void *data, void *context, size_t job, GError **error)
{
	struct meeting *meeting = data;

	mutex_lock(meeting->mutex);
	meeting->there++;
	condition_tell(meeting->arrival);
	while (meeting->there < 4)
		condition_wait(meeting->arrival, meeting->mutex);
	mutex_unlock(meeting->mutex);
	return true;
}

static void test_condition(void)
{
	struct meeting meeting = {.mutex = mutex_new(), .arrival = condition_new()};
	struct pool_work work = {.workers = 4, .jobs = 4, .shared = &meeting, .run = meet};

	g_assert_true(pool_run(&work, NULL));
	g_assert_cmpuint(meeting.there, ==, 4);
	condition_free(meeting.arrival);
	mutex_free(meeting.mutex);
}

static void test_cpus(void)
{
	g_assert_cmpuint(pool_cpus(), >=, 1);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *suffix;
		unsigned workers;
	} sizes[] = {{"alone", 1}, {"in-two-threads", 2}, {"in-sixteen-threads", 16}};
	static const struct {
		const char *name;
		GTestDataFunc test;
	} promises[] = {
		{"/pool/run/does-each-job-once", test_each_once},
		{"/pool/run/returns-the-first-error", test_error},
		{"/pool/run/ends-between-jobs-when-asked-to-stop", test_stop},
		{"/pool/run/takes-turns-in-the-order-of-jobs", test_in_turn},
		{"/pool/run/nobody-waits-for-a-turn-that-does-not-come", test_out_of_turn},
		{"/pool/tick/comes-while-workers-run", test_tick},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(promises); i++) {
		for (size_t k = 0; k < G_N_ELEMENTS(sizes); k++) {
			g_autofree char *name =
				g_strdup_printf("%s/%s", promises[i].name, sizes[k].suffix);

			g_test_add_data_func(name, GUINT_TO_POINTER(sizes[k].workers),
					     promises[i].test);
		}
	}
	g_test_add_func("/pool/begin/an-error-ends-the-run-without-its-end", test_begin);
	g_test_add_func("/pool/end/an-error-is-returned", test_end);
	g_test_add_func("/pool/run/without-jobs-succeeds", test_no_jobs);
	g_test_add_func("/pool/condition/all-wait-until-the-last-is-there", test_condition);
	g_test_add_func("/pool/cpus/is-at-least-one", test_cpus);
	return g_test_run();
}
