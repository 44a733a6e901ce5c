#include "http/connection.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A port of this host on which somebody listens, or nobody any more. */
static int open_port(unsigned *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(fd, 8), ==, 0);
	g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &size), ==, 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void test_connects(void)
{
	unsigned port;
	int fd = open_port(&port);
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u/", port);
	struct http_target target = {.url = url, .plain = true};
	struct http_connection connection;
	g_autoptr(GError) error = NULL;

	http_connect(&target, &connection, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(connection.address, ==, "127.0.0.1");
	g_assert_cmpint(connection.port, ==, port);
	g_assert_cmpstr(connection.subject, ==, "");
	close(fd);
}

static void test_nobody(void)
{
	unsigned port;
	int fd = open_port(&port);
	g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/", port);
	struct http_target target = {.url = url};
	struct http_connection connection;
	g_autoptr(GError) error = NULL;

	close(fd);
	g_assert_false(http_connect(&target, &connection, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_UNREACHABLE);
	g_assert_cmpint(connection.stage, ==, HTTP_CONNECT);
}

/* Whoever closes at once has said nothing about a certificate. */
static pid_t hang_up(int fd)
{
	pid_t child = fork();

	if (child == 0) {
		close(accept(fd, NULL, NULL));
		_exit(0);
	}
	return child;
}

static void test_no_tls(void)
{
	unsigned port;
	int fd = open_port(&port);
	g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u/", port);
	struct http_target target = {.url = url};
	struct http_connection connection;
	g_autoptr(GError) error = NULL;
	pid_t child = hang_up(fd);

	g_assert_false(http_connect(&target, &connection, &error));
	g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
	g_assert_cmpint(connection.stage, ==, HTTP_TLS);
	g_assert_cmpint(connection.valid_until, ==, 0);
	close(fd);
}

static void test_name(void)
{
	struct http_target target = {.url = "https://odrbackup.invalid/"};
	struct http_connection connection;
	g_autoptr(GError) error = NULL;

	g_assert_false(http_connect(&target, &connection, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_UNREACHABLE);
	g_assert_cmpint(connection.stage, ==, HTTP_NAME);
	g_assert_nonnull(strstr(error->message, "odrbackup.invalid"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_unsetenv("https_proxy");
	g_unsetenv("http_proxy");
	g_test_add_func("/http/connection/says-who-listens", test_connects);
	g_test_add_func("/http/connection/says-that-nobody-listens", test_nobody);
	g_test_add_func("/http/connection/says-that-there-is-no-tls", test_no_tls);
	g_test_add_func("/http/connection/says-that-a-name-is-unknown", test_name);
	return g_test_run();
}
