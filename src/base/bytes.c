#include "base/bytes.h"

#include <assert.h>
#include <string.h>

void bytes_put_u8(GByteArray *out, uint8_t value)
{
	bytes_put(out, &value, sizeof(value));
}

void bytes_put_u16(GByteArray *out, uint16_t value)
{
	value = GUINT16_TO_LE(value);
	bytes_put(out, &value, sizeof(value));
}

void bytes_put_u32(GByteArray *out, uint32_t value)
{
	value = GUINT32_TO_LE(value);
	bytes_put(out, &value, sizeof(value));
}

void bytes_put_u64(GByteArray *out, uint64_t value)
{
	value = GUINT64_TO_LE(value);
	bytes_put(out, &value, sizeof(value));
}

void bytes_put(GByteArray *out, const void *data, size_t size)
{
	assert(size <= G_MAXUINT - out->len);
	g_byte_array_append(out, data, (guint)size);
}

void bytes_put_field(GByteArray *out, uint16_t type, const void *data, uint32_t size)
{
	bytes_put_u16(out, type);
	bytes_put_u32(out, size);
	bytes_put(out, data, size);
}

uint16_t bytes_u16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return GUINT16_FROM_LE(value);
}

uint32_t bytes_u32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return GUINT32_FROM_LE(value);
}

uint64_t bytes_u64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return GUINT64_FROM_LE(value);
}

void bytes_set_u32(void *at, uint32_t value)
{
	value = GUINT32_TO_LE(value);
	memcpy(at, &value, sizeof(value));
}

void bytes_set_u64(void *at, uint64_t value)
{
	value = GUINT64_TO_LE(value);
	memcpy(at, &value, sizeof(value));
}

void bytes_reader_init(struct bytes_reader *reader, const void *data, size_t size)
{
	assert(data || size == 0);
	reader->at = data ? data : (const void *)"";
	reader->end = reader->at + size;
	reader->failed = false;
}

bool bytes_reader_ok(const struct bytes_reader *reader)
{
	return !reader->failed;
}

size_t bytes_reader_left(const struct bytes_reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

void bytes_reader_fail(struct bytes_reader *reader)
{
	reader->failed = true;
	reader->at = reader->end;
}

const uint8_t *bytes_get(struct bytes_reader *reader, size_t size)
{
	const uint8_t *view = reader->at;

	if (reader->failed)
		return NULL;
	if (size > bytes_reader_left(reader)) {
		bytes_reader_fail(reader);
		return NULL;
	}
	reader->at += size;
	return view;
}

uint8_t bytes_get_u8(struct bytes_reader *reader)
{
	const uint8_t *at = bytes_get(reader, sizeof(uint8_t));

	return at ? *at : 0;
}

uint16_t bytes_get_u16(struct bytes_reader *reader)
{
	const uint8_t *at = bytes_get(reader, sizeof(uint16_t));

	return at ? bytes_u16(at) : 0;
}

uint32_t bytes_get_u32(struct bytes_reader *reader)
{
	const uint8_t *at = bytes_get(reader, sizeof(uint32_t));

	return at ? bytes_u32(at) : 0;
}

uint64_t bytes_get_u64(struct bytes_reader *reader)
{
	const uint8_t *at = bytes_get(reader, sizeof(uint64_t));

	return at ? bytes_u64(at) : 0;
}

bool bytes_get_field(struct bytes_reader *reader, struct bytes_field *field)
{
	struct bytes_field next;

	if (bytes_reader_left(reader) == 0)
		return false;
	next.type = bytes_get_u16(reader);
	next.size = bytes_get_u32(reader);
	next.data = bytes_get(reader, next.size);
	if (!bytes_reader_ok(reader))
		return false;
	*field = next;
	return true;
}

static const char hex_digits[] = "0123456789abcdef";

char *hex_encode(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	char *text = g_malloc(2 * size + 1);

	for (size_t i = 0; i < size; i++) {
		text[2 * i] = hex_digits[bytes[i] >> 4];
		text[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
	text[2 * size] = '\0';
	return text;
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static uint8_t hex_value(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

bool hex_is_digits(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_hex_digit(text[i]))
			return false;
	return true;
}

bool hex_decode(const char *text, void *data, size_t size)
{
	uint8_t *bytes = data;

	if (!hex_is_digits(text, 2 * size) || text[2 * size] != '\0')
		return false;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
	return true;
}
