#include "base/log.h"

#include "base/error.h"
#include "base/pool.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What stderr gets while say() runs. */
static char *captured(void (*say)(void))
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("odr-test-XXXXXX", &path, NULL);
	int saved = dup(STDERR_FILENO);
	char *text = NULL;

	g_assert_cmpint(dup2(fd, STDERR_FILENO), ==, STDERR_FILENO);
	say();
	g_assert_cmpint(dup2(saved, STDERR_FILENO), ==, STDERR_FILENO);
	close(saved);
	close(fd);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_unlink(path);
	return text;
}

static void open_log(enum log_format format, enum log_level level)
{
	struct log_settings settings = {.format = format, .level = level};

	g_assert_true(log_open(&settings, NULL));
	log_set_run("r\"1", "erp");
}

static void say_all(void)
{
	log_error("no %s", "space");
	log_warning("little space");
	log_info("some space");
	log_debug("%d bytes", 5);
}

static void test_text(void)
{
	g_autofree char *normal = NULL, *quiet = NULL, *verbose = NULL;

	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	normal = captured(say_all);
	g_assert_cmpstr(normal, ==,
			"odrbackup: error: no space\n"
			"odrbackup: warning: little space\n"
			"odrbackup: some space\n");
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_ERROR);
	g_assert_false(log_enabled(LOG_LEVEL_WARNING));
	quiet = captured(say_all);
	g_assert_cmpstr(quiet, ==, "odrbackup: error: no space\n");
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	g_assert_true(log_enabled(LOG_LEVEL_DEBUG));
	verbose = captured(say_all);
	g_assert_true(g_str_has_suffix(verbose, "odrbackup: debug: 5 bytes\n"));
}

static void test_prefix(void)
{
	g_autofree char *text = NULL;

	open_log(LOG_FORMAT_PREFIX, LOG_LEVEL_DEBUG);
	text = captured(say_all);
	g_assert_cmpstr(text, ==, "<3>no space\n<4>little space\n<6>some space\n<7>5 bytes\n");
}

static void say_hostile(void)
{
	log_info("a\nodrbackup: b\x1b[2J\xff\xc2\x9b\x7f\"\\é");
}

static void test_hostile_text(void)
{
	g_autofree char *text = NULL;

	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	text = captured(say_hostile);
	g_assert_cmpstr(text, ==, "odrbackup: a odrbackup: b [2J\xef\xbf\xbd   \"\\é\n");
}

/* The line without its time. */
static const char *after_time(const char *line)
{
	const char *level = strstr(line, ",\"level\"");

	g_assert_true(g_str_has_prefix(line, "{\"ts\":\"20"));
	g_assert_nonnull(level);
	return level;
}

static void test_hostile_json(void)
{
	g_autofree char *text = NULL;

	open_log(LOG_FORMAT_JSON, LOG_LEVEL_INFO);
	text = captured(say_hostile);
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_cmpstr(after_time(text), ==,
			",\"level\":\"info\",\"msg\":\"a\\u000aodrbackup: b\\u001b[2J\xef\xbf\xbd"
			"\xc2\x9b\\u007f\\\"\\\\é\",\"service\":\"erp\",\"run\":\"r\\\"1\"}\n");
}

static void say_event(void)
{
	const struct log_event event = {
		.name = "set.published", .set = "s7", .exited = true, .exit_status = 9};

	log_write(LOG_LEVEL_WARNING, &event, "set %d", 7);
}

static void test_json(void)
{
	const struct log_settings bare = {.format = LOG_FORMAT_JSON, .level = LOG_LEVEL_INFO};
	g_autofree char *text = NULL;

	g_assert_true(log_open(&bare, NULL));
	log_set_run(NULL, NULL);
	text = captured(say_event);
	g_assert_cmpstr(
		after_time(text), ==,
		",\"level\":\"warning\",\"event\":\"set.published\",\"msg\":\"set 7\",\"set\":\"s7\",\"exit\":9}\n");
}

static void say_for_programs(void)
{
	const struct log_event event = {.name = "drill.entered", .phase = "replaying"};

	log_event(LOG_LEVEL_INFO, &event, "drill.entered: %s", "replaying");
}

static void test_event(void)
{
	g_autofree char *quiet = NULL, *verbose = NULL, *json = NULL;

	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	quiet = captured(say_for_programs);
	g_assert_cmpstr(quiet, ==, "");
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG);
	verbose = captured(say_for_programs);
	g_assert_cmpstr(verbose, ==, "odrbackup: drill.entered: replaying\n");
	open_log(LOG_FORMAT_JSON, LOG_LEVEL_ERROR);
	json = captured(say_for_programs);
	g_assert_true(g_str_has_suffix(json, ",\"phase\":\"replaying\"}\n"));
}

/* A socket like the journal's, and what it got last. */
static int listen_as_journal(char **folder, char **path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*folder = g_dir_make_tmp("odr-test-XXXXXX", NULL);
	*path = g_build_filename(*folder, "socket", NULL);
	g_strlcpy(address.sun_path, *path, sizeof(address.sun_path));
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	return fd;
}

