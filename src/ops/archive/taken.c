#include "ops/archive/taken.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A line: "<file> <device> <inode> <size> <modified, ns> <changed, ns> <digest, 32 hex> <CRC-32C of what
 * stands before it, 8 hex>". What is torn fails the check. */
#define TAKEN_FILE "taken"
#define TAKEN_MAX  ((size_t)1 << 20)

/* Times go in steps, and a change within the same one would not be seen: those of the kernel's clock, or up
 * to two seconds on a file system that keeps no fractions. */
#define CLOCK_STEP   (USEC_PER_SEC / 10)
#define SECONDS_STEP (2 * USEC_PER_SEC)

#define DIGEST_DIGITS ((size_t)2 * XXH128_SIZE)
#define CHECK_DIGITS  ((size_t)8)

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* What stands before the digest. */
static char *file_words(const char *name, const struct stat *status)
{
	return g_strdup_printf("%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT
			       " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " ",
			       name, (guint64)status->st_dev, (guint64)status->st_ino,
			       (gint64)status->st_size, nanoseconds(status->st_mtim),
			       nanoseconds(status->st_ctim));
}

static uint32_t check_of(const char *text, size_t length)
{
	return crc32c_value(crc32c_update(crc32c_init(), text, length));
}

static bool is_settled(const WalSource *source)
{
	const struct stat *status = &source->status;
	int64_t changed = MAX(nanoseconds(status->st_mtim), nanoseconds(status->st_ctim));
	usec_t step = status->st_ctim.tv_nsec != 0 ? CLOCK_STEP : SECONDS_STEP;

	return changed / 1000 < source->read_at - step;
}

char *archive_taken_line(const WalSource *source)
{
	if (!is_settled(source))
		return NULL;

	g_autofree char *words = file_words(source->name, &source->status);
	g_autofree char *digest = hex_encode(source->digest, XXH128_SIZE);
	g_autofree char *text = g_strconcat(words, digest, " ", NULL);

	return g_strdup_printf("%s%08x\n", text, check_of(text, strlen(text)));
}

static bool write_lines(const char *path, const GString *text, GError **error)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool written;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot write '%s'", path);
	written = file_pwrite(fd, text->str, text->len, 0, error);
	close(fd);
	return written;
}

void archive_taken_save(const char *journal, const GPtrArray *lines)
{
	g_autofree char *path = g_build_filename(journal, TAKEN_FILE, NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) problem = NULL;

	for (guint i = 0; i < lines->len; i++)
		if (lines->pdata[i])
			g_string_append(text, lines->pdata[i]);
	if (!write_lines(path, text, &problem))
		log_debug("%s", problem->message);
}

static bool take_digest(const char *line, const char *at, uint8_t digest[XXH128_SIZE])
{
	g_autofree char *digits = g_strndup(at, DIGEST_DIGITS);
	const char *check = at + DIGEST_DIGITS + 1;

	if (strlen(at) < DIGEST_DIGITS + 1 + CHECK_DIGITS || check[-1] != ' ' ||
	    !hex_is_digits(check, CHECK_DIGITS) ||
	    g_ascii_strtoull(check, NULL, 16) != check_of(line, (size_t)(check - line)))
		return false;
	return hex_decode(digits, digest, XXH128_SIZE);
}

bool archive_taken_find(const char *journal, const char *folder, const char *name,
			uint8_t digest[XXH128_SIZE])
{
	g_autofree char *path = g_build_filename(journal, TAKEN_FILE, NULL);
	g_autofree char *file = g_build_filename(folder, name, NULL);
	g_autofree char *text = NULL;
	struct stat status;

	if (stat(file, &status) != 0 || !file_read_text(path, TAKEN_MAX, &text, NULL))
		return false;

	g_autofree char *words = file_words(name, &status);
	const char *line = strstr(text, words);

	return line && take_digest(line, line + strlen(words), digest);
}
