#include "crypto/digest.h"
#include "pg/control.h"

#include <stddef.h>
#include <string.h>

/* The beginning of pg_control up to its CRC, which is put right here: no fuzzer finds it. */

#define CRC_AT	  288
#define CRC_AT_18 292

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse_signed(uint8_t file[CONTROL_FILE_SIZE], size_t crc_at)
{
	uint32_t crc = crc32c_value(crc32c_update(crc32c_init(), file, crc_at));
	struct control control;

	memcpy(file + crc_at, &crc, sizeof(crc));
	if (control_parse(file, CONTROL_FILE_SIZE, &control, NULL))
		g_free(control_tablespace_directory(&control));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t file[CONTROL_FILE_SIZE] = {0};
	struct control control;

	control_parse(data, size, &control, NULL);
	if (size == 0)
		return 0;
	memcpy(file, data, MIN(size, CRC_AT));
	parse_signed(file, CRC_AT);
	parse_signed(file, CRC_AT_18);
	return 0;
}
