#include "drill/evidence/audit.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "drill/evidence/audit_line.h"
#include "drill/evidence/mirror.h"
#include "repo/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_WAIT  (30 * USEC_PER_SEC)
#define TAIL_START ((off_t)1 << 20)

struct held_run {
	char *run, *path;
	struct file_lock lock;
};

struct audit {
	char *state, *path, *lock_path;
	json_t *actor;
	GPtrArray *held;    /* struct held_run */
	bool is_unmirrored; /* which was said */
};

static void held_run_free(void *data)
{
	struct held_run *held = data;

	file_lock_release(&held->lock);
	g_free(held->run);
	g_free(held->path);
	g_free(held);
}

char *audit_path(const char *state)
{
	return g_build_filename(state, "audit.log", NULL);
}

/* Who acts. */

/* /proc/self/loginuid: who logged in, whatever su and sudo made of them. -1: nobody did. */
static int64_t login_uid(void)
{
	g_autofree char *text = NULL;
	guint64 uid;

	if (!g_file_get_contents("/proc/self/loginuid", &text, NULL, NULL) ||
	    !g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, G_MAXUINT32 - 1, &uid, NULL))
		return -1;
	return (int64_t)uid;
}

static char *terminal_name(void)
{
	char name[256];

	for (int fd = 0; fd <= 2; fd++)
		if (ttyname_r(fd, name, sizeof(name)) == 0)
			return g_strdup(name);
	return NULL;
}

static json_t *actor_of_this_process(void)
{
	json_t *actor = json_object();
	int64_t login = login_uid();
	g_autofree char *terminal = terminal_name();

	json_set_int(actor, "uid", geteuid());
	json_set_string(actor, "user", g_get_user_name());
	json_set(actor, "login_uid", login < 0 ? json_null() : json_integer(login));
	json_set_string(actor, "sudo_user", g_getenv("SUDO_USER"));
	json_set_string(actor, "host", g_get_host_name());
	json_set_string(actor, "terminal", terminal);
	json_set_int(actor, "pid", getpid());
	return actor;
}

Audit *audit_open(const char *state, GError **error)
{
	g_autoptr(Audit) audit = g_new0(Audit, 1);

	audit->state = g_strdup(state);
	audit->path = audit_path(state);
	audit->lock_path = g_build_filename(state, "audit.lock", NULL);
	audit->held = g_ptr_array_new_with_free_func(held_run_free);
	audit->actor = actor_of_this_process();
	if (!file_make_dirs(state, 0700, error))
		return NULL;
	return g_steal_pointer(&audit);
}

json_t *audit_actor(const Audit *audit)
{
	return json_incref(audit->actor);
}

void audit_close(Audit *audit)
{
	if (!audit)
		return;
	g_ptr_array_unref(audit->held);
	json_decref(audit->actor);
	g_free(audit->lock_path);
	g_free(audit->path);
	g_free(audit->state);
	g_free(audit);
}

/* The end of the file. */

struct tail {
	GByteArray *bytes; /* the last ones of the file */
	struct audit_head head;
	size_t good; /* where the last good line ends in them */
	struct audit_tear tear;
	bool has_newline; /* the last line has one */
};

static void tail_clear(struct tail *tail)
{
	g_clear_pointer(&tail->bytes, g_byte_array_unref);
}

static size_t line_start(const uint8_t *bytes, size_t end)
{
	const uint8_t *newline = end > 1 ? memrchr(bytes, '\n', end - 1) : NULL;

	return newline ? (size_t)(newline - bytes) + 1 : 0;
}

/* The last line that is one, from the end backwards. */
static bool find_good_line(struct tail *tail)
{
	const uint8_t *bytes = tail->bytes->data;
	size_t end = tail->bytes->len;

	while (end > 0) {
		size_t start = line_start(bytes, end);
		g_autoptr(JsonValue) document = NULL;
		struct audit_line line;

		if (audit_line_parse((const char *)bytes + start, end - start, &line, &document,
				     NULL)) {
			tail->head.seq = line.seq;
			memcpy(tail->head.sha256, line.sha256, sizeof(tail->head.sha256));
			tail->good = end;
			return true;
		}
		end = start;
	}
	return false;
}

/* What lies behind the last good line, as it will be once its last line has an end. */
static void measure_tear(struct tail *tail)
{
	GByteArray *bytes = tail->bytes;

	tail->has_newline = bytes->len == 0 || bytes->data[bytes->len - 1] == '\n';
	if (tail->good == bytes->len)
		return;
	if (!tail->has_newline)
		g_byte_array_append(bytes, (const uint8_t *)"\n", 1);

	size_t last = line_start(bytes->data, bytes->len);

	audit_digest(bytes->data + last, bytes->len - last, tail->tear.last);
	audit_digest(bytes->data + tail->good, bytes->len - tail->good, tail->tear.sha256);
	tail->tear.bytes = bytes->len - tail->good;
	for (size_t i = tail->good; i < bytes->len; i++)
		tail->tear.lines += bytes->data[i] == '\n';
}

