#include "ops/archive/feed.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool say(int fd, const char *text, GError **error)
{
	for (size_t left = strlen(text); left > 0;) {
		ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return odr_fail_errno(error, errno, "cannot ask for it");
		text += MAX(sent, 0);
		left -= (size_t)MAX(sent, 0);
	}
	return true;
}

static bool hear(int fd, int *status, GError **error)
{
	unsigned char answer;
	ssize_t got;

	do
		got = recv(fd, &answer, 1, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return odr_fail_errno(error, errno, "no answer came");
	if (got == 0 || (answer != 0 && answer != 1 && answer != 126))
		return odr_fail(error, ODR_ERROR_FAILED, "no answer came");
	*status = answer;
	return true;
}

bool feed_ask(const char *socket_path, const char *file, const char *path, int *status,
	      GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *question = g_strdup_printf("%s\n%s\n", file, path);
	bool done;
	int fd;

	if (strlen(socket_path) >= sizeof(address.sun_path) ||
	    strlen(question) >= FEED_QUESTION_MAX)
		return odr_fail(error, ODR_ERROR_USAGE, "the name of a socket or file is too long");
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot make a socket");
	done = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
	       odr_fail_errno(error, errno, "cannot reach '%s'", socket_path);
	done = done && say(fd, question, error) && hear(fd, status, error);
	close(fd);
	return done;
}
