#include "base/thread.h"

#include <glib.h>
#include <sched.h>

void once_run(struct once *once, void (*run)(void))
{
	pthread_once(&once->control, run);
}

void thread_avoid_cpu(int cpu)
{
	cpu_set_t others;

	if (sched_getaffinity(0, sizeof(others), &others) < 0)
		return;
	CPU_CLR(cpu, &others);
	if (CPU_COUNT(&others) > 0)
		sched_setaffinity(0, sizeof(others), &others);
}

struct meanwhile {
	void (*run)(void);
	int caller_cpu;
	pthread_t thread;
};

static void *meanwhile_main(void *data)
{
	const struct meanwhile *meanwhile = data;

	if (meanwhile->caller_cpu >= 0)
		thread_avoid_cpu(meanwhile->caller_cpu);
	meanwhile->run();
	return NULL;
}

struct meanwhile *meanwhile_begin(void (*run)(void))
{
	struct meanwhile *meanwhile = g_new0(struct meanwhile, 1);

	meanwhile->run = run;
	meanwhile->caller_cpu = sched_getcpu();
	if (pthread_create(&meanwhile->thread, NULL, meanwhile_main, meanwhile) == 0)
		return meanwhile;
	g_free(meanwhile);
	return NULL;
}

void meanwhile_end(struct meanwhile *meanwhile)
{
	if (!meanwhile)
		return;
	pthread_join(meanwhile->thread, NULL);
	g_free(meanwhile);
}

void thread_slot_make(struct thread_slot *slot, void (*free)(void *))
{
	if (pthread_key_create(&slot->key, free) != 0)
		g_error("there is no room for what belongs to a thread");
}

void *thread_slot_get(const struct thread_slot *slot)
{
	return pthread_getspecific(slot->key);
}

void thread_slot_set(const struct thread_slot *slot, void *value)
{
	if (pthread_setspecific(slot->key, value) != 0)
		g_error("there is no memory for what belongs to a thread");
}