/* Reads more and more of the end, until there is a good line in it, or it is the whole file. */
static bool read_tail(const Audit *audit, int fd, struct tail *tail, GError **error)
{
	struct stat about;

	if (fstat(fd, &about) != 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", audit->path);
	tail->bytes = g_byte_array_new();
	memset(tail->head.sha256, '0', sizeof(tail->head.sha256) - 1);
	for (off_t wanted = TAIL_START;; wanted *= 4) {
		off_t size = MIN(wanted, about.st_size);
		ssize_t got;

		g_byte_array_set_size(tail->bytes, (guint)size);
		got = file_pread(fd, tail->bytes->data, (size_t)size, about.st_size - size, error);
		if (got < 0)
			return odr_context(error, "cannot read '%s'", audit->path);
		g_byte_array_set_size(tail->bytes, (guint)got);
		if (find_good_line(tail) || size == about.st_size)
			break;
		if (wanted > G_MAXINT32 / 4)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"the end of '%s' holds no line of an audit chain",
					audit->path);
	}
	measure_tear(tail);
	return true;
}

/* Appending. */

/* What is appended at once. */
struct addition {
	const Audit *audit;
	struct audit_head head; /* with it */
	GString *text;
	GPtrArray *lines; /* struct catalog_audit, for the mirror */
};

static void note_line(struct addition *addition, const struct audit_print *print)
{
	struct catalog_audit line = {.seq = addition->head.seq,
				     .sha256 = g_strdup(addition->head.sha256),
				     .time = print->time,
				     .event = g_strdup(print->event),
				     .run = g_strdup(print->run)};

	g_ptr_array_add(addition->lines, g_memdup2(&line, sizeof(line)));
}

/* One that does not would count as torn for ever. */
static bool reads_back(const char *line, GError **error)
{
	g_autoptr(JsonValue) document = NULL;
	struct audit_line read;

	return audit_line_parse(line, strlen(line), &read, &document, error);
}

static bool add_line(struct addition *addition, const struct audit_print *what, GError **error)
{
	struct audit_print print = *what;
	struct audit_head *head = &addition->head;
	GString *text = addition->text;
	size_t start = text->len;

	print.prev = head;
	print.time = clock_now();
	print.monotonic = clock_monotonic();
	print.actor = addition->audit->actor;

	g_autofree char *line = audit_line_print(&print);

	g_string_append(text, line);
	if (text->len - start > AUDIT_LINE_MAX)
		return odr_fail(error, ODR_ERROR_USAGE,
				"what %s has to say is too long for the audit chain", print.event);
	if (!reads_back(line, error))
		return odr_context(error, "%s cannot be told the audit chain", print.event);
	head->seq++;
	audit_digest(text->str + start, text->len - start, head->sha256);
	note_line(addition, &print);
	return true;
}

/* First what a crash left behind, then what is to be said. */
static bool compose(struct addition *addition, const struct tail *tail,
		    const struct audit_entry *entry, GError **error)
{
	struct audit_head *head = &addition->head;

	*head = tail->head;
	if (!tail->has_newline)
		g_string_append_c(addition->text, '\n');
	if (tail->tear.lines > 0) {
		g_autoptr(JsonValue) data = audit_tear_data(&tail->tear, head);

		memcpy(head->sha256, tail->tear.last, sizeof(head->sha256));
		if (!add_line(addition,
			      &(struct audit_print){.event = audit_event_name(AUDIT_TORN),
						    .data = data},
			      error))
			return false;
	} else if (head->seq == 0 && entry->event != AUDIT_BEGUN) {
		if (!add_line(addition,
			      &(struct audit_print){.event = audit_event_name(AUDIT_BEGUN)}, error))
			return false;
	}
	return add_line(addition,
			&(struct audit_print){.event = audit_event_name(entry->event),
					      .run = entry->run,
					      .data = entry->data},
			error);
}

