#include "pg/wal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE  8192
#define SEGMENT_MIN ((uint64_t)1 << 20)
#define SEGMENT_MAX ((uint64_t)1 << 30)
#define NAME_DIGITS 24
#define HALF_DIGITS 8
#define INFO_LONG   0x0002
#define INFO_ALL    0x000F

static const struct {
	uint16_t magic;
	int major;
} magics[] = {{0xD106, 13}, {0xD10D, 14}, {0xD110, 15}, {0xD113, 16}, {0xD116, 17}, {0xD118, 18}};

/* Value of exactly HALF_DIGITS upper-case digits, which is how PostgreSQL writes file names. */
static bool read_half(const char *text, uint32_t *value)
{
	uint32_t sum = 0;

	for (int i = 0; i < HALF_DIGITS; i++) {
		if (!g_ascii_isxdigit(text[i]) || g_ascii_islower(text[i]))
			return false;
		sum = sum << 4 | (uint32_t)g_ascii_xdigit_value(text[i]);
	}
	*value = sum;
	return true;
}

/* Length of the 1 to 8 hex digits at text, or 0. */
static size_t read_lsn_half(const char *text, uint32_t *value)
{
	size_t length = 0;

	*value = 0;
	for (; g_ascii_isxdigit(text[length]); length++) {
		if (length == HALF_DIGITS)
			return 0;
		*value = *value << 4 | (uint32_t)g_ascii_xdigit_value(text[length]);
	}
	return length;
}

bool lsn_parse(const char *text, lsn_t *lsn, GError **error)
{
	uint32_t high, low;
	size_t first = read_lsn_half(text, &high), second = 0;

	if (first > 0 && text[first] == '/')
		second = read_lsn_half(text + first + 1, &low);
	if (second == 0 || text[first + 1 + second] != '\0')
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is not a WAL position such as 16/B374D848", text);
	*lsn = (lsn_t)high << 32 | low;
	return true;
}

const char *lsn_format(lsn_t lsn, char text[LSN_FORMAT_SIZE])
{
	snprintf(text, LSN_FORMAT_SIZE, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32),
		 (uint32_t)lsn);
	return text;
}

char *lsn_print(lsn_t lsn)
{
	char text[LSN_FORMAT_SIZE];

	return g_strdup(lsn_format(lsn, text));
}

bool wal_segment_size_valid(uint64_t size)
{
	return size >= SEGMENT_MIN && size <= SEGMENT_MAX && (size & (size - 1)) == 0;
}

static uint32_t segments_per_id(uint32_t segment_size)
{
	return (uint32_t)(((uint64_t)1 << 32) / segment_size);
}

void wal_segment_name(uint32_t timeline, lsn_t lsn, uint32_t segment_size,
		      char name[WAL_SEGMENT_NAME_SIZE])
{
	uint64_t number = lsn / segment_size;
	uint32_t per_id = segments_per_id(segment_size);

	snprintf(name, WAL_SEGMENT_NAME_SIZE, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32, timeline,
		 (uint32_t)(number / per_id), (uint32_t)(number % per_id));
}

bool wal_segment_parse(const char *name, uint32_t segment_size, uint32_t *timeline, lsn_t *start)
{
	uint32_t id, number, per_id, segment_timeline;

	if (!wal_segment_size_valid(segment_size) ||
	    wal_file_kind(name, &segment_timeline) != WAL_FILE_SEGMENT ||
	    !read_half(name + HALF_DIGITS, &id) || !read_half(name + 2 * HALF_DIGITS, &number))
		return false;
	per_id = segments_per_id(segment_size);
	if (number >= per_id)
		return false;
	*timeline = segment_timeline;
	*start = ((uint64_t)id * per_id + number) * segment_size;
	return true;
}

uint64_t wal_segment_number_of_end(lsn_t end, uint32_t segment_size)
{
	return (end > 0 ? end - 1 : 0) / segment_size;
}

/* What stands behind the 24 digits. */
static enum wal_file_kind kind_of_suffix(const char *suffix)
{
	uint32_t offset;

	if (suffix[0] == '\0')
		return WAL_FILE_SEGMENT;
	if (strcmp(suffix, ".partial") == 0)
		return WAL_FILE_PARTIAL;
	if (suffix[0] == '.' && read_half(suffix + 1, &offset) &&
	    strcmp(suffix + 1 + HALF_DIGITS, ".backup") == 0)
		return WAL_FILE_BACKUP;
	return WAL_FILE_UNKNOWN;
}

enum wal_file_kind wal_file_kind(const char *name, uint32_t *timeline)
{
	enum wal_file_kind kind = WAL_FILE_UNKNOWN;
	uint32_t found, rest;

