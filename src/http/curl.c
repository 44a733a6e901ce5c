#include "http/curl.h"

#include "base/pool.h"
#include "base/thread.h"

#include <unistd.h>

static struct once once = {ONCE_INIT};
static bool started;
static struct mutex *mutex; /* guards what follows */
static GPtrArray
	*idle; /* the one that was used last is taken first: its connection is the youngest */
static pid_t owner;

static void start(void)
{
	started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	mutex = mutex_new();
	idle = g_ptr_array_new();
	owner = getpid();
}

CURL *http_curl_new(void)
{
	once_run(&once, start);
	return started ? curl_easy_init() : NULL;
}

/* A process that forked must not write into its parent's connections, nor end them. */
static void leave_to_parent(void)
{
	if (owner == getpid())
		return;
	g_ptr_array_set_size(idle, 0);
	owner = getpid();
}

CURL *http_curl_take(void)
{
	CURL *curl = NULL;

	once_run(&once, start);
	mutex_lock(mutex);
	leave_to_parent();
	if (idle->len > 0)
		curl = g_ptr_array_remove_index(idle, idle->len - 1);
	mutex_unlock(mutex);
	if (!curl)
		return http_curl_new();
	curl_easy_reset(curl);
	return curl;
}

void http_curl_give_back(CURL *curl)
{
	mutex_lock(mutex);
	leave_to_parent();
	g_ptr_array_add(idle, curl);
	mutex_unlock(mutex);
}