static void say_what_forges_fields(void)
{
	const struct log_event event = {
		.name = "unit.failed", .set = "a\nPRIORITY=0", .outcome = "failed"};

	log_write(LOG_LEVEL_ERROR, &event, "one\nPRIORITY=0");
	say_for_programs();
}

static void test_journal(void)
{
	g_autofree char *folder = NULL, *path = NULL, *text = NULL, *alone = NULL;
	int fd = listen_as_journal(&folder, &path);
	const struct log_settings settings = {
		.format = LOG_FORMAT_JOURNAL, .level = LOG_LEVEL_ERROR, .journal = path};
	char entry[1000] = "";

	g_assert_true(log_open(&settings, NULL));
	log_set_run("r1", "erp");
	text = captured(say_what_forges_fields);
	g_assert_cmpstr(text, ==, "");
	g_assert_cmpint(recv(fd, entry, sizeof(entry) - 1, 0), >, 0);
	g_assert_cmpstr(entry, ==,
			"MESSAGE=one PRIORITY=0\nPRIORITY=3\nSYSLOG_IDENTIFIER=odrbackup\n"
			"MESSAGE_ID=7a60932acbad4a229effbf84970986be\nODR_EVENT=unit.failed\n"
			"ODR_SERVICE=erp\nODR_RUN_ID=r1\nODR_SET=a PRIORITY=0\n"
			"ODR_OUTCOME=failed\n");
	memset(entry, 0, sizeof(entry));
	g_assert_cmpint(recv(fd, entry, sizeof(entry) - 1, 0), >, 0);
	g_assert_nonnull(strstr(entry, "\nPRIORITY=6\n"));
	g_assert_nonnull(strstr(entry, "\nODR_PHASE=replaying\n"));
	close(fd);
	alone = captured(say_what_forges_fields);
	g_assert_cmpstr(alone, ==, "<3>one PRIORITY=0\n<6>drill.entered: replaying\n");
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_unlink(path);
	g_rmdir(folder);
}

static void test_file(void)
{
	g_autofree char *folder = g_dir_make_tmp("odr-test-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "log", NULL);
	const struct log_settings settings = {.level = LOG_LEVEL_INFO, .file = path};
	g_autofree char *text = NULL;
	GStatBuf about;

	for (int i = 0; i < 2; i++) {
		g_assert_true(log_open(&settings, NULL));
		log_warning("line");
	}
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_true(
		g_regex_match_simple("^(20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{6})?Z "
				     "odrbackup\\[\\d+\\]: warning: line\\n){2}$",
				     text, G_REGEX_DOLLAR_ENDONLY, 0));
	g_assert_cmpint(g_stat(path, &about), ==, 0);
	g_assert_cmpint(about.st_mode & 0027, ==, 0);
	g_unlink(path);
	g_rmdir(folder);
}

static void test_no_file(void)
{
	const struct log_settings settings = {.level = LOG_LEVEL_INFO, .file = "/nonexistent/log"};
	g_autoptr(GError) error = NULL;

	g_assert_false(log_open(&settings, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_NOT_FOUND);
	g_assert_cmpstr(error->message, ==,
			"cannot open the log file '/nonexistent/log': No such file or directory");
}

static bool say_job(void *shared, void *context, size_t job, GError **error)
{
	log_info("job %zu", job);
	return true;
}

static void say_together(void)
{
	const struct pool_work work = {.workers = 8, .jobs = 500, .run = say_job};

	g_assert_true(pool_run(&work, NULL));
}

static void test_threads(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	text = captured(say_together);
	lines = g_strsplit(text, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 501);
	for (size_t i = 0; i < 500; i++)
		g_assert_true(g_str_has_prefix(lines[i], "odrbackup: job "));
}

static unsigned hooked;

static void count_hook(void)
{
	hooked++;
}

static void test_hook(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	int saved = dup(STDERR_FILENO), terminal;
	g_autofree char *text = NULL;

	log_set_line_hook(count_hook);
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	text = captured(say_event);
	if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 ||
	    (terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0) {
		g_test_skip("no pseudo terminal");
		return;
	}
	hooked = 0;
	dup2(terminal, STDERR_FILENO);
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_info("a line");
	log_debug("no line");
	dup2(saved, STDERR_FILENO);
	log_set_line_hook(NULL);
	open_log(LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	g_assert_cmpuint(hooked, ==, 1);
	close(terminal);
	close(master);
	close(saved);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/log/text/says-the-level-where-it-matters", test_text);
	g_test_add_func("/log/text/a-message-cannot-forge-lines", test_hostile_text);
	g_test_add_func("/log/prefix/is-the-priority", test_prefix);
	g_test_add_func("/log/journal/gets-fields-that-no-message-forges", test_journal);
	g_test_add_func("/log/event/is-for-programs", test_event);
	g_test_add_func("/log/json/has-what-is-known", test_json);
	g_test_add_func("/log/json/is-valid-whatever-the-message", test_hostile_json);
	g_test_add_func("/log/file/is-appended-to-with-time-and-pid", test_file);
	g_test_add_func("/log/file/says-why-it-cannot-be-opened", test_no_file);
	g_test_add_func("/log/threads/do-not-mix-lines", test_threads);
	g_test_add_func("/log/hook/is-called-before-a-line-on-a-terminal", test_hook);
	return g_test_run();
}
