#include "base/log.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct level {
	const char *name, *prefix;
	int priority; /* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", "error: ", 3},
	[LOG_LEVEL_WARNING] = {"warning", "warning: ", 4},
	[LOG_LEVEL_INFO] = {"info", "", 6},
	[LOG_LEVEL_DEBUG] = {"debug", "debug: ", 7},
};

static struct {
	enum log_level level;
	enum log_format format;
	int fd;
	bool terminal;
	char *run_id, *service;
	struct mutex *mutex; /* NULL until log_open: there is one thread */
	void (*before_line)(void);
} the_log = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

bool log_open(const struct log_settings *settings, GError **error)
{
	int fd = STDERR_FILENO;

	if (settings->file)
		fd = open(settings->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
			  0640);
	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open the log file '%s'",
				      settings->file);

	if (!the_log.mutex)
		the_log.mutex = mutex_new();
	if (the_log.fd != STDERR_FILENO)
		close(the_log.fd);
	the_log.fd = fd;
	the_log.terminal = isatty(fd);
	the_log.level = settings->level;
	the_log.format = settings->format;
	g_free(the_log.run_id);
	g_free(the_log.service);
	the_log.run_id = g_strdup(settings->run_id);
	the_log.service = g_strdup(settings->service);
	return true;
}

bool log_enabled(enum log_level level)
{
	return level <= the_log.level;
}

void log_set_line_hook(void (*before_line)(void))
{
	the_log.before_line = before_line;
}

/* A line stays one line, and what it quotes cannot steer a terminal: neither by the controls of
 * ASCII nor by U+0080 … U+009F, which are two bytes. text is valid UTF-8. */
static void blank_controls(char *text)
{
	for (char *at = text; *at; at++) {
		if ((uint8_t)at[0] == 0xc2 && (uint8_t)at[1] < 0xa0)
			at[0] = at[1] = ' ';
		if (g_ascii_iscntrl(*at))
			*at = ' ';
	}
}

static char *text_line(enum log_level level, char *message)
{
	g_autofree char *now = clock_format(clock_now());

	blank_controls(message);
	if (the_log.format == LOG_FORMAT_JOURNAL)
		return g_strdup_printf("<%d>%s\n", levels[level].priority, message);
	/* Who reads stderr knows the time, or stamps lines itself. A file has several writers. */
	if (the_log.fd != STDERR_FILENO)
		return g_strdup_printf("%s odrbackup[%d]: %s%s\n", now, (int)getpid(),
				       levels[level].prefix, message);
	return g_strdup_printf("odrbackup: %s%s\n", levels[level].prefix, message);
}

/* `,"name":"value"`, or nothing for NULL. value is valid UTF-8. */
static void append_member(GString *line, const char *name, const char *value)
{
	if (!value)
		return;
	g_string_append_printf(line, "%s\"%s\":\"", line->len > 1 ? "," : "", name);
	for (const char *at = value; *at; at++) {
		if (*at == '"' || *at == '\\')
			g_string_append_c(line, '\\');
		if (g_ascii_iscntrl(*at))
			g_string_append_printf(line, "\\u%04x", (unsigned)*at);
		else
			g_string_append_c(line, *at);
	}
	g_string_append_c(line, '"');
}

static char *json_line(enum log_level level, const char *event, const char *message)
{
	GString *line = g_string_new("{");
	g_autofree char *now = clock_format(clock_now());
	g_autofree char *service = the_log.service ? g_utf8_make_valid(the_log.service, -1) : NULL;
	g_autofree char *run = the_log.run_id ? g_utf8_make_valid(the_log.run_id, -1) : NULL;

	append_member(line, "ts", now);
	append_member(line, "level", levels[level].name);
	append_member(line, "event", event);
	append_member(line, "msg", message);
	append_member(line, "service", service);
	append_member(line, "run", run);
	g_string_append(line, "}\n");
	return g_string_free(line, FALSE);
}

/* Nobody can be told that the log cannot be written. */
static void write_line(const char *line)
{
	size_t left = strlen(line);

	while (left > 0) {
		ssize_t done = write(the_log.fd, line, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		line += done;
		left -= (size_t)done;
	}
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
	g_autofree char *raw = NULL;
	va_list arguments;

	if (!log_enabled(level))
		return;
	va_start(arguments, format);
	raw = g_strdup_vprintf(format, arguments);
	va_end(arguments);

	g_autofree char *message = g_utf8_make_valid(raw, -1);
	g_autofree char *line = the_log.format == LOG_FORMAT_JSON ? json_line(level, event, message)
								  : text_line(level, message);

	if (the_log.mutex)
		mutex_lock(the_log.mutex);
	if (the_log.before_line && the_log.terminal)
		the_log.before_line();
	write_line(line);
	if (the_log.mutex)
		mutex_unlock(the_log.mutex);
}
