#include "base/pool.h"

#include "base/error.h"
#include "base/stop.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

struct mutex {
	pthread_mutex_t mutex;
};

struct mutex *mutex_new(void)
{
	struct mutex *mutex = g_new0(struct mutex, 1);

	pthread_mutex_init(&mutex->mutex, NULL);
	return mutex;
}

void mutex_free(struct mutex *mutex)
{
	if (!mutex)
		return;
	pthread_mutex_destroy(&mutex->mutex);
	g_free(mutex);
}

void mutex_lock(struct mutex *mutex)
{
	pthread_mutex_lock(&mutex->mutex);
}

void mutex_unlock(struct mutex *mutex)
{
	pthread_mutex_unlock(&mutex->mutex);
}

struct condition {
	pthread_cond_t condition;
};

struct condition *condition_new(void)
{
	struct condition *condition = g_new0(struct condition, 1);

	pthread_cond_init(&condition->condition, NULL);
	return condition;
}

void condition_free(struct condition *condition)
{
	if (!condition)
		return;
	pthread_cond_destroy(&condition->condition);
	g_free(condition);
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
	pthread_cond_wait(&condition->condition, &mutex->mutex);
}

void condition_tell(struct condition *condition)
{
	pthread_cond_broadcast(&condition->condition);
}

unsigned pool_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (unsigned)CPU_COUNT(&set);
}

struct pool {
	const struct pool_work *work;
	pthread_mutex_t mutex;
	pthread_cond_t ended;  /* a worker has ended */
	pthread_cond_t turned; /* the turn has passed to another job, or a job has failed */
	size_t next, turn;
	unsigned running;
	int caller_cpu;	 /* where the calling thread works; -1: it only waits */
	GError *failure; /* the first one */
};

static void fail(struct pool *pool, GError *trouble)
{
	pthread_mutex_lock(&pool->mutex);
	if (!pool->failure)
		pool->failure = trouble;
	else
		g_error_free(trouble);
	pthread_cond_broadcast(&pool->turned);
	pthread_mutex_unlock(&pool->mutex);
}

/* The next job's number; false when there is none, or the others failed, or a stop was requested. */
static bool take_job(struct pool *pool, size_t *job)
{
	bool taken = false;

	pthread_mutex_lock(&pool->mutex);
	if (!pool->failure && !stop_check(&pool->failure))
		pthread_cond_broadcast(&pool->turned);
	if (!pool->failure && pool->next < pool->work->jobs) {
		*job = pool->next++;
		taken = true;
	}
	pthread_mutex_unlock(&pool->mutex);
	return taken;
}

static bool has_failed(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	bool failed = pool->failure != NULL;

	pthread_mutex_unlock(&pool->mutex);
	return failed;
}

/* False: a job has failed. The job before this one is somebody's, who passes the turn or fails. */
static bool await_turn(struct pool *pool, size_t job)
{
	pthread_mutex_lock(&pool->mutex);
	while (pool->turn != job && !pool->failure)
		pthread_cond_wait(&pool->turned, &pool->mutex);
	bool come = !pool->failure;

	pthread_mutex_unlock(&pool->mutex);
	return come;
}

static void pass_turn(struct pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pool->turn++;
	pthread_cond_broadcast(&pool->turned);
	pthread_mutex_unlock(&pool->mutex);
}

static bool do_job(struct pool *pool, void *context, size_t job, GError **error)
{
	const struct pool_work *work = pool->work;

	if (!work->run(work->shared, context, job, error))
		return false;
	if (!work->in_turn || !await_turn(pool, job))
		return true;
	if (!work->in_turn(work->shared, context, job, error))
		return false;
	pass_turn(pool);
	return true;
}

static void work_as(struct pool *pool, unsigned worker)
{
	const struct pool_work *work = pool->work;
	GError *trouble = NULL;
	void *context = NULL;
	size_t job;

	if (work->begin && !work->begin(work->shared, worker, &context, &trouble)) {
		fail(pool, trouble);
		return;
	}
	while (take_job(pool, &job)) {
		if (do_job(pool, context, job, &trouble))
			continue;
		fail(pool, trouble);
		trouble = NULL;
		break;
	}
	if (work->end && !work->end(work->shared, context, !has_failed(pool), &trouble))
		fail(pool, trouble);
}

struct thread {
	struct pool *pool;
	unsigned number;
	pthread_t id;
};

static void *thread_main(void *data)
{
	struct thread *thread = data;
	struct pool *pool = thread->pool;

	if (pool->caller_cpu >= 0)
		thread_avoid_cpu(pool->caller_cpu);
	work_as(pool, thread->number);
	pthread_mutex_lock(&pool->mutex);
	pool->running--;
	pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

static void add_ms(struct timespec *time, unsigned ms)
{
	time->tv_nsec += (long)(ms % 1000) * 1000000;
	time->tv_sec += ms / 1000 + time->tv_nsec / 1000000000;
	time->tv_nsec %= 1000000000;
}

/* Ticks until the last worker has ended. */
static void wait_for_workers(struct pool *pool)
{
	const struct pool_work *work = pool->work;
	struct timespec until;

	pthread_mutex_lock(&pool->mutex);
	while (pool->running > 0) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		add_ms(&until, work->tick_ms ? work->tick_ms : 1000);
		if (pthread_cond_timedwait(&pool->ended, &pool->mutex, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&pool->mutex);
		work->tick(work->shared);
		pthread_mutex_lock(&pool->mutex);
	}
	pthread_mutex_unlock(&pool->mutex);
}

/* How many of the workers from `first` on have a thread now. */
static unsigned start_threads(struct pool *pool, struct thread *threads, unsigned first,
			      unsigned count)
{
	odr_error_prepare();
	for (unsigned i = 0; i < count; i++) {
		threads[i] = (struct thread){.pool = pool, .number = first + i};
		int code = pthread_create(&threads[i].id, NULL, thread_main, &threads[i]);

		if (code != 0) {
			GError *trouble = NULL;

			odr_fail_errno(&trouble, code, "cannot start a thread");
			fail(pool, trouble);
			return i;
		}
	}
	return count;
}

static void run_threads(struct pool *pool, unsigned workers)
{
	bool ticks = pool->work->tick != NULL;
	unsigned count = ticks ? workers : workers - 1;
	g_autofree struct thread *threads = g_new0(struct thread, MAX(count, 1));

	pool->running = count;
	pool->caller_cpu = ticks ? -1 : sched_getcpu();
	unsigned started = start_threads(pool, threads, ticks ? 0 : 1, count);

	pthread_mutex_lock(&pool->mutex);
	pool->running -= count - started;
	pthread_mutex_unlock(&pool->mutex);
	if (ticks)
		wait_for_workers(pool);
	else
		work_as(pool, 0);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i].id, NULL);
}

bool pool_run(const struct pool_work *work, GError **error)
{
	struct pool pool = {.work = work, .mutex = PTHREAD_MUTEX_INITIALIZER};
	unsigned count = (unsigned)MIN((size_t)MAX(work->workers, 1), MAX(work->jobs, 1));
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool.ended, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_cond_init(&pool.turned, NULL);
	run_threads(&pool, count);
	pthread_cond_destroy(&pool.turned);
	pthread_cond_destroy(&pool.ended);
	if (!pool.failure)
		return true;
	g_propagate_error(error, pool.failure);
	return false;
}
