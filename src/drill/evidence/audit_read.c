#include "drill/evidence/audit_line.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reading {
	audit_each each;
	void *data;
	struct audit_report *report;
	bool more;	 /* each wants more */
	uint64_t number; /* of the line at hand */
	struct audit_tear tear;
	struct sha256 *torn; /* of all torn lines in a row */
};

static void finding_free(void *data)
{
	struct audit_finding *finding = data;

	g_free(finding->what);
	g_free(finding);
}

void audit_report_clear(struct audit_report *report)
{
	g_clear_pointer(&report->findings, g_ptr_array_unref);
}

static void G_GNUC_PRINTF(3, 4) find(struct reading *reading, bool torn, const char *format, ...)
{
	struct audit_finding finding = {.line = reading->number, .torn = torn};
	va_list arguments;

	reading->report->broken |= !torn;
	if (reading->report->findings->len == AUDIT_FINDINGS_MAX)
		return;
	va_start(arguments, format);
	finding.what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_ptr_array_add(reading->report->findings, g_memdup2(&finding, sizeof(finding)));
}

/* A line that is none: torn, if the next one that is says so. */
static void take_torn(struct reading *reading, const char *text, size_t size)
{
	if (reading->tear.lines == 0)
		sha256_reset(reading->torn);
	reading->tear.lines++;
	reading->tear.bytes += size;
	sha256_update(reading->torn, text, size);
	audit_digest(text, size, reading->tear.last);
}

static void finish_tear(struct reading *reading)
{
	uint8_t digest[SHA256_SIZE];

	sha256_final(reading->torn, digest);
	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	g_strlcpy(reading->tear.sha256, hex, sizeof(reading->tear.sha256));
}

/* The line behind torn ones accounts for them. */
static void judge_tear(struct reading *reading, const struct audit_line *line)
{
	struct audit_tear tear;
	g_autoptr(JsonValue) expected = NULL;

	finish_tear(reading);
	tear = reading->tear;
	reading->tear = (struct audit_tear){0};
	expected = audit_tear_data(&tear, &reading->report->head);
	if (strcmp(line->event, audit_event_name(AUDIT_TORN)) != 0)
		find(reading, false,
		     "%" G_GUINT64_FORMAT " bytes before it are no line, and it does not say that "
		     "a crash tore them",
		     tear.bytes);
	else if (!json_equal(line->data, expected) || strcmp(line->prev, tear.last) != 0)
		find(reading, false, "what it says of the torn lines before it is not so");
	else
		find(reading, true, "%" G_GUINT64_FORMAT " bytes before it were torn by a crash",
		     tear.bytes);
}

static void judge_link(struct reading *reading, const struct audit_line *line)
{
	const struct audit_head *head = &reading->report->head;

	if (line->seq != head->seq + 1)
		find(reading, false,
		     "seq is %" G_GUINT64_FORMAT ", due is %" G_GUINT64_FORMAT
		     ": lines are missing, or were put in",
		     line->seq, head->seq + 1);
	if (reading->tear.lines > 0)
		judge_tear(reading, line);
	else if (strcmp(line->event, audit_event_name(AUDIT_TORN)) == 0)
		find(reading, false, "it speaks of torn lines, and there are none before it");
	else if (strcmp(line->prev, head->sha256) != 0)
		find(reading, false,
		     "prev is not the SHA-256 of the line before it: that line was altered");
}

static void take_good(struct reading *reading, const struct audit_line *line)
{
	struct audit_report *report = reading->report;

	judge_link(reading, line);
	if (report->lines++ == 0)
		report->first = line->time;
	report->last = line->time;
	report->head.seq = line->seq;
	memcpy(report->head.sha256, line->sha256, sizeof(line->sha256));
	if (reading->each)
		reading->more = reading->each(reading->data, line);
}

static void take_line(struct reading *reading, const char *text, size_t size)
{
	g_autoptr(JsonValue) document = NULL;
	struct audit_line line;

	reading->number++;
	if (!audit_line_parse(text, size, &line, &document, NULL)) {
		take_torn(reading, text, size);
		return;
	}
	line.number = reading->number;
	take_good(reading, &line);
}

