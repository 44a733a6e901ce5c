#include "repo/wal_journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"

/*
 * A line: "v3 <file> <digest, 32 hex> <size> <stored at, µs> <repository's id, 32 hex, or -> <its place, 32
 * hex> <its name> <written at, µs> <CRC-32C of what stands before it, 8 hex>". Version 2 had no time at which the
 * file was written, version 1 neither id nor place. Lines that were torn, or ran into one another, fail the check
 * and are ignored.
 */
#define JOURNAL_LIMIT  ((size_t)256 << 20)
#define JOURNAL_DIGITS 16
#define JOURNAL_OTHER  "other"
#define JOURNAL_FORMAT \
 "format" /* the file that says that no lines of version 1 wait to be adopted */
#define NO_ID	 "-"
#define WORD_MAX 200

void wal_record_free(struct wal_record *record)
{
	if (!record)
		return;
	g_free(record->file);
	g_free((char *)record->repository.name);
	g_free(record);
}

struct wal_repository wal_repository_of(const Repo *repo)
{
	struct wal_repository repository = {.name = store_name(repo->store)};

	g_strlcpy(repository.id, repo->id, sizeof(repository.id));
	g_strlcpy(repository.place, store_place(repo->store), sizeof(repository.place));
	return repository;
}

struct wal_repository wal_repository_unasked(const struct store_settings *settings)
{
	struct wal_repository repository = {.name = settings->name};

	store_settings_place(settings, repository.place);
	return repository;
}

bool wal_record_is_of(const struct wal_record *record, const struct wal_repository *repository)
{
	const struct wal_repository *recorded = &record->repository;

	if (*recorded->id && *repository->id)
		return strcmp(recorded->id, repository->id) == 0;
	return *recorded->place && strcmp(recorded->place, repository->place) == 0 &&
	       !record->superseded;
}

static bool is_journal_digits(const char *text)
{
	for (size_t i = 0; i < JOURNAL_DIGITS; i++) {
		if (!g_ascii_isdigit(text[i]) && (text[i] < 'A' || text[i] > 'F'))
			return false;
	}
	return true;
}

/* Name of the journal that a file's records go to; g_free. */
static char *journal_name(const char *file)
{
	if (is_journal_digits(file))
		return g_strndup(file, JOURNAL_DIGITS);
	return g_strdup(JOURNAL_OTHER);
}

static bool is_journal(const char *name)
{
	return strcmp(name, JOURNAL_OTHER) == 0 ||
	       (is_journal_digits(name) && name[JOURNAL_DIGITS] == '\0');
}

/* Without blanks and control characters, so that lines can be taken apart again. */
static bool is_word(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	}
	return length > 0 && length <= WORD_MAX;
}

static char *line_check(const char *text, size_t length)
{
	return g_strdup_printf("%08x", crc32c_value(crc32c_update(crc32c_init(), text, length)));
}

static bool append_line(GString *lines, const struct wal_record *record, GError **error)
{
	const struct wal_repository *repository = &record->repository;
	g_autofree char *digest = hex_encode(record->digest, XXH128_SIZE);
	size_t start = lines->len;

	assert(strlen(repository->place) == STORE_PLACE_SIZE - 1);
	if (!is_word(record->file) || !is_word(repository->name))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' or '%s' cannot stand in the journal of WAL", record->file,
				repository->name);
	g_string_append_printf(lines, "v3 %s %s %" PRIu64 " %" PRId64 " %s %s %s %" PRId64,
			       record->file, digest, record->size, record->stored_at,
			       *repository->id ? repository->id : NO_ID, repository->place,
			       repository->name, record->written_at);

	g_autofree char *check = line_check(lines->str + start, lines->len - start);

	g_string_append_printf(lines, " %s\n", check);
	return true;
}

static bool take_hex(const char *word, char *hex, size_t size)
{
	if (strlen(word) != size - 1 || !hex_is_digits(word, size - 1))
		return false;
	memcpy(hex, word, size);
	return true;
}

/* Words of a line, by its version. */
static const unsigned word_counts[] = {[1] = 6, [2] = 8, [3] = 9};
#define WORDS_MAX 9

/* 0: no version, or not so many words. */
static unsigned version_of(char **words)
{
	for (unsigned version = 1; version < G_N_ELEMENTS(word_counts); version++)
		if (words[0][0] == 'v' && words[0][1] == (char)('0' + version) && !words[0][2])
			return g_strv_length(words) == word_counts[version] ? version : 0;
	return 0;
}

/* What the words of a line say of the repository. */
static bool parse_repository(char **words, unsigned version, struct wal_repository *repository)
{
	const char *name;

	if (version == 1) {
		name = words[5];
	} else {
		name = words[7];
		if ((strcmp(words[5], NO_ID) != 0 &&
		     !take_hex(words[5], repository->id, REPO_ID_SIZE)) ||
		    !take_hex(words[6], repository->place, STORE_PLACE_SIZE))
			return false;
	}
	if (!is_word(name))
		return false;
	repository->name = g_strdup(name);
	return true;
}

