#include "base/socket.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_MAX 16 /* that were not accepted yet */

bool socket_listen(const char *path, int *listener, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is too long a path for a socket: %zu bytes at most", path,
				sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, WAITING_MAX) == 0) {
		*listener = fd;
		return true;
	}
	odr_fail_errno(error, errno, "cannot listen at '%s'", path);
	if (fd >= 0)
		close(fd);
	return false;
}
