#include "base/task.h"

#include "base/error.h"

#include <pthread.h>

struct task {
	bool (*run)(void *data, GError **error);
	void *data;
	pthread_t thread;
	bool done;
	GError *trouble;
};

static void *task_main(void *data)
{
	struct task *task = data;

	task->done = task->run(task->data, &task->trouble);
	return NULL;
}

struct task *task_start(bool (*run)(void *data, GError **error), void *data, GError **error)
{
	struct task *task = g_new0(struct task, 1);
	int code;

	task->run = run;
	task->data = data;
	odr_error_prepare();
	code = pthread_create(&task->thread, NULL, task_main, task);
	if (code == 0)
		return task;
	g_free(task);
	odr_fail_errno(error, code, "cannot start a thread");
	return NULL;
}

bool task_wait(struct task *task, GError **error)
{
	if (!task)
		return true;
	pthread_join(task->thread, NULL);

	bool done = task->done;

	if (!done)
		g_propagate_error(error, task->trouble);
	g_free(task);
	return done;
}
