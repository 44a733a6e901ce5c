#include "drill/check/host.h"

#include "base/background.h"
#include "base/error.h"
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OUTPUT_MAX     ((off_t)16 << 20)
#define LINE_SIZE      8192
#define LOOK_EVERY_US  20000
#define STOP_WITHIN    (5 * USEC_PER_SEC)
#define RETRY_EVERY_US USEC_PER_SEC
#define SAYS_PASS      0
#define SAYS_FAIL      1
#define SAYS_NOTHING   3
#define SAYS_AGAIN     75
#define OVER_TIME      (-1)
#define OVER_SIZE      (-2)

/* ---- programs ------------------------------------------------------------------------------------ */

static void add(GPtrArray *environment, const char *name, const char *value)
{
	if (value)
		g_ptr_array_add(environment, g_strdup_printf("%s=%s", name, value));
}

static GPtrArray *environment_of(const struct drill_command_site *site)
{
	GPtrArray *environment = g_ptr_array_new_with_free_func(g_free);

	add(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	add(environment, "LC_ALL", "C.UTF-8");
	add(environment, "TZ", "UTC");
	add(environment, "ODR_CONNINFO", site->conninfo);
	add(environment, "ODR_DATABASE", site->database);
	add(environment, "ODR_FILESTORE", site->filestore);
	add(environment, "ODR_SERVICE", site->service);
	add(environment, "ODR_RUN", site->run_id);
	add(environment, "ODR_TARGET", site->target);
	add(environment, "ODR_URL", site->url);
	g_ptr_array_add(environment, NULL);
	return environment;
}

static Background *start(const struct drill_command_site *site, const struct plan_check *check,
			 const char *output, GError **error)
{
	g_autofree char *program =
		site->program ? g_strdup(site->program) : g_find_program_in_path(check->command[0]);
	g_autoptr(GPtrArray) environment = environment_of(site);
	struct confinement_place place = {-1, -1, -1};
	const char *in_sight[] = {site->folder, NULL};
	Background *background;

	if (!program) {
		odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no program '%s'", check->command[0]);
		return NULL;
	}
	if (site->server != 0 && !confinement_place_open(&place, site->server)) {
		odr_fail_errno(error, errno, "cannot look at the namespaces of the server");
		return NULL;
	}
	g_autofree const char **argv = g_new0(const char *, g_strv_length(check->command) + 1);

	argv[0] = program;
	for (guint i = 1; check->command[i]; i++)
		argv[i] = check->command[i];
	background = background_start(
		&(struct background_request){.argv = argv,
					     .environment = (const char *const *)environment->pdata,
					     .folder = site->folder,
					     .output = output,
					     .death_signal = SIGKILL,
					     .place = site->server != 0 ? &place : NULL,
					     .in_sight = site->server != 0 ? in_sight : NULL,
					     .ground = site->ground,
					     .limits = site->limits},
		error);
	confinement_place_close(&place);
	return background;
}

static bool says_too_much(const char *output)
{
	struct stat status;

	return stat(output, &status) == 0 && status.st_size > OUTPUT_MAX;
}

/* *status OVER_TIME or OVER_SIZE: it was ended. */
static bool wait_for(Background *background, const char *output, usec_t limit, int *status,
		     GError **error)
{
	usec_t end = clock_monotonic() + limit;

	while (background_runs(background, status)) {
		if (!stop_check(error))
			return false;
		bool late = limit > 0 && clock_monotonic() >= end;

		if (late || says_too_much(output)) {
			background_stop(background, SIGTERM, STOP_WITHIN);
			*status = late ? OVER_TIME : OVER_SIZE;
			return true;
		}
		g_usleep(LOOK_EVERY_US);
	}
	return true;
}

char *drill_last_line(const char *path)
{
	FILE *file = fopen(path, "re");
	char text[LINE_SIZE];
	size_t size = 0;

	if (file && (fseek(file, -LINE_SIZE, SEEK_END) == 0 || fseek(file, 0, SEEK_SET) == 0))
		size = fread(text, 1, sizeof(text), file);
	if (file)
		fclose(file);

	g_autofree char *end = g_utf8_make_valid(text, (gssize)size);
	const char *last = strrchr(g_strchomp(end), '\n');

	return g_strdup(last ? last + 1 : *end ? end : "it said nothing");
}

static void judge(int status, usec_t limit, const char *said, DrillCheckResult *result)
{
	g_autofree char *within = duration_format(limit);

	result->value = status < 0 ? NULL : g_strdup_printf("%d", status);
	switch (status) {
	case SAYS_PASS:
		drill_check_pass(result, "%s", said);
		break;
	case SAYS_FAIL:
		drill_check_fail(result, "%s", said);
		break;
	case SAYS_NOTHING:
		drill_check_unassessed(result, "%s", said);
		break;
	case OVER_TIME:
		drill_check_unassessed(result, "it did not end within %s", within);
		break;
	case OVER_SIZE:
		drill_check_unassessed(result, "it wrote more than %d MiB",
				       (int)(OUTPUT_MAX >> 20));
		break;
	default:
		drill_check_fail(result, "it ended with status %d: %s", status, said);
	}
}

static bool run_once(const struct drill_command_site *site, const struct plan_check *check,
		     const char *output, int *status, GError **error)
{
	g_autoptr(Background) background = NULL;

	unlink(output);
	background = start(site, check, output, error);
	return background && wait_for(background, output, check->time_limit, status, error);
}

bool drill_check_command(const struct drill_command_site *site, DrillCheckResult *result,
			 GError **error)
{
	const struct plan_check *check = result->check;
	g_autofree char *output = g_strdup_printf("%s/check-%s.out", site->folder, check->name);
	g_autofree char *said = NULL;
	usec_t from = clock_monotonic();
	int status = 0;

	result->expect = g_strdup("0");
	for (unsigned tries = 0; tries <= check->retries; tries++) {
		if (tries > 0)
			g_usleep(RETRY_EVERY_US);
		if (!run_once(site, check, output, &status, error))
			return false;
		if (status != SAYS_AGAIN)
			break;
	}
	said = drill_last_line(output);
	judge(status, check->time_limit, said, result);
	result->duration = clock_monotonic() - from;
	return true;
}

/* ---- logs ---------------------------------------------------------------------------------------- */

static GPtrArray *patterns_of(char *const *texts)
{
	GPtrArray *patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_regex_unref);

	/* Plans with a pattern that is none are refused before. */
	for (; texts && *texts; texts++) {
		GRegex *pattern = g_regex_new(*texts, G_REGEX_OPTIMIZE, 0, NULL);

		if (pattern)
			g_ptr_array_add(patterns, pattern);
	}
	return patterns;
}