/* A line without its newline; it is changed. NULL if it is not good. */
static struct wal_record *parse_line(char *line)
{
	g_auto(GStrv) words = NULL;
	g_autofree char *check = NULL;
	char *stored = strrchr(line, ' ');
	struct wal_record parsed = {0};
	guint64 size;
	gint64 stored_at, written_at = 0;
	unsigned version;

	if (!stored)
		return NULL;
	check = line_check(line, stored - line);
	if (strcmp(stored + 1, check) != 0)
		return NULL;
	*stored = '\0';
	words = g_strsplit(line, " ", WORDS_MAX + 1);
	version = version_of(words);
	if (version == 0 || !is_word(words[1]) ||
	    !hex_decode(words[2], parsed.digest, sizeof(parsed.digest)) ||
	    !g_ascii_string_to_unsigned(words[3], 10, 0, G_MAXUINT64, &size, NULL) ||
	    !g_ascii_string_to_signed(words[4], 10, G_MININT64, G_MAXINT64, &stored_at, NULL) ||
	    (version >= 3 &&
	     !g_ascii_string_to_signed(words[8], 10, G_MININT64, G_MAXINT64, &written_at, NULL)) ||
	    !parse_repository(words, version, &parsed.repository))
		return NULL;
	parsed.file = g_strdup(words[1]);
	parsed.size = size;
	parsed.stored_at = stored_at;
	parsed.written_at = written_at;
	return g_memdup2(&parsed, sizeof(parsed));
}

/* Adds the good records of one journal. */
static bool read_journal(const char *path, GPtrArray *records, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) content = NULL;
	const char *at, *end, *newline;
	size_t size;

	if (!file_read(path, JOURNAL_LIMIT, &content, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	at = g_bytes_get_data(content, &size);
	for (end = at + size; at < end && (newline = memchr(at, '\n', end - at));
	     at = newline + 1) {
		g_autofree char *line = g_strndup(at, newline - at);
		struct wal_record *record = parse_line(line);

		if (record)
			g_ptr_array_add(records, record);
	}
	return true;
}

/* The last repository whose id was seen at a place is the one that lies there. */
static void mark_superseded(GPtrArray *records)
{
	g_autoptr(GHashTable) last = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < records->len; i++) {
		struct wal_record *record = records->pdata[i];
		const struct wal_record *other =
			g_hash_table_lookup(last, record->repository.place);

		if (*record->repository.id && (!other || record->stored_at >= other->stored_at))
			g_hash_table_insert(last, record->repository.place, record);
	}
	for (guint i = 0; i < records->len; i++) {
		struct wal_record *record = records->pdata[i];
		const struct wal_record *other =
			g_hash_table_lookup(last, record->repository.place);

		record->superseded = other && *record->repository.id &&
				     strcmp(record->repository.id, other->repository.id) != 0;
	}
}

static GPtrArray *records_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)wal_record_free);
}

bool wal_journal_find(const char *folder, const char *file, GPtrArray **records, GError **error)
{
	g_autoptr(GPtrArray) found = records_new();
	g_autofree char *name = journal_name(file);
	g_autofree char *path = g_build_filename(folder, name, NULL);

	if (!read_journal(path, found, error))
		return odr_context(error, "cannot look into the journal of WAL");
	mark_superseded(found);
	for (guint i = found->len; i > 0; i--) {
		const struct wal_record *record = found->pdata[i - 1];

		if (strcmp(record->file, file) != 0)
			g_ptr_array_remove_index(found, i - 1);
	}
	*records = g_steal_pointer(&found);
	return true;
}

