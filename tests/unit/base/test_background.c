#include "base/background.h"

#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

static bool no_network;

static Background *start(const char *script, const char *const *writable, GError **error)
{
	g_autofree char *output = g_build_filename(folder, "output", NULL);

	unlink(output);
	return background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/bin/sh", "-c", script, NULL},
			.output = output,
			.death_signal = SIGKILL,
			.writable = writable,
			.no_network = no_network},
		error);
}

static int wait_for(Background *background)
{
	int status = -1;

	while (background_runs(background, &status))
		g_usleep(1000);
	return status;
}

static char *output_text(void)
{
	g_autofree char *path = g_build_filename(folder, "output", NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void test_output_and_status(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Background) background = start("echo out; echo err >&2; exit 3", NULL, &error);
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	g_assert_cmpint(wait_for(background), ==, 3);
	text = output_text();
	g_assert_cmpstr(text, ==, "out\nerr\n");
}

static void test_no_such_program(void)
{
	g_autofree char *output = g_build_filename(folder, "output", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(background_start(
		&(struct background_request){.argv = (const char *const[]){"/no/such", NULL},
					     .output = output},
		&error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==, "cannot run '/no/such': No such file or directory");
}

static void test_stop(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Background) willing = start("exec sleep 60", NULL, &error);

	g_assert_no_error(error);
	g_assert_true(background_stop(willing, SIGTERM, 60 * USEC_PER_SEC));

	/* The shell says when it no longer listens. */
	g_autoptr(Background) deaf =
		start("trap '' TERM; echo ready; while :; do sleep 60; done", NULL, &error);
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	do {
		g_free(text);
		text = output_text();
	} while (strcmp(text, "ready\n") != 0);
	g_assert_false(background_stop(deaf, SIGTERM, 1000));
	g_assert_false(background_runs(deaf, NULL));
	g_assert_cmpint(kill(background_pid(deaf), 0), ==, -1);
	g_assert_cmpint(errno, ==, ESRCH);
}

/* A descriptor that nobody marked, a core of what it has in memory, the folder that whoever started us stands in. */
static void test_sheds(void)
{
	g_autoptr(GError) error = NULL;
	int open_end[2];

	g_assert_cmpint(pipe(open_end), ==, 0);
	g_autofree char *script = g_strdup_printf(
		"[ ! -e /proc/self/fd/%d ] && echo closed; ulimit -H -c; pwd", open_end[1]);
	g_autoptr(Background) background = start(script, NULL, &error);
	g_autofree char *text = NULL;

	g_assert_no_error(error);
	wait_for(background);
	text = output_text();
	g_assert_cmpstr(text, ==, "closed\n0\n/\n");
	close(open_end[0]);
	close(open_end[1]);
}

/* The pipe is closed when the last of them is gone. */
static void test_leaves_nothing(void)
{
	g_autofree char *fifo = g_build_filename(folder, "fifo", NULL);
	g_autofree char *script = g_strdup_printf("{ echo a; sleep 600; } > '%s' & exit 0", fifo);
	g_autoptr(GError) error = NULL;
	char byte;
	int end;

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_autoptr(Background) background = start(script, NULL, &error);

	g_assert_no_error(error);
	end = open(fifo, O_RDONLY | O_CLOEXEC);
	g_assert_cmpint(read(end, &byte, 1), ==, 1);
	g_assert_cmpint(wait_for(background), ==, 0);
	while (read(end, &byte, 1) > 0)
		;
	close(end);
}

/* A child of ours starts one and is killed: its own is gone soon after. */
static void test_ends_with_us(void)
{
	int report[2];
	pid_t child, grandchild = 0;
	char state = 'R';

	g_assert_cmpint(pipe(report), ==, 0);
	child = fork();
	if (child == 0) {
		Background *background = start("exec sleep 600", NULL, NULL);

		grandchild = background ? background_pid(background) : 0;
		if (write(report[1], &grandchild, sizeof(grandchild)) < 0)
			_exit(1);
		pause();
		_exit(1);
	}
	g_assert_cmpint(read(report[0], &grandchild, sizeof(grandchild)), ==, sizeof(grandchild));
	g_assert_cmpint(grandchild, >, 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	/* Whoever inherits it may leave it a zombie. */
	while (kill(grandchild, 0) == 0 && state != 'Z') {
		g_autofree char *path = g_strdup_printf("/proc/%d/stat", grandchild);
		g_autofree char *stat = NULL;

		if (g_file_get_contents(path, &stat, NULL, NULL))
			state = *(strrchr(stat, ')') + 2);
	}
	close(report[0]);
	close(report[1]);
}

static void test_confined(void)
{
	g_autofree char *inside = g_build_filename(folder, "inside", NULL);
	g_autofree char *script = g_strdup_printf(
		"echo a > '%s/inside/new' && echo inside; { echo a > '%s/new'; } 2>/dev/null || echo "
		"outside; { chmod 0755 '%s'; } 2>/dev/null || echo mode; id -u",
		folder, folder, folder);
	g_autofree char *expected = g_strdup_printf("inside\noutside\nmode\n%u\n", geteuid());
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(g_mkdir(inside, 0700), ==, 0);
	prctl(PR_SET_DUMPABLE, 0); /* as programs are that hold secrets */
	g_autoptr(Background) background =
		start(script, (const char *const[]){inside, NULL}, &error);

	if (!background && odr_error_is(error, ODR_ERROR_REFUSED)) {
		g_test_skip(error->message);
		return;
	}
	g_assert_no_error(error);
	wait_for(background);
	text = output_text();
	g_assert_cmpstr(text, ==, expected);
}

/* A loopback that works, and nothing else. */
static void test_no_network(void)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	no_network = true;
	g_autoptr(Background) background =
		start("grep -c : /proc/net/dev; sed -n 's/^ *\\(lo\\):.*/\\1/p' /proc/net/dev",
		      NULL, &error);
	no_network = false;
	if (!background && odr_error_is(error, ODR_ERROR_REFUSED)) {
		g_test_skip(error->message);
		return;
	}
	g_assert_no_error(error);
	wait_for(background);
	text = output_text();
	g_assert_cmpstr(text, ==, "1\nlo\n");
}

static char *network_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", pid);

	return g_file_read_link(path, NULL);
}

/* The network of another one, and what may be written besides. */
static void test_place(void)
{
	g_autofree char *inside = g_build_filename(folder, "place", NULL);
	g_autofree char *output = g_build_filename(folder, "output", NULL);
	g_autofree char *script =
		g_strdup_printf("readlink /proc/self/ns/net; echo a > '%s/new' && echo inside; "
				"{ echo a > '%s/new'; } 2>/dev/null || echo outside",
				inside, folder);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct confinement_place place;

	g_assert_cmpint(g_mkdir(inside, 0700), ==, 0);
	no_network = true;
	g_autoptr(Background) first = start("exec sleep 600", NULL, &error);
	no_network = false;
	if (!first && odr_error_is(error, ODR_ERROR_REFUSED)) {
		g_test_skip(error->message);
		return;
	}
	g_assert_no_error(error);
	g_assert_true(confinement_place_open(&place, background_pid(first)));
	unlink(output);
	g_autoptr(Background) second = background_start(
		&(struct background_request){
			.argv = (const char *const[]){"/bin/sh", "-c", script, NULL},
			.output = output,
			.death_signal = SIGKILL,
			.writable = (const char *const[]){inside, NULL},
			.place = &place},
		&error);
	confinement_place_close(&place);
	g_assert_no_error(error);
	wait_for(second);
	text = output_text();

	g_autofree char *network = network_of(background_pid(first));
	g_autofree char *own = network_of(getpid());
	g_autofree char *expected = g_strdup_printf("%s\ninside\noutside\n", network);

	g_assert_cmpstr(network, !=, own);
	g_assert_cmpstr(text, ==, expected);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-background-XXXXXX", NULL);
	g_test_add_func("/background/output-and-status", test_output_and_status);
	g_test_add_func("/background/no-such-program", test_no_such_program);
	g_test_add_func("/background/stop-waits-and-then-kills", test_stop);
	g_test_add_func("/background/nothing-of-ours-comes-along", test_sheds);
	g_test_add_func("/background/nothing-of-its-group-stays", test_leaves_nothing);
	g_test_add_func("/background/ends-with-us-however-we-end", test_ends_with_us);
	g_test_add_func("/background/confined-to-some-folders", test_confined);
	g_test_add_func("/background/no-network", test_no_network);
	g_test_add_func("/background/where-another-one-is", test_place);
	result = g_test_run();
	file_remove_tree(folder, NULL);
	g_free(folder);
	return result;
}
