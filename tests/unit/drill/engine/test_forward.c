#include "drill/engine/forward.h"

#include "base/background.h"
#include "base/error.h"
#include "base/file.h"
#include "http/exchange.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PORT 8069

/* Says over HTTP in which network it is. */
static const char server_script[] =
	"use IO::Socket::INET; $| = 1;"
	"my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1:8069', Listen => 5, ReuseAddr => 1)"
	" or die; print \"ready\\n\";"
	"while (my $c = $l->accept) { while (my $line = <$c>) { last if $line =~ /^\\r?$/ }"
	" my $body = readlink('/proc/self/ns/net') . ' ' . 'x' x 300000;"
	" print $c \"HTTP/1.1 200 OK\\r\\nContent-Length: \" . length($body) ."
	" \"\\r\\nConnection: close\\r\\n\\r\\n$body\"; close $c }";

static char *folder, *socket_path, *output;
static Background *server; /* NULL: this user may have no namespaces */

static bool is_ready(void)
{
	g_autofree char *text = NULL;

	return g_file_get_contents(output, &text, NULL, NULL) && strcmp(text, "ready\n") == 0;
}

static bool is_possible(void)
{
	if (!server)
		g_test_skip("this user may have no namespaces");
	return server != NULL;
}

static bool ask(HttpAnswer *answer, GError **error)
{
	return http_exchange(&(struct http_request){.method = "GET",
						    .url = "http://127.0.0.1/",
						    .socket = socket_path,
						    .proxy = "",
						    .limit = 1 << 20,
						    .plain = true},
			     answer, error);
}

static char *network_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", pid);

	return g_file_read_link(path, NULL);
}

static void test_reaches(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HttpAnswer) answer = http_answer_new();

	if (!is_possible())
		return;
	g_autoptr(Forward) forward = forward_start(
		&(struct forward_settings){socket_path, background_pid(server), PORT}, &error);

	g_assert_no_error(error);
	for (int i = 0; i < 3; i++) {
		ask(answer, &error);
		g_assert_no_error(error);
		g_autofree char *text =
			g_strndup((const char *)answer->body->data, answer->body->len);
		g_autofree char *network = network_of(background_pid(server));
		g_autofree char *own = network_of(getpid());

		g_assert_cmpuint(answer->status, ==, 200);
		g_assert_cmpuint(answer->body->len, >, 300000);
		g_assert_true(g_str_has_prefix(text, network));
		g_assert_false(g_str_has_prefix(text, own));
	}
}

/* Nobody is at that port: neither there nor, though the test might be, here. */
static void test_nobody(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HttpAnswer) answer = http_answer_new();

	if (!is_possible())
		return;
	g_autoptr(Forward) forward = forward_start(
		&(struct forward_settings){socket_path, background_pid(server), PORT + 1}, &error);

	g_assert_no_error(error);
	g_assert_false(ask(answer, &error));
	/* As soon as the connection is made, or sooner than that is noticed. */
	g_assert_true(odr_error_is(error, ODR_ERROR_TRANSIENT) ||
		      odr_error_is(error, ODR_ERROR_UNREACHABLE));
}

static void test_ends(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HttpAnswer) answer = http_answer_new();

	if (!is_possible())
		return;
	forward_free(forward_start(
		&(struct forward_settings){socket_path, background_pid(server), PORT}, &error));
	g_assert_no_error(error);
	g_assert_false(g_file_test(socket_path, G_FILE_TEST_EXISTS));
}

static void test_refusals(void)
{
	g_autofree char *expected = NULL;
	g_autofree char *own = g_build_filename(folder, "own", NULL);
	g_autofree char *text = g_strnfill(200, 'a');
	g_autoptr(GError) error = NULL;

	g_assert_null(forward_start(&(struct forward_settings){text, getpid(), PORT}, &error));
	expected = g_strdup_printf("'%s' is too long a path for a socket: 107 bytes at most", text);
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==, expected);
	g_clear_error(&error);
	/* One's own user namespace cannot be joined: this would be no isolation at all. */
	g_assert_null(forward_start(&(struct forward_settings){own, getpid(), PORT}, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(error->message, ==,
			"the network of the drill cannot be entered: Invalid argument");
	g_assert_false(g_file_test(own, G_FILE_TEST_EXISTS));
}

static Background *start_server(void)
{
	g_autoptr(GError) error = NULL;
	Background *background = background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/usr/bin/perl", "-e", server_script, NULL},
			.output = output,
			.death_signal = SIGKILL,
			.no_network = true},
		&error);

	if (!background && odr_error_is(error, ODR_ERROR_REFUSED))
		return NULL;
	g_assert_no_error(error);
	while (!is_ready() && background_runs(background, NULL))
		g_usleep(1000);
	g_assert_true(background_runs(background, NULL));
	return background;
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-forward-XXXXXX", NULL);
	socket_path = g_build_filename(folder, "socket", NULL);
	output = g_build_filename(folder, "output", NULL);
	server = start_server();
	g_test_add_func("/drill/forward/reaches-a-network-that-has-none", test_reaches);
	g_test_add_func("/drill/forward/what-nobody-takes-ends", test_nobody);
	g_test_add_func("/drill/forward/leaves-no-socket", test_ends);
	g_test_add_func("/drill/forward/refuses-what-is-no-place", test_refusals);
	result = g_test_run();
	background_free(server);
	file_remove_tree(folder, NULL);
	g_free(output);
	g_free(socket_path);
	g_free(folder);
	return result;
}