static bool matches(const GPtrArray *patterns, const char *line)
{
	for (guint i = 0; i < patterns->len; i++)
		if (g_regex_match(patterns->pdata[i], line, 0, NULL))
			return true;
	return false;
}

void drill_check_log(const char *path, char *const *allow_too, DrillCheckResult *result)
{
	const struct plan_check *check = result->check;
	g_autoptr(GPtrArray) forbid = patterns_of(check->forbid);
	g_autoptr(GPtrArray) allow = patterns_of(check->allow);
	g_autoptr(GPtrArray) too = patterns_of(allow_too);
	FILE *file = path ? fopen(path, "re") : NULL;
	char *line = NULL;
	size_t room = 0;
	unsigned lines = 0, found = 0;

	if (!file) {
		drill_check_unassessed(result, "there is no log");
		return;
	}
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		/* Whoever can write into a log cannot end a line early for us. */
		for (char *nul; (nul = memchr(line, '\0', (size_t)size));)
			*nul = ' ';

		g_autofree char *text = g_utf8_make_valid(g_strchomp(line), -1);

		lines++;
		if (!matches(forbid, text) || matches(allow, text) || matches(too, text))
			continue;
		if (found++ == 0)
			drill_check_fail(result, "%s", text);
	}
	free(line);
	fclose(file);
	result->value = g_strdup_printf("%u", found);
	result->expect = g_strdup("0");
	if (lines == 0)
		drill_check_unassessed(result, "nothing is in the log");
	else if (found == 0)
		drill_check_pass(result, "none of %u lines is forbidden", lines);
}

/* ---- what was measured --------------------------------------------------------------------------- */

void drill_check_span(const struct drill_figure *figures, DrillCheckResult *result)
{
	const struct plan_check *check = result->check;

	while (figures->name && strcmp(figures->name, check->figure) != 0)
		figures++;
	if (!figures->name || figures->value < 0) {
		drill_check_unassessed(result, "'%s' was not measured", check->figure);
		return;
	}
	g_autofree char *took = duration_format(figures->value);
	g_autofree char *most = duration_format(check->at_most);

	result->value = g_strdup_printf("%" G_GINT64_FORMAT, figures->value);
	result->expect = g_strdup_printf("at most %" G_GINT64_FORMAT, check->at_most);
	if (figures->value > check->at_most)
		drill_check_fail(result, "%s took %s, and may take %s", check->figure, took, most);
	else
		drill_check_pass(result, "%s took %s of %s", check->figure, took, most);
}
