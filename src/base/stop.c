#include "base/stop.h"

#include "base/error.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_STEP (50 * (USEC_PER_SEC / 1000)) /* how soon a stop request is noticed */

static atomic_int stopped_by;

static void on_signal(int signal)
{
	int none = 0;

	if (!atomic_compare_exchange_strong(&stopped_by, &none, signal))
		_exit(128 + signal);
}

void stop_install(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&action.sa_mask);
	sigemptyset(&ignore.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

bool stop_requested(void)
{
	return stop_signal() != 0;
}

int stop_signal(void)
{
	return atomic_load_explicit(&stopped_by, memory_order_relaxed);
}

void stop_request(int signal)
{
	atomic_store(&stopped_by, signal);
}

bool stop_check(GError **error)
{
	if (!stop_requested())
		return true;
	return odr_fail(error, ODR_ERROR_STOPPED, "stopped by %s",
			stop_signal() == SIGINT ? "SIGINT" : "SIGTERM");
}

bool stop_wait(usec_t time, GError **error)
{
	usec_t end = clock_monotonic() + time;

	for (usec_t left; (left = end - clock_monotonic()) > 0;) {
		if (!stop_check(error))
			return false;
		g_usleep((gulong)MIN(left, WAIT_STEP));
	}
	return stop_check(error);
}
