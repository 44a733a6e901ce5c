#include "base/thread.h"

#include <glib.h>

void once_run(struct once *once, void (*run)(void))
{
	pthread_once(&once->control, run);
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