	if (!read_half(name, &found) || found == 0)
		return WAL_FILE_UNKNOWN;
	if (strcmp(name + HALF_DIGITS, ".history") == 0)
		kind = WAL_FILE_HISTORY;
	else if (read_half(name + HALF_DIGITS, &rest) && read_half(name + 2 * HALF_DIGITS, &rest))
		kind = kind_of_suffix(name + NAME_DIGITS);
	if (kind != WAL_FILE_UNKNOWN && timeline)
		*timeline = found;
	return kind;
}

static int major_of_magic(uint16_t magic)
{
	for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
		if (magics[i].magic == magic)
			return magics[i].major;
	return 0;
}

static uint16_t magic_of_major(int major)
{
	for (size_t i = 0; i < G_N_ELEMENTS(magics); i++)
		if (magics[i].major == major)
			return magics[i].magic;
	return 0;
}

bool wal_header_parse(const void *page, size_t size, struct wal_header *header, GError **error)
{
	const uint8_t *bytes = page;
	struct wal_header found;

	if (size < WAL_HEADER_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%zu bytes are too few for the header of a WAL segment", size);
	found = (struct wal_header){
		.magic = bytes_u16(bytes),
		.info = bytes_u16(bytes + 2),
		.timeline = bytes_u32(bytes + 4),
		.address = bytes_u64(bytes + 8),
		.system_identifier = bytes_u64(bytes + 24),
		.segment_size = bytes_u32(bytes + 32),
		.block_size = bytes_u32(bytes + 36),
		.major = major_of_magic(bytes_u16(bytes)),
	};
	if (found.major == 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it does not begin like a WAL segment of PostgreSQL 13 to 18: its "
				"magic number is %04X",
				found.magic);
	if (!(found.info & INFO_LONG) || (found.info & ~INFO_ALL))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its first page has the flags %04X, which no segment begins with",
				found.info);
	if (found.timeline == 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "its first page is of timeline 0");
	if (!wal_segment_size_valid(found.segment_size))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its header has the segment size %" PRIu32
				", which is no power of two from 1 MiB to 1 GiB",
				found.segment_size);
	if (found.block_size != BLOCK_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its header has the WAL block size %" PRIu32 ", not %d",
				found.block_size, BLOCK_SIZE);
	if (found.address % found.segment_size != 0) {
		char address[LSN_FORMAT_SIZE];

		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its first page has the address %s, where no segment begins",
				lsn_format(found.address, address));
	}
	*header = found;
	return true;
}

/* Checks on what the name says: where the segment begins, and its timeline. */
static bool check_name(const struct wal_header *header, const char *name, GError **error)
{
	enum wal_file_kind kind = wal_file_kind(name, NULL);
	char segment[WAL_SEGMENT_NAME_SIZE];
	uint32_t timeline;
	lsn_t start;

	if (kind != WAL_FILE_SEGMENT && kind != WAL_FILE_PARTIAL)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not the name of a WAL segment",
				name);
	g_strlcpy(segment, name, sizeof(segment)); /* without .partial */
	if (!wal_segment_parse(segment, header->segment_size, &timeline, &start))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"there is no segment of that name where segments have %" PRIu32
				" bytes",
				header->segment_size);
	if (header->address != start) {
		char expected[LSN_FORMAT_SIZE], found[LSN_FORMAT_SIZE];

		return odr_fail(error, ODR_ERROR_CORRUPT,
				"by its name it begins at %s, by its content at %s",
				lsn_format(start, expected), lsn_format(header->address, found));
	}
	/* Older is normal: a new timeline's first segment begins as a copy of the old one's. */
	if (header->timeline > timeline)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"by its name it is of timeline %" PRIu32
				", by its content of timeline %" PRIu32,
				timeline, header->timeline);
	return true;
}

bool wal_header_check(const struct wal_header *header, const struct wal_expect *expect,
		      GError **error)
{
	if (expect->system_identifier && header->system_identifier != expect->system_identifier)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it belongs to the cluster %" PRIu64 ", not to %" PRIu64,
				header->system_identifier, expect->system_identifier);
	if (expect->major && header->major != expect->major)
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"it was written by PostgreSQL %d (magic number %04X), not %d (%04X)",
			header->major, header->magic, expect->major, magic_of_major(expect->major));
	if (expect->segment_size && header->segment_size != expect->segment_size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its header has the segment size %" PRIu32
				", the cluster has %" PRIu32,
				header->segment_size, expect->segment_size);
	if (expect->file_size != header->segment_size)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the file has %" PRIu64 " bytes, a segment has %" PRIu32,
				expect->file_size, header->segment_size);
	return check_name(header, expect->name, error);
}