/* A line torn by a crash must not swallow the next one. */
static bool ends_in_newline(int fd, off_t size)
{
	char last = '\0';

	return size == 0 || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

static bool write_lines(int fd, const char *folder, const char *path, GString *lines,
			GError **error)
{
	struct stat status;
	ssize_t written;

	if (fstat(fd, &status) != 0)
		return odr_fail_errno(error, errno, "cannot read the size of '%s'", path);
	/* Whoever finds bytes in the file may rely on its name being durable. */
	if (status.st_size == 0 && !file_sync_dir(folder, error))
		return false;
	if (!ends_in_newline(fd, status.st_size))
		g_string_prepend_c(lines, '\n');
	if (!fault_point("file.write", path, error))
		return false;
	do {
		written = write(fd, lines->str, lines->len);
	} while (written < 0 && errno == EINTR);
	if (written < 0)
		return odr_fail_errno(error, errno, "cannot write '%s'", path);
	/* What is missing now would not be whole if it came later: others append, too. */
	if ((size_t)written != lines->len)
		return odr_fail(error, ODR_ERROR_NO_SPACE, "'%s' took only a part of the line",
				path);
	if (!fault_point("file.fsync", path, error))
		return false;
	if (fsync(fd) != 0)
		return odr_fail_errno(error, errno, "cannot sync '%s'", path);
	return true;
}

static bool append_lines(const char *folder, const char *name, GString *lines, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	good = write_lines(fd, folder, path, lines, error);
	close(fd);
	return good;
}

static bool append_records(const char *folder, const struct wal_record *records, size_t count,
			   GError **error)
{
	for (size_t i = 0; i < count;) {
		g_autofree char *name = journal_name(records[i].file);
		g_autoptr(GString) lines = g_string_new(NULL);

		for (; i < count; i++) {
			g_autofree char *next = journal_name(records[i].file);

			if (strcmp(next, name) != 0)
				break;
			if (!append_line(lines, &records[i], error))
				return false;
		}
		if (!append_lines(folder, name, lines, error))
			return false;
	}
	return true;
}

bool wal_journal_append(const char *folder, const struct wal_record *records, size_t count,
			GError **error)
{
	if (!file_make_dirs(folder, 0700, error) || !append_records(folder, records, count, error))
		return odr_context(error, "cannot record what was archived");
	return true;
}

/* Names of the journals in the folder; a missing folder has none. */
static bool list_journals(const char *folder, GPtrArray **names, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
	const char *name;

	if (!dir && !g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return odr_fail(error, ODR_ERROR_SYSTEM, "%s", cause->message);
	while (dir && (name = g_dir_read_name(dir))) {
		if (is_journal(name))
			g_ptr_array_add(found, g_strdup(name));
	}
	*names = g_steal_pointer(&found);
	return true;
}

static int compare_records(const void *a, const void *b)
{
	const struct wal_record *one = *(struct wal_record *const *)a;
	const struct wal_record *two = *(struct wal_record *const *)b;
	int order = strcmp(one->file, two->file);

	if (order != 0)
		return order;
	if (one->stored_at != two->stored_at)
		return one->stored_at < two->stored_at ? -1 : 1;
	return strcmp(one->repository.name, two->repository.name);
}

bool wal_journal_read_all(const char *folder, GPtrArray **records, GError **error)
{
	g_autoptr(GPtrArray) all = records_new();
	g_autoptr(GPtrArray) names = NULL;

	if (!list_journals(folder, &names, error))
		return odr_context(error, "cannot read the journal of WAL");
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);

		if (!read_journal(path, all, error))
			return odr_context(error, "cannot read the journal of WAL");
	}
	mark_superseded(all);
	g_ptr_array_sort(all, compare_records);
	*records = g_steal_pointer(&all);
	return true;
}

/* True if it was of version 1, and its name is one of these. */
static bool adopt_record(struct wal_record *record, const struct wal_repository *repositories,
			 size_t count)
{
	if (*record->repository.place)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(record->repository.name, repositories[i].name) != 0)
			continue;
		memcpy(record->repository.id, repositories[i].id, REPO_ID_SIZE);
		memcpy(record->repository.place, repositories[i].place, STORE_PLACE_SIZE);
		return true;
	}
	return false;
}

/* What was appended meanwhile is lost, and pushed again. */
static bool adopt_journal(const char *path, const struct wal_repository *repositories, size_t count,
			  GError **error)
{
	g_autoptr(GPtrArray) records = records_new();
	g_autoptr(GString) lines = g_string_new(NULL);
	bool changed = false;

	if (!read_journal(path, records, error))
		return false;
	for (guint i = 0; i < records->len; i++) {
		struct wal_record *record = records->pdata[i];

		changed = adopt_record(record, repositories, count) || changed;
		if (*record->repository.place && !append_line(lines, record, error))
			return false;
	}
	return !changed || file_write(path, lines->str, lines->len, NULL, error);
}

bool wal_journal_adopt(const char *folder, const struct wal_repository *repositories, size_t count,
		       GError **error)
{
	g_autofree char *format = g_build_filename(folder, JOURNAL_FORMAT, NULL);
	g_autoptr(GPtrArray) names = NULL;

	if (access(format, F_OK) == 0)
		return true;
	if (!file_make_dirs(folder, 0700, error) || !list_journals(folder, &names, error))
		return odr_context(error, "cannot read the journal of WAL");
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);

		if (!adopt_journal(path, repositories, count, error))
			return odr_context(error, "cannot bring the journal of WAL up to date");
	}
	return file_write(format, "2\n", 2, NULL, error);
}

/* A journal's last 8 digits are those that begin a segment's last 16: all its segments lie before one
 * whose digits there are greater, on whatever timeline. */
static bool lies_before(const char *journal, const char *segment)
{
	return strcmp(journal, JOURNAL_OTHER) != 0 && strncmp(journal + 8, segment + 8, 8) < 0;
}

bool wal_journal_trim(const char *folder, const char *before_segment, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	if (wal_file_kind(before_segment, NULL) != WAL_FILE_SEGMENT)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the name of a WAL segment",
				before_segment);
	if (!list_journals(folder, &names, error))
		return odr_context(error, "cannot trim the journal of WAL");
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);

		if (lies_before(names->pdata[i], before_segment) && unlink(path) != 0 &&
		    errno != ENOENT)
			return odr_fail_errno(error, errno, "cannot remove '%s'", path);
	}
	return true;
}
