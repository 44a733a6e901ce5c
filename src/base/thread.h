#ifndef ODR_BASE_THREAD_H
#define ODR_BASE_THREAD_H

#include <pthread.h>

/* What threads need besides work (base/pool.h gives them that). */

/* What a process does once. */
struct once {
	pthread_once_t control;
};
#define ONCE_INIT PTHREAD_ONCE_INIT /* static struct once once = {ONCE_INIT}; */
/* The first caller runs it, the others wait until it is done. */
void once_run(struct once *once, void (*run)(void));

/*
 * Keeps the calling thread off the CPU on which the thread that made it works, for as long as it lives, if
 * there is another one. Linux (seen on 6.18) often starts a thread on that very CPU, or wakes it there, and
 * leaves both until it balances the load about 4 ms later: half of the life of archive-get.
 */
void thread_avoid_cpu(int cpu);

/* Something that will be needed soon, done meanwhile in a thread of its own. */
struct meanwhile;
struct meanwhile *meanwhile_begin(
	void (*run)(void)); /* NULL: no thread could be made, and it is not run */
void meanwhile_end(struct meanwhile *meanwhile); /* waits until it is done; NULL is fine */

/* A pointer per thread, given to free when its thread ends. Made once; ends the program when there
 * is no room for one. */
struct thread_slot {
	pthread_key_t key;
};
void thread_slot_make(struct thread_slot *slot, void (*free)(void *));
void *thread_slot_get(const struct thread_slot *slot); /* NULL: not set in this thread */
void thread_slot_set(const struct thread_slot *slot, void *value);

#endif
