#ifndef ODR_TEST_PG_CONTROL_FILE_H
#define ODR_TEST_PG_CONTROL_FILE_H

#include "base/bytes.h"
#include "crypto/digest.h"
#include "pg/control.h"

#include <string.h>

/* A pg_control as the servers of one major write it, made by hand. */
struct control_row {
	int major;
	uint32_t control_version, catalog_version;
	size_t crc_at;
	const char *tablespace_directory;
};
static const struct control_row control_rows[] = {
	{13, 1300, 202007201, 288, "PG_13_202007201"},
	{14, 1300, 202107181, 288, "PG_14_202107181"},
	{15, 1300, 202209061, 288, "PG_15_202209061"},
	{16, 1300, 202307071, 288, "PG_16_202307071"},
	{17, 1700, 202406281, 288, "PG_17_202406281"},
	{18, 1800, 202506291, 292, "PG_18_202506291"},
};

static inline void control_file_sign(uint8_t file[CONTROL_FILE_SIZE], size_t crc_at)
{
	bytes_set_u32(file + crc_at, crc32c_value(crc32c_update(crc32c_init(), file, crc_at)));
}

static inline void control_file_make(uint8_t file[CONTROL_FILE_SIZE], const struct control_row *row)
{
	const double probe = 1234567.0;

	memset(file, 0, CONTROL_FILE_SIZE);
	bytes_set_u64(file, 7711944223782957749);
	bytes_set_u32(file + 8, row->control_version);
	bytes_set_u32(file + 12, row->catalog_version);
	bytes_set_u32(file + 16, CONTROL_IN_PRODUCTION);
	bytes_set_u64(file + 32, 0x2000060);
	bytes_set_u64(file + 40, 0x2000028);
	bytes_set_u32(file + 48, 3);
	bytes_set_u64(file + 136, 0x1234);
	bytes_set_u32(file + 172, 1);
	bytes_set_u32(file + 180, 100);
	bytes_set_u32(file + 184, 8);
	bytes_set_u32(file + 188, 10);
	bytes_set_u32(file + 192, 2);
	bytes_set_u32(file + 196, 64);
	bytes_set_u32(file + 204, 8);
	memcpy(file + 208, &probe, sizeof(probe));
	bytes_set_u32(file + 216, 8192);
	bytes_set_u32(file + 220, 131072);
	bytes_set_u32(file + 224, 8192);
	bytes_set_u32(file + 228, 16 << 20);
	bytes_set_u32(file + 252, 1);
	control_file_sign(file, row->crc_at);
}

#endif
