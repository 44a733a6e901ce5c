#include "base/bytes.h"

static void test_layout(void)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autofree char *hex = NULL;

	bytes_put_u8(out, 0x01);
	bytes_put_u16(out, 0x0302);
	bytes_put_u32(out, 0x07060504);
	bytes_put_u64(out, UINT64_C(0x0f0e0d0c0b0a0908));
	bytes_put(out, "ab", 2);
	bytes_put(out, NULL, 0);
	bytes_put_field(out, 0x0011, "xyz", 3);
	hex = hex_encode(out->data, out->len);
	g_assert_cmpstr(hex, ==,
			"0102030405060708090a0b0c0d0e0f"
			"6162"
			"11000300000078797a");
}

static void test_unaligned(void)
{
	uint8_t block[17] = {0};

	bytes_set_u32(block + 1, 0x01020304);
	g_assert_cmpuint(bytes_u32(block + 1), ==, 0x01020304);
	g_assert_cmpuint(bytes_u16(block + 1), ==, 0x0304);
	bytes_set_u64(block + 9, UINT64_C(0x1122334455667788));
	g_assert_true(bytes_u64(block + 9) == UINT64_C(0x1122334455667788));
	g_assert_cmpuint(block[9], ==, 0x88);
}

static void test_read_back(void)
{
	static const uint8_t data[] = {1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'};
	struct bytes_reader reader;

	bytes_reader_init(&reader, data, sizeof(data));
	g_assert_cmpuint(bytes_get_u8(&reader), ==, 1);
	g_assert_cmpuint(bytes_get_u16(&reader), ==, 2);
	g_assert_cmpuint(bytes_get_u32(&reader), ==, 3);
	g_assert_cmpuint(bytes_get_u64(&reader), ==, 4);
	g_assert_true(bytes_get(&reader, 2) == data + 15);
	g_assert_cmpuint(bytes_reader_left(&reader), ==, 0);
	g_assert_true(bytes_reader_ok(&reader));
}

static void test_past_the_end(void)
{
	static const uint8_t data[] = {1, 2, 3};
	struct bytes_reader reader;

	bytes_reader_init(&reader, data, sizeof(data));
	g_assert_cmpuint(bytes_get_u32(&reader), ==, 0);
	g_assert_false(bytes_reader_ok(&reader));
	g_assert_cmpuint(bytes_get_u8(&reader), ==, 0);
	g_assert_null(bytes_get(&reader, 0));
	g_assert_cmpuint(bytes_reader_left(&reader), ==, 0);

	bytes_reader_init(&reader, data, sizeof(data));
	g_assert_null(bytes_get(&reader, SIZE_MAX));
	g_assert_false(bytes_reader_ok(&reader));

	bytes_reader_init(&reader, data, sizeof(data));
	bytes_reader_fail(&reader);
	g_assert_cmpuint(bytes_get_u8(&reader), ==, 0);
	g_assert_false(bytes_reader_ok(&reader));

	bytes_reader_init(&reader, NULL, 0);
	g_assert_true(bytes_reader_ok(&reader));
	g_assert_cmpuint(bytes_get_u8(&reader), ==, 0);
	g_assert_false(bytes_reader_ok(&reader));
}

static void test_fields(void)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct bytes_reader reader;
	struct bytes_field field;

	bytes_put_field(out, 1, "abc", 3);
	bytes_put_field(out, 2, NULL, 0);
	bytes_reader_init(&reader, out->data, out->len);
	g_assert_true(bytes_get_field(&reader, &field));
	g_assert_cmpuint(field.type, ==, 1);
	g_assert_cmpmem(field.data, field.size, "abc", 3);
	g_assert_true(bytes_get_field(&reader, &field));
	g_assert_cmpuint(field.type, ==, 2);
	g_assert_cmpuint(field.size, ==, 0);
	g_assert_false(bytes_get_field(&reader, &field));
	g_assert_true(bytes_reader_ok(&reader));

	/* Cut anywhere but between fields, it is damage. */
	for (guint size = 1; size < out->len; size++) {
		unsigned count = 0;

		bytes_reader_init(&reader, out->data, size);
		while (bytes_get_field(&reader, &field))
			count++;
		g_assert_cmpint(bytes_reader_ok(&reader), ==, size == 9);
		g_assert_cmpuint(count, ==, size >= 9);
	}
}

static void test_hex(void)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"00ff1a", true},  {"00FF1a", false}, {"00ff1", false},	 {"00ff1a0", false},
		{"00fg1a", false}, {"", false},	      {" 0ff1a", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		uint8_t data[3] = {9, 9, 9};

		g_assert_cmpint(hex_decode(cases[i].text, data, 3), ==, cases[i].good);
		g_assert_cmpuint(data[0], ==, cases[i].good ? 0 : 9);
		if (cases[i].good)
			g_assert_cmpmem(data, 3, "\0\xff\x1a", 3);
	}
	g_assert_true(hex_decode("", NULL, 0));
	g_assert_true(hex_is_digits("0123456789abcdefX", 16));
	g_assert_false(hex_is_digits("0123456789abcdefX", 17));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bytes/put/is-little-endian-without-padding", test_layout);
	g_test_add_func("/bytes/load/needs-no-alignment", test_unaligned);
	g_test_add_func("/bytes/reader/gives-back-what-was-put", test_read_back);
	g_test_add_func("/bytes/reader/stays-failed-past-its-end", test_past_the_end);
	g_test_add_func("/bytes/field/tells-the-end-from-damage", test_fields);
	g_test_add_func("/bytes/hex/takes-exactly-lower-case-digits", test_hex);
	return g_test_run();
}