static bool write_synced(const Audit *audit, int fd, const GString *text, GError **error)
{
	struct stat about;

	if (!fault_point("file.write", audit->path, error))
		return false;
	if (fstat(fd, &about) != 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", audit->path);
	if (!file_pwrite(fd, text->str, text->len, about.st_size, error))
		return odr_context(error, "cannot append to '%s'", audit->path);
	if (!fault_point("file.fsync", audit->path, error))
		return false;
	if (fsync(fd) != 0)
		return odr_fail_errno(error, errno, "cannot sync '%s'", audit->path);
	return about.st_size > 0 || file_sync_dir(audit->state, error);
}

static bool append_locked(struct addition *addition, int fd, const struct audit_entry *entry,
			  GError **error)
{
	__attribute__((cleanup(tail_clear))) struct tail tail = {0};

	return read_tail(addition->audit, fd, &tail, error) &&
	       compose(addition, &tail, entry, error) &&
	       write_synced(addition->audit, fd, addition->text, error);
}

/* What root appends, the owner of the state folder goes on with. */
static void keep_owner(const Audit *audit, int fd)
{
	struct stat about;

	if (geteuid() != 0 || stat(audit->state, &about) != 0 || about.st_uid == 0)
		return;
	if (fchown(fd, about.st_uid, about.st_gid) != 0 ||
	    lchown(audit->lock_path, about.st_uid, about.st_gid) != 0)
		log_debug("'%s' stays root's: %s", audit->path, g_strerror(errno));
}

static bool append(struct addition *addition, const struct audit_entry *entry, GError **error)
{
	const Audit *audit = addition->audit;
	struct file_lock lock = {0};
	bool appended;
	int fd;

	if (!file_lock_take(&lock, audit->lock_path, LOCK_WAIT, error))
		return odr_context(error, "cannot append to '%s'", audit->path);
	fd = open(audit->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		odr_fail_errno(error, errno, "cannot open '%s'", audit->path);
		file_lock_release(&lock);
		return false;
	}
	keep_owner(audit, fd);
	appended = append_locked(addition, fd, entry, error);
	close(fd);
	file_lock_release(&lock);
	return appended;
}

/* The chain has it: that the catalog does not changes nothing but that a cut would not be noticed here. */
static void mirror(Audit *audit, const GPtrArray *lines)
{
	g_autoptr(GError) trouble = NULL;

	if (mirror_add(audit->state, lines, &trouble) || audit->is_unmirrored)
		return;
	audit->is_unmirrored = true;
	log_warning("the catalog does not mirror the audit chain: %s", trouble->message);
}

/* What the chain has of this host, its log has as well. */
static void tell_log(const struct audit_entry *entry)
{
	const struct log_event event = {
		.name = audit_event_name(entry->event),
		.run = entry->run,
		.service = json_string_value(json_object_get(entry->data, "service")),
		.phase = json_string_value(json_object_get(entry->data, "state")),
		.set = json_string_value(json_object_get(entry->data, "set")),
		.outcome = json_string_value(json_object_get(entry->data, "outcome"))};
	const char *most = event.phase ? event.phase : event.outcome;

	log_event(LOG_LEVEL_INFO, &event, "%s%s%s", event.name, most ? ": " : "", most ? most : "");
}

bool audit_append(Audit *audit, const struct audit_entry *entry, struct audit_head *head,
		  GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GPtrArray) lines =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_audit_free);
	struct addition addition = {.audit = audit, .text = text, .lines = lines};

	if (!append(&addition, entry, error))
		return false;
	mirror(audit, lines);
	tell_log(entry);
	if (head)
		*head = addition.head;
	return true;
}

/* Runs. */

static char *run_lock_path(const Audit *audit, const char *run)
{
	g_autofree char *name = g_strconcat(run, ".lock", NULL);

	return g_build_filename(audit->state, "runs", name, NULL);
}

bool audit_hold(Audit *audit, const char *run, GError **error)
{
	g_autofree char *path = run_lock_path(audit, run);
	g_autofree char *folder = g_path_get_dirname(path);
	struct held_run held = {0};

	if (!file_make_dirs(folder, 0700, error) || !file_lock_take(&held.lock, path, 0, error))
		return odr_context(error, "cannot hold run %s", run);
	held.run = g_strdup(run);
	held.path = g_steal_pointer(&path);
	g_ptr_array_add(audit->held, g_memdup2(&held, sizeof(held)));
	return true;
}

void audit_release(Audit *audit, const char *run)
{
	for (guint i = 0; i < audit->held->len; i++) {
		const struct held_run *held = audit->held->pdata[i];

		if (strcmp(held->run, run) != 0)
			continue;
		unlink(held->path);
		g_ptr_array_remove_index(audit->held, i);
		return;
	}
}

static bool is_held_here(const Audit *audit, const char *run)
{
	for (guint i = 0; i < audit->held->len; i++)
		if (strcmp(((struct held_run *)audit->held->pdata[i])->run, run) == 0)
			return true;
	return false;
}

/* Another process may be about to end it: asked again under its lock. */
static bool still_open(const Audit *audit, const char *run, bool *open, GError **error)
{
	g_autoptr(GPtrArray) runs = NULL;

	if (!audit_open_runs(audit->path, &runs, error))
		return false;
	*open = g_ptr_array_find_with_equal_func(runs, run, g_str_equal, NULL);
	return true;
}

static bool abandon_one(Audit *audit, const char *run, GPtrArray *abandoned, GError **error)
{
	g_autoptr(GError) cause = NULL;
	bool open = false;
	bool done;

	if (is_held_here(audit, run))
		return true;
	if (!audit_hold(audit, run, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_BUSY))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	done = still_open(audit, run, &open, error) &&
	       (!open ||
		audit_append(audit,
			     &(struct audit_entry){.event = AUDIT_DRILL_ABANDONED, .run = run},
			     NULL, error));
	audit_release(audit, run);
	if (done && open)
		g_ptr_array_add(abandoned, g_strdup(run));
	return done;
}

bool audit_abandon(Audit *audit, GPtrArray **runs, GError **error)
{
	g_autoptr(GPtrArray) open = NULL;
	g_autoptr(GPtrArray) abandoned = g_ptr_array_new_with_free_func(g_free);

	if (!audit_open_runs(audit->path, &open, error))
		return false;
	for (guint i = 0; i < open->len; i++)
		if (!abandon_one(audit, open->pdata[i], abandoned, error))
			return false;
	*runs = g_steal_pointer(&abandoned);
	return true;
}
