#ifndef ODR_BASE_TASK_H
#define ODR_BASE_TASK_H

#include <glib.h>
#include <stdbool.h>

/* One piece of work in a thread of its own, beside the one that started it. */
struct task;
/* data must live until task_wait. NULL with error when no thread can be had. */
struct task *task_start(bool (*run)(void *data, GError **error), void *data, GError **error);
/* Waits for its end, frees it, and gives what run returned. NULL: true. */
bool task_wait(struct task *task, GError **error);

#endif
