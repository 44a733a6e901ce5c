#ifndef ODR_BASE_BYTES_H
#define ODR_BASE_BYTES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Little-endian encoding into a GByteArray, and bounded reading of bytes from outside. A reader
 * that ran past its end (or was told to fail) stays failed: read all fields, then ask once with
 * bytes_reader_ok. After a failure every read gives 0, NULL or an empty result.
 */
void bytes_put_u8(GByteArray *out, uint8_t value);
void bytes_put_u16(GByteArray *out, uint16_t value);
void bytes_put_u32(GByteArray *out, uint32_t value);
void bytes_put_u64(GByteArray *out, uint64_t value);
void bytes_put(GByteArray *out, const void *data, size_t size);

/* Typed field: u16 type, u32 length, the bytes. */
void bytes_put_field(GByteArray *out, uint16_t type, const void *data, uint32_t size);

/* Plain loads and stores, native alignment not needed. */
uint16_t bytes_u16(const void *at);
uint32_t bytes_u32(const void *at);
uint64_t bytes_u64(const void *at);
void bytes_set_u32(void *at, uint32_t value);
void bytes_set_u64(void *at, uint64_t value);

struct bytes_reader {
	const uint8_t *at, *end;
	bool failed;
};

void bytes_reader_init(struct bytes_reader *reader, const void *data, size_t size);
bool bytes_reader_ok(const struct bytes_reader *reader);
size_t bytes_reader_left(const struct bytes_reader *reader);
void bytes_reader_fail(struct bytes_reader *reader);
uint8_t bytes_get_u8(struct bytes_reader *reader);
uint16_t bytes_get_u16(struct bytes_reader *reader);
uint32_t bytes_get_u32(struct bytes_reader *reader);
uint64_t bytes_get_u64(struct bytes_reader *reader);
/* A view of the next size bytes inside the reader's data, or NULL. */
const uint8_t *bytes_get(struct bytes_reader *reader, size_t size);

/* Next typed field; false at the end (ok) or on damage (failed). */
struct bytes_field {
	uint16_t type;
	uint32_t size;
	const uint8_t *data;
};
bool bytes_get_field(struct bytes_reader *reader, struct bytes_field *field);

/* Lower-case hex. hex_decode wants exactly 2 * size digits, lower case, NUL-terminated. */
char *hex_encode(const void *data, size_t size); /* g_free */
bool hex_decode(const char *text, void *data, size_t size);
bool hex_is_digits(const char *text, size_t length); /* the first length characters */

#endif
