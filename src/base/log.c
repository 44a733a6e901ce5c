#include "base/log.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/journal.h"
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
	int journal_fd;
	char *journal;
	char *run, *service;
	struct mutex *mutex; /* NULL until log_open: there is one thread */
	void (*before_line)(void);
} the_log = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO, .journal_fd = -1};

static void set_journal(const struct log_settings *settings)
{
	if (the_log.journal_fd >= 0)
		close(the_log.journal_fd);
	the_log.journal_fd = settings->format == LOG_FORMAT_JOURNAL ? journal_open() : -1;
	g_free(the_log.journal);
	the_log.journal = g_strdup(settings->journal ? settings->journal : JOURNAL_SOCKET);
}

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
	set_journal(settings);
	return true;
}

static void lock(void)
{
	if (the_log.mutex)
		mutex_lock(the_log.mutex);
}

static void unlock(void)
{
	if (the_log.mutex)
		mutex_unlock(the_log.mutex);
}

void log_set_run(const char *run, const char *service)
{
	lock();
	g_free(the_log.run);
	g_free(the_log.service);
	the_log.run = run ? g_utf8_make_valid(run, -1) : NULL;
	the_log.service = service ? g_utf8_make_valid(service, -1) : NULL;
	unlock();
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
	if (the_log.format == LOG_FORMAT_PREFIX || the_log.format == LOG_FORMAT_JOURNAL)
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

static char *json_line(enum log_level level, const struct log_event *event, const char *message)
{
	GString *line = g_string_new("{");
	g_autofree char *now = clock_format(clock_now());

	append_member(line, "ts", now);
	append_member(line, "level", levels[level].name);
	append_member(line, "event", event->name);
	append_member(line, "msg", message);
	append_member(line, "service", event->service);
	append_member(line, "run", event->run);
	append_member(line, "phase", event->phase);
	append_member(line, "set", event->set);
	append_member(line, "outcome", event->outcome);
	if (event->exited)
		g_string_append_printf(line, ",\"exit\":%d", event->exit_status);
	g_string_append(line, "}\n");
	return g_string_free(line, FALSE);
}

static GString *journal_entry(enum log_level level, const struct log_event *event, char *message)
{
	GString *entry = g_string_new(NULL);
	g_autofree char *priority = g_strdup_printf("%d", levels[level].priority);
	g_autofree char *status = event->exited ? g_strdup_printf("%d", event->exit_status) : NULL;

	blank_controls(message);
	journal_add(entry, "MESSAGE", message);
	journal_add(entry, "PRIORITY", priority);
	journal_add(entry, "SYSLOG_IDENTIFIER", "odrbackup");
	journal_add(entry, "MESSAGE_ID", journal_message_id(event->name));
	journal_add(entry, "ODR_EVENT", event->name);
	journal_add(entry, "ODR_SERVICE", event->service);
	journal_add(entry, "ODR_RUN_ID", event->run);
	journal_add(entry, "ODR_PHASE", event->phase);
	journal_add(entry, "ODR_SET", event->set);
	journal_add(entry, "ODR_OUTCOME", event->outcome);
	journal_add(entry, "ODR_EXIT", status);
	return entry;
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

static bool tell_journal(enum log_level level, const struct log_event *event, char *message)
{
	if (the_log.journal_fd < 0 || the_log.fd != STDERR_FILENO)
		return false;

	g_autoptr(GString) entry = journal_entry(level, event, message);

	return journal_send(the_log.journal_fd, the_log.journal, entry);
}

static void tell_locked(enum log_level level, const struct log_event *event, char *message)
{
	g_autofree char *line = NULL;

	if (tell_journal(level, event, message))
		return;
	line = the_log.format == LOG_FORMAT_JSON ? json_line(level, event, message)
						 : text_line(level, message);
	if (the_log.before_line && the_log.terminal)
		the_log.before_line();
	write_line(line);
}

static void tell(enum log_level level, const struct log_event *event, const char *format,
		 va_list arguments)
{
	struct log_event filled = event ? *event : (struct log_event){.name = NULL};
	g_autofree char *raw = g_strdup_vprintf(format, arguments);
	g_autofree char *message = g_utf8_make_valid(raw, -1);

	lock();
	if (!filled.run)
		filled.run = the_log.run;
	if (!filled.service)
		filled.service = the_log.service;
	tell_locked(level, &filled, message);
	unlock();
}

void log_write(enum log_level level, const struct log_event *event, const char *format, ...)
{
	va_list arguments;

	if (!log_enabled(level))
		return;
	va_start(arguments, format);
	tell(level, event, format, arguments);
	va_end(arguments);
}

void log_event(enum log_level level, const struct log_event *event, const char *format, ...)
{
	bool has_fields = the_log.format == LOG_FORMAT_JSON || the_log.journal_fd >= 0;
	va_list arguments;

	if (!has_fields && !log_enabled(LOG_LEVEL_DEBUG))
		return;
	va_start(arguments, format);
	tell(level, event, format, arguments);
	va_end(arguments);
}