/* All whole lines in the buffer; returns how many bytes they were. */
static size_t take_lines(struct reading *reading, const char *bytes, size_t size)
{
	size_t at = 0;
	const char *newline;

	while (reading->more && at < size && (newline = memchr(bytes + at, '\n', size - at))) {
		take_line(reading, bytes + at, (size_t)(newline - bytes) + 1 - at);
		at = (size_t)(newline - bytes) + 1;
	}
	return at;
}

/* Lines longer than the longest are read in pieces: each of them is no line. */
static bool read_all(struct reading *reading, int fd, GError **error)
{
	g_autofree char *buffer = g_malloc(2 * AUDIT_LINE_MAX);
	off_t offset = 0;
	size_t held = 0;
	ssize_t got;

	while (reading->more) {
		got = file_pread(fd, buffer + held, 2 * AUDIT_LINE_MAX - held, offset, error);
		if (got < 0)
			return false;
		if (got == 0)
			break;
		offset += got;
		held += (size_t)got;

		size_t taken = take_lines(reading, buffer, held);

		if (taken == 0 && held == 2 * AUDIT_LINE_MAX) {
			take_torn(reading, buffer, held);
			taken = held;
		}
		held -= taken;
		memmove(buffer, buffer + taken, held);
	}
	if (reading->more && held > 0) {
		reading->number++;
		take_torn(reading, buffer, held);
	}
	return true;
}

static void finish(struct reading *reading)
{
	if (reading->more && reading->tear.lines > 0)
		find(reading, true,
		     "the last %" G_GUINT64_FORMAT
		     " bytes are no line: torn by a crash, unless somebody altered them; the next "
		     "command that appends says so",
		     reading->tear.bytes);
}

bool audit_read(const char *path, audit_each each, void *data, struct audit_report *report,
		GError **error)
{
	struct audit_report found = {.findings = g_ptr_array_new_with_free_func(finding_free)};
	struct reading reading = {.each = each, .data = data, .report = &found, .more = true};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat about;
	bool done;

	memset(found.head.sha256, '0', sizeof(found.head.sha256) - 1);
	if (fd < 0 || fstat(fd, &about) != 0) {
		odr_fail_errno(error, errno, "cannot read '%s'", path);
		done = false;
	} else if (!S_ISREG(about.st_mode)) {
		odr_fail(error, ODR_ERROR_SYSTEM, "cannot read '%s': it is not a regular file",
			 path);
		done = false;
	} else {
		reading.torn = sha256_new();
		done = read_all(&reading, fd, error);
		if (done)
			finish(&reading);
		sha256_free(reading.torn);
	}
	if (fd >= 0)
		close(fd);
	if (done)
		*report = found;
	else
		audit_report_clear(&found);
	return done;
}

static bool is_one_of(const char *event, const enum audit_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(event, audit_event_name(events[i])) == 0)
			return true;
	return false;
}

static bool note_run(void *data, const struct audit_line *line)
{
	static const enum audit_event begins[] = {AUDIT_DRILL_SCHEDULED, AUDIT_DRILL_DRAWN};
	static const enum audit_event ends[] = {AUDIT_DRILL_CLOSED, AUDIT_DRILL_ABANDONED};
	GPtrArray *runs = data;
	guint index;

	if (!line->run)
		return true;
	bool known = g_ptr_array_find_with_equal_func(runs, line->run, g_str_equal, &index);

	if (known && is_one_of(line->event, ends, G_N_ELEMENTS(ends)))
		g_ptr_array_remove_index(runs, index);
	else if (!known && is_one_of(line->event, begins, G_N_ELEMENTS(begins)))
		g_ptr_array_add(runs, g_strdup(line->run));
	return true;
}

bool audit_open_runs(const char *path, GPtrArray **runs, GError **error)
{
	g_autoptr(GPtrArray) open = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;
	struct audit_report report = {0};

	if (!audit_read(path, note_run, open, &report, &cause) &&
	    !odr_error_is(cause, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	audit_report_clear(&report);
	*runs = g_steal_pointer(&open);
	return true;
}
