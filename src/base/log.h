#ifndef ODR_BASE_LOG_H
#define ODR_BASE_LOG_H

#include <glib.h>
#include <stdbool.h>

/* Human text and events go to stderr; stdout is for results. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format {
	LOG_FORMAT_TEXT,
	LOG_FORMAT_JSON,
	LOG_FORMAT_PREFIX, /* <N> before a line, sd-daemon(3) */
	LOG_FORMAT_JOURNAL /* entries of the journal, with fields; stderr gets what that does not take */
};

struct log_settings {
	enum log_level level; /* -q: error, normal: info, -v: debug */
	enum log_format format;
	const char *file;    /* NULL: stderr; appended to, 0640 */
	const char *journal; /* its socket; NULL: that of the host */
};

/* The one global besides the stop flag. Strings are copied. May be called again, while there is one
 * thread. Lines in a file begin with the time and the pid; those on stderr do not. */
bool log_open(const struct log_settings *settings, GError **error);
/* Whose lines these are from now on: of a run, of a service; NULL: not known. Copied; a journal and JSON have it. */
void log_set_run(const char *run, const char *service);
bool log_enabled(enum log_level level);

/* What happened, for programs; NULL: that it has not. */
struct log_event {
	const char *name;	   /* of a closed list `noun.verb-past`, which odrbackup(1) has */
	const char *run, *service; /* where they are not those of the log */
	const char *phase, *set, *outcome;
	bool exited;
	int exit_status;
};
/* A line for people; event (or NULL) goes with it where the format has fields. Thread-safe. */
void log_write(enum log_level level, const struct log_event *event, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
/* An event for programs: JSON and the journal have it whatever the level is, text with -v. */
void log_event(enum log_level level, const struct log_event *event, const char *format, ...)
	G_GNUC_PRINTF(3, 4);
#define log_error(...)	 log_write(LOG_LEVEL_ERROR, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, NULL, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_LEVEL_INFO, NULL, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_LEVEL_DEBUG, NULL, __VA_ARGS__)
/* Called before a line on a terminal so that a progress line can be taken away first; under the log's
 * lock, so it must not log. NULL: none. */
void log_set_line_hook(void (*before_line)(void));

#endif
