#ifndef ODR_BASE_THREAD_H
#define ODR_BASE_THREAD_H

#include <pthread.h>

/* What a process does once, and what every thread has of its own (base/pool.h has the threads). */
struct once {
	pthread_once_t control;
};
#define ONCE_INIT PTHREAD_ONCE_INIT /* static struct once once = {ONCE_INIT}; */
/* The first caller runs it, the others wait until it is done. */
void once_run(struct once *once, void (*run)(void));

/* A pointer per thread, given to free when its thread ends. Made once; ends the program when there
 * is no room for one. */
struct thread_slot {
	pthread_key_t key;
};
void thread_slot_make(struct thread_slot *slot, void (*free)(void *));
void *thread_slot_get(const struct thread_slot *slot); /* NULL: not set in this thread */
void thread_slot_set(const struct thread_slot *slot, void *value);

#endif
