#include "drill/engine/isolation.h"

#include "base/background.h"
#include "base/error.h"
#include "base/file.h"
#include "base/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* False, with the test skipped, where this user may have no namespaces. */
static bool is_possible(void)
{
	struct isolation isolation;
	g_autoptr(GError) error = NULL;
	bool possible = isolation_prove(&(struct isolation_request){0}, &isolation, &error);

	isolation_clear(&isolation);
	if (!possible && strstr(error->message, "allow namespaces"))
		g_test_skip(error->message);
	else
		g_assert_no_error(error);
	return possible;
}

static void assert_out_of_reach(const struct isolation *isolation, guint count)
{
	g_assert_cmpuint(isolation->results->len, ==, count);
	for (guint i = 0; i < count; i++) {
		const struct isolation_result *result = isolation->results->pdata[i];

		g_assert_true(result->number == ENETUNREACH || result->number == EADDRNOTAVAIL);
	}
}

static void of_its_own(void)
{
	static const char *const probes[] = {"203.0.113.9:25", NULL};
	struct isolation isolation;
	g_autoptr(GError) error = NULL;

	if (!is_possible())
		return;
	g_assert_true(
		isolation_prove(&(struct isolation_request){.probes = probes}, &isolation, &error));
	assert_out_of_reach(&isolation, 3);
	g_assert_cmpstr(((struct isolation_result *)isolation.results->pdata[2])->to, ==,
			probes[0]);
	isolation_clear(&isolation);
}

static const char *const *in_sight; /* of what is started */

static Background *start(bool no_network)
{
	g_autoptr(GError) error = NULL;
	Background *background = background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/bin/sleep", "600", NULL},
			.output = "/dev/null",
			.death_signal = SIGKILL,
			.in_sight = in_sight,
			.no_network = no_network},
		&error);

	g_assert_no_error(error);
	return background;
}

static void where_a_process_is(void)
{
	struct isolation isolation;
	g_autoptr(GError) error = NULL;

	if (!is_possible())
		return;
	g_autoptr(Background) background = start(true);

	g_assert_true(
		isolation_prove(&(struct isolation_request){.pid = background_pid(background)},
				&isolation, &error));
	assert_out_of_reach(&isolation, 2);
	g_assert_cmpstr(isolation.network, !=, isolation.own_network);
	g_assert_true(g_str_has_prefix(isolation.network, "net:["));
	isolation_clear(&isolation);
}

/* A server of this host, and a process that was not confined. */
static void what_can_be_reached_is_refused(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	g_autofree char *probe = NULL;
	struct isolation isolation;
	g_autoptr(GError) error = NULL;

	if (!is_possible())
		return;
	g_assert_cmpint(bind(listener, (struct sockaddr *)&address, size), ==, 0);
	g_assert_cmpint(listen(listener, 1), ==, 0);
	g_assert_cmpint(getsockname(listener, (struct sockaddr *)&address, &size), ==, 0);
	probe = g_strdup_printf("127.0.0.1:%u", ntohs(address.sin_port));

	g_autoptr(Background) background = start(false);

	g_assert_false(isolation_prove(
		&(struct isolation_request){.probes = (const char *const[]){probe, NULL},
					    .pid = background_pid(background)},
		&isolation, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_REFUSED));
	isolation_clear(&isolation);
	g_clear_error(&error);

	/* Of its own loopback it is told apart: nobody listens there. */
	g_assert_false(isolation_prove(
		&(struct isolation_request){.probes = (const char *const[]){probe, NULL}},
		&isolation, &error));
	g_assert_cmpint(((struct isolation_result *)isolation.results->pdata[2])->number, ==,
			ECONNREFUSED);
	isolation_clear(&isolation);
	close(listener);
}

/* Of the file system: a network namespace alone does not keep anybody from it. */
static void a_socket_of_this_host(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-isolation-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "server", NULL);
	g_autofree char *message = g_strdup_printf(
		"socket '%s' of this host can be reached from where the drill would run", path);
	static const char *const nothing[] = {NULL};
	g_autoptr(GPtrArray) sockets = g_ptr_array_new();
	struct isolation isolation;
	g_autoptr(GError) error = NULL;
	int listener;

	if (!is_possible())
		return;
	g_ptr_array_add(sockets, path);
	g_assert_true(socket_listen(path, &listener, &error));

	g_autoptr(Background) sees = start(true);
	struct isolation_request request = {.sockets = sockets, .pid = background_pid(sees)};

	g_assert_false(isolation_prove(&request, &isolation, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(error->message, ==, message);
	isolation_clear(&isolation);
	g_clear_error(&error);

	/* The drill's own may be reached. */
	request.own = folder;
	g_assert_true(isolation_prove(&request, &isolation, &error));
	isolation_clear(&isolation);

	in_sight = nothing;
	g_autoptr(Background) blind = start(true);

	in_sight = NULL;
	request = (struct isolation_request){.sockets = sockets, .pid = background_pid(blind)};
	g_assert_true(isolation_prove(&request, &isolation, &error));
	g_assert_cmpstr(((struct isolation_result *)isolation.results->pdata[2])->to, ==, path);
	g_assert_cmpint(((struct isolation_result *)isolation.results->pdata[2])->number, ==,
			ENOENT);
	isolation_clear(&isolation);
	close(listener);
	unlink(path);
	rmdir(folder);
}

static void what_is_no_address(void)
{
	static const char *const wrong[] = {"host",   ":25",	 "host:0",   "host:65536",
					    "::1:25", "[::1:25", "host:25x", ""};

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *message = g_strdup_printf(
			"'%s' is no address to try: HOST:PORT or [ADDRESS]:PORT", wrong[i]);
		struct isolation isolation;
		g_autoptr(GError) error = NULL;

		g_assert_false(isolation_prove(
			&(struct isolation_request){.probes =
							    (const char *const[]){wrong[i], NULL}},
			&isolation, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, message);
		isolation_clear(&isolation);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/isolation/refuses-a-socket-of-this-host", a_socket_of_this_host);
	g_test_add_func("/isolation/of-its-own", of_its_own);
	g_test_add_func("/isolation/where-a-process-is", where_a_process_is);
	g_test_add_func("/isolation/what-can-be-reached-is-refused",
			what_can_be_reached_is_refused);
	g_test_add_func("/isolation/what-is-no-address", what_is_no_address);
	return g_test_run();
}
