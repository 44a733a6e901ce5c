#include "base/fault.h"

#ifdef ODR_FAULT_INJECTION

# include "base/error.h"

# include <errno.h>
# include <fcntl.h>
# include <signal.h>
# include <stdatomic.h>
# include <stdlib.h>
# include <string.h>
# include <unistd.h>

static void record_firing(const char *plan, const char *what)
{
	const char *path = getenv("ODR_FAULT_LOG");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	g_autofree char *line = g_strdup_printf("%s %s\n", plan, what);

	if (path && (fd < 0 || write(fd, line, strlen(line)) < 0))
		g_error("cannot write ODR_FAULT_LOG=%s: %s", path, g_strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool act(const char *action, const char *point, const char *what, GError **error)
{
	if (strcmp(action, "fail") == 0)
		return odr_fail(error, ODR_ERROR_SYSTEM, "%s '%s': a fault planted on purpose",
				point, what);
	if (strcmp(action, "nospace") == 0)
		return odr_fail_errno(error, ENOSPC, "%s '%s'", point, what);
	if (strcmp(action, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(action, "stop") == 0)
		return kill(getpid(), SIGTERM) == 0;
	if (strcmp(action, "pause") == 0)
		return raise(SIGSTOP) == 0;
	g_error("ODR_FAULT: action '%s' is none of fail, nospace, kill, stop, pause", action);
}

bool fault_point(const char *point, const char *what, GError **error)
{
	static atomic_uint_fast64_t passed;
	const char *plan = getenv("ODR_FAULT");
	g_auto(GStrv) parts = plan ? g_strsplit(plan, ":", 3) : NULL;
	guint64 chosen;

	if (!plan)
		return true;
	if (g_strv_length(parts) != 3 ||
	    !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT64, &chosen, NULL))
		g_error("ODR_FAULT=%s is not POINT:K:ACTION", plan);
	if (strcmp(point, parts[0]) != 0 || atomic_fetch_add(&passed, 1) + 1 != chosen)
		return true;
	record_firing(plan, what);
	return act(parts[2], point, what, error);
}

gint64 fault_clock(void)
{
	const char *ahead = getenv("ODR_FAULT_CLOCK");

	return ahead ? g_ascii_strtoll(ahead, NULL, 10) : 0;
}

#endif
