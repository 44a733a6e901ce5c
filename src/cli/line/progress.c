#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/line/output.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TERMINAL_EVERY (USEC_PER_SEC / 5)
#define STATUS_EVERY   USEC_PER_SEC
#define PLAIN_EVERY    USEC_PER_MIN

static volatile sig_atomic_t asked;

/* One bar at a time: the terminal is one. */
static struct {
	bool active, terminal, shown;
	enum progress_mode mode;
	char *verb;
	usec_t began, printed;
	unsigned printed_tenth;
} progress;

static void on_signal(int signal)
{
	(void)signal;
	asked = 1;
}

bool progress_mode_parse(const char *text, enum progress_mode *mode)
{
	static const char *const names[] = {
		[PROGRESS_AUTO] = "auto",
		[PROGRESS_NONE] = "none",
		[PROGRESS_PLAIN] = "plain",
		[PROGRESS_JSON] = "json",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*mode = (enum progress_mode)i;
			return true;
		}
	}
	return false;
}

static void clear_line(void)
{
	if (progress.shown)
		fputs("\r\033[K", stderr);
	progress.shown = false;
	fflush(stderr);
}

void progress_begin(enum progress_mode mode, const char *verb)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	const char *kind = g_getenv("TERM");

	progress_end();
	progress.active = true;
	progress.mode = mode;
	progress.terminal =
		mode == PROGRESS_AUTO && isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
	progress.verb = text_escape(verb);
	progress.began = clock_monotonic();
	progress.printed = progress.began;
	progress.printed_tenth = 0;
	log_set_line_hook(clear_line);
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
}

static char *describe(uint64_t done, uint64_t total, const char *detail)
{
	usec_t spent = clock_monotonic() - progress.began;
	uint64_t rate = spent > 0 ? (uint64_t)((double)done * USEC_PER_SEC / (double)spent) : 0;
	g_autofree char *done_text = size_format(done);
	g_autofree char *total_text = size_format(total);
	g_autofree char *rate_text = size_format(rate);
	GString *line = g_string_new(progress.verb);

	if (total > 0)
		g_string_append_printf(line, " %3.0f %%  %s of %s",
				       100.0 * (double)MIN(done, total) / (double)total, done_text,
				       total_text);
	else if (done > 0)
		g_string_append_printf(line, "  %s", done_text);
	if (rate > 0)
		g_string_append_printf(line, ", %s/s", rate_text);
	if (rate > 0 && total > done) {
		g_autofree char *left = duration_format(
			(usec_t)((double)(total - done) / (double)rate) * USEC_PER_SEC);

		g_string_append_printf(line, ", %s left", left);
	}
	if (detail) {
		g_autofree char *escaped = text_escape(detail);

		g_string_append_printf(line, "  %s", escaped);
	}
	return g_string_free(line, FALSE);
}

/* sd_notify(3) without its library: a datagram to the socket that systemd names. */
static void tell_systemd(const char *text)
{
	const char *path = g_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(address.sun_path))
		return;

	g_autofree char *message = g_strconcat("STATUS=", text, NULL);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	/* A status that does not arrive is no reason to fail. */
	(void)!sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
		      (struct sockaddr *)&address,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	close(fd);
}

static void print_status(uint64_t done, uint64_t total, const char *detail)
{
	json_t *members = json_object();

	json_set_string(members, "phase", progress.verb);
	json_set_int(members, "bytes_done", (int64_t)done);
	json_set_int(members, "bytes_total", (int64_t)total);
	if (detail)
		json_set_string(members, "detail", detail);
	json_line("status", members);
}

/* How the mode shows the state, and whether it is due. */
static bool is_due(uint64_t done, uint64_t total)
{
	usec_t since = clock_monotonic() - progress.printed;

	if (progress.terminal)
		return since >= TERMINAL_EVERY || !progress.shown;
	if (progress.mode == PROGRESS_JSON)
		return since >= STATUS_EVERY;
	if (progress.mode == PROGRESS_PLAIN)
		return since >= PLAIN_EVERY ||
		       (total > 0 && 10.0 * (double)done / (double)total >=
					     (double)(progress.printed_tenth + 1));
	return g_getenv("NOTIFY_SOCKET") && since >= PLAIN_EVERY / 6;
}

void progress_update(uint64_t done, uint64_t total, const char *detail)
{
	bool answer = asked;

	if (!progress.active || (!answer && !is_due(done, total)))
		return;
	asked = 0;
	progress.printed = clock_monotonic();
	progress.printed_tenth = total > 0 ? (unsigned)(10.0 * (double)done / (double)total) : 0;

	g_autofree char *line = describe(done, total, detail);

	tell_systemd(line);
	if (progress.mode == PROGRESS_JSON) {
		print_status(done, total, detail);
	} else if (progress.terminal) {
		fprintf(stderr, "\r%s\033[K", line);
		progress.shown = true;
		fflush(stderr);
	} else if (progress.mode == PROGRESS_PLAIN || answer) {
		log_info("%s", line);
	}
}

void progress_end(void)
{
	if (!progress.active)
		return;
	clear_line();
	log_set_line_hook(NULL);
	g_clear_pointer(&progress.verb, g_free);
	progress.active = false;
}

bool progress_mode_chosen(const struct arguments *arguments, enum progress_mode *mode,
			  GError **error)
{
	const char *text = arguments_text(arguments, "progress");

	if (text && !progress_mode_parse(text, mode))
		return odr_fail(error, ODR_ERROR_USAGE,
				"--progress is auto, none, plain or json, not '%s'", text);
	if (!text)
		*mode = arguments_flag(arguments, "json")    ? PROGRESS_JSON
			: arguments_flag(arguments, "quiet") ? PROGRESS_NONE
							     : PROGRESS_AUTO;
	return true;
}
