#include "pg/control.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "pg/page.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define READ_TRIES    10
#define READ_PAUSE_US 10000
#define STATE_MAX     CONTROL_IN_PRODUCTION
#define ALIGNMENT     8
#define FLOAT_PROBE   1234567.0

/* 13 to 16 share a version of the file: the pair tells them apart. */
static const struct {
	uint32_t control_version, catalog_version;
	int major;
	size_t crc_offset;
} versions[] = {
	{1300, 202007201, 13, 288}, {1300, 202107181, 14, 288}, {1300, 202209061, 15, 288},
	{1300, 202307071, 16, 288}, {1700, 202406281, 17, 288}, {1800, 202506291, 18, 292},
};

static bool check_crc(const uint8_t *bytes, uint32_t *computed, GError **error)
{
	uint32_t control_version = bytes_u32(bytes + 8), crc;
	size_t offset = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(versions) && offset == 0; i++)
		if (versions[i].control_version == control_version)
			offset = versions[i].crc_offset;
	*computed = 0;
	if (offset == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"pg_control has the version %" PRIu32
				"; PostgreSQL 13 to 18 have 1300, 1700 or 1800",
				control_version);
	crc = crc32c_value(crc32c_update(crc32c_init(), bytes, offset));
	*computed = crc;
	if (crc != bytes_u32(bytes + offset))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"pg_control has a wrong checksum: %08" PRIX32
				" is stored, %08" PRIX32 " computed",
				bytes_u32(bytes + offset), crc);
	return true;
}

static bool find_major(struct control *control, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
		if (versions[i].control_version == control->control_version &&
		    versions[i].catalog_version == control->catalog_version) {
			control->major = versions[i].major;
			return true;
		}
	}
	return odr_fail(error, ODR_ERROR_REFUSED,
			"pg_control has the catalog version %" PRIu32
			", which is of no release of PostgreSQL 13 to 18",
			control->catalog_version);
}

static bool check_size(const char *what, uint64_t found, uint64_t expected, GError **error)
{
	if (found == expected)
		return true;
	return odr_fail(error, ODR_ERROR_REFUSED,
			"the cluster was built with the %s %" PRIu64 "; only %" PRIu64
			" is supported",
			what, found, expected);
}

static bool check_build(const uint8_t *bytes, const struct control *control, GError **error)
{
	double probe;

	memcpy(&probe, bytes + 208, sizeof(probe));
	if (bytes_u32(bytes + 204) != ALIGNMENT || probe != FLOAT_PROBE)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the cluster was made on a machine with another alignment or "
				"floating point format");
	if (!check_size("block size", control->block_size, PAGE_SIZE_PG, error) ||
	    !check_size("blocks per segment", control->blocks_per_segment, PAGES_PER_SEGMENT,
			error) ||
	    !check_size("WAL block size", control->wal_block_size, PAGE_SIZE_PG, error))
		return false;
	if (!wal_segment_size_valid(control->wal_segment_size))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"pg_control has the WAL segment size %" PRIu32
				", which is no power of two from 1 MiB to 1 GiB",
				control->wal_segment_size);
	if (control->state > STATE_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"pg_control has the unknown state %" PRIu32, control->state);
	if (control->timeline == 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "pg_control has the timeline 0");
	return true;
}

static bool parse(const uint8_t *bytes, uint32_t *crc, struct control *control, GError **error)
{
	struct control found;

	if (!check_crc(bytes, crc, error))
		return false;
	found = (struct control){
		.system_identifier = bytes_u64(bytes),
		.control_version = bytes_u32(bytes + 8),
		.catalog_version = bytes_u32(bytes + 12),
		.state = bytes_u32(bytes + 16),
		.checkpoint = bytes_u64(bytes + 32),
		.redo = bytes_u64(bytes + 40),
		.timeline = bytes_u32(bytes + 48),
		.minimum_recovery = bytes_u64(bytes + 136),
		.wal_level = bytes_u32(bytes + 172),
		.max_connections = (int32_t)bytes_u32(bytes + 180),
		.max_worker_processes = (int32_t)bytes_u32(bytes + 184),
		.max_wal_senders = (int32_t)bytes_u32(bytes + 188),
		.max_prepared_transactions = (int32_t)bytes_u32(bytes + 192),
		.max_locks_per_transaction = (int32_t)bytes_u32(bytes + 196),
		.block_size = bytes_u32(bytes + 216),
		.blocks_per_segment = bytes_u32(bytes + 220),
		.wal_block_size = bytes_u32(bytes + 224),
		.wal_segment_size = bytes_u32(bytes + 228),
		.checksum_version = bytes_u32(bytes + 252),
	};
	if (!find_major(&found, error) || !check_build(bytes, &found, error))
		return false;
	*control = found;
	return true;
}

static bool check_length(size_t size, GError **error)
{
	if (size == CONTROL_FILE_SIZE)
		return true;
	return odr_fail(error, ODR_ERROR_CORRUPT, "pg_control has %zu bytes, not %d", size,
			CONTROL_FILE_SIZE);
}

bool control_parse(const void *bytes, size_t size, struct control *control, GError **error)
{
	uint32_t crc;

	return check_length(size, error) && parse(bytes, &crc, control, error);
}

static bool read_once(const char *path, uint8_t bytes[CONTROL_FILE_SIZE], GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", path);
	size = file_pread(fd, bytes, CONTROL_FILE_SIZE, 0, error);
	close(fd);
	if (size < 0)
		return odr_context(error, "cannot read '%s'", path);
	return check_length((size_t)size, error);
}

/* The same wrong checksum twice in a row is damage; otherwise the server was writing. */
static bool read_whole(const char *path, uint8_t bytes[CONTROL_FILE_SIZE], struct control *control,
		       GError **error)
{
	uint32_t last_crc = 0;

	for (int try = 1;; try++) {
		g_autoptr(GError) damage = NULL;
		uint32_t crc;

		if (!read_once(path, bytes, error))
			return false;
		if (parse(bytes, &crc, control, &damage))
			return true;
		if (!odr_error_is(damage, ODR_ERROR_CORRUPT) || try == READ_TRIES ||
		    (try > 1 && crc == last_crc)) {
			g_propagate_error(error, g_steal_pointer(&damage));
			return odr_context(error, "cannot use '%s'", path);
		}
		last_crc = crc;
		g_usleep(READ_PAUSE_US);
	}
}

bool control_read(const char *pgdata, struct control *control, uint8_t bytes[CONTROL_FILE_SIZE],
		  GError **error)
{
	g_autofree char *path = g_build_filename(pgdata, "global/pg_control", NULL);
	uint8_t whole[CONTROL_FILE_SIZE];

	if (!read_whole(path, whole, control, error))
		return false;
	if (bytes)
		memcpy(bytes, whole, sizeof(whole));
	return true;
}

char *control_tablespace_directory(const struct control *control)
{
	return g_strdup_printf("PG_%d_%" PRIu32, control->major, control->catalog_version);
}
