#include "repo/wal_object.h"

#include "repo/signed_object.h"
#include "wal_file.h"

static void test_same_size_with_threads(void)
{
	size_t size = 5 * MIB + 17;
	g_autofree uint8_t *content = content_new(size, 1);
	struct wal_object_request request = request_for(SEGMENT, content, size);
	struct wal_object one, four;

	seal(&request, &one);
	request.threads = 4;
	seal(&request, &four);
	g_assert_cmpstr(one.local, ==, four.local);
	g_assert_cmpuint(one.bytes->len, ==, four.bytes->len);
	wal_object_clear(&one);
	wal_object_clear(&four);
}

static void test_name(void)
{
	g_autofree uint8_t *content = content_new(100, 1);
	struct wal_object_request request = request_for(SEGMENT, content, 100);
	struct wal_object object;
	g_autofree char *digest = hex_encode(request.digest, XXH128_SIZE);
	g_autofree char *wanted = g_strconcat("wal/00000001/" SEGMENT "-", digest, NULL);

	seal(&request, &object);
	g_assert_cmpstr(object.local, ==, wanted);
	wal_object_clear(&object);
}

static void test_parse_names(void)
{
#define NAME "wal/00000001/" SEGMENT "-00112233445566778899aabbccddeeff"
	static const struct {
		const char *local;
		unsigned piece, pieces; /* 0: refused */
	} cases[] = {
		{NAME, 1, 1},
		{NAME ".1of2", 1, 2},
		{NAME ".32of32", 32, 32},
		{NAME ".0of2", 0, 0},
		{NAME ".3of2", 0, 0},
		{NAME ".1of1", 0, 0},
		{NAME ".1of33", 0, 0},
		{NAME ".01of2", 0, 0},
		{NAME ".1of02", 0, 0},
		{NAME ".1of2x", 0, 0},
		{NAME ".1of", 0, 0},
		{NAME ".1", 0, 0},
		{NAME ".", 0, 0},
		{NAME "0", 0, 0},
		{NAME ".99999999999999999999of2", 0, 0},
		{NAME ".-1of2", 0, 0},
		{"wal/00000001/" SEGMENT "-00112233445566778899aabbccddeefF", 0, 0},
		{"wal/00000001/" SEGMENT "-0011", 0, 0},
		{"wal/00000002/" SEGMENT "-00112233445566778899aabbccddeeff", 0, 0},
		{"wal/00000001/x-00112233445566778899aabbccddeeff", 0, 0},
		{"wal/00000001/" SEGMENT ".part/0-1-00112233445566778899aabbccddeeff", 0, 0},
		{"-", 0, 0},
		{"", 0, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *file = NULL;
		uint8_t digest[XXH128_SIZE];
		unsigned piece = 0, pieces = 0;
		bool good = wal_object_name_parse(cases[i].local, &file, digest, &piece, &pieces);

		if (good != (cases[i].piece > 0) || piece != cases[i].piece ||
		    pieces != cases[i].pieces)
			g_error("wrong: %s", cases[i].local);
		if (good)
			g_assert_cmpstr(file, ==, SEGMENT);
	}
}

static void test_altered(void)
{
	g_autofree uint8_t *content = content_new(3000, 1);
	struct wal_object_request request = request_for(SEGMENT, content, 3000);
	struct wal_object object;

	seal(&request, &object);
	for (size_t i = 0; i < object.bytes->len; i++) {
		g_autoptr(GError) error = NULL;
		struct wal_facts facts = {0};

		object.bytes->data[i] ^= 0x20;
		g_assert_false(wal_object_check(&service.owner->service, object.local,
						object.bytes->data, object.bytes->len, &facts,
						&error));
		g_assert_true(odr_error_is(error, ODR_ERROR_CORRUPT));
		object.bytes->data[i] ^= 0x20;
	}
	for (size_t size = 0; size < object.bytes->len; size++) {
		g_autofree uint8_t *cut = g_memdup2(object.bytes->data, size);
		struct wal_facts facts = {0};

		g_assert_false(wal_object_check(&service.owner->service, object.local, cut, size,
						&facts, NULL));
	}
	wal_object_clear(&object);
}

/* The writer signs it, but it is not what its name says. */
static void assert_refused(const char *local, const GByteArray *fields, const char *text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) bytes = NULL;
	struct wal_facts facts = {0};

	signed_object_seal(&(struct signed_request){.kind = SEAL_WAL,
						    .bundle = service.bundle,
						    .local = local,
						    .public_part = fields->data,
						    .public_size = fields->len},
			   &bytes, &error);
	g_assert_no_error(error);
	g_assert_false(wal_object_check(&service.owner->service, local, bytes->data, bytes->len,
					&facts, &error));
	assert_failed(error,
		      g_str_has_suffix(text, "does not know") ? ODR_ERROR_REFUSED
							      : ODR_ERROR_CORRUPT,
		      text);
	g_assert_null(facts.file);
}

static void put_u64_field(GByteArray *fields, uint16_t type, uint64_t value)
{
	uint8_t bytes[8];

	bytes_set_u64(bytes, value);
	bytes_put_field(fields, type, bytes, sizeof(bytes));
}

static void test_public_part(void)
{
	static const struct {
		const char *file;
		uint64_t size;
		uint32_t piece, pieces;
		uint64_t offset;
		uint16_t more; /* another field, 0: none */
		const char *text;
	} cases[] = {
		{"0000000100000000000000AC", 100, 1, 1, 0, 0, "it holds the file"},
		{SEGMENT, 100, 1, 2, 0, 0, "it holds piece 1 of 2"},
		{SEGMENT, 100, 1, 1, 5, 0, "its size and pieces do not agree"},
		{SEGMENT, WAL_PIECE_SIZE + 1, 1, 1, 0, 0, "its size and pieces do not agree"},
		{SEGMENT, UINT64_MAX, 1, 1, 0, 0, "its size and pieces do not agree"},
		{SEGMENT, 100, 1, 1, 0, 6, "it has the field 6, which this program does not know"},
		{SEGMENT, 100, 1, 1, 0, WAL_FIELD_SIZE, "it has its field 2 twice"},
		{"", 100, 1, 1, 0, 0, "its file name is not text"},
	};
	g_autoptr(GByteArray) none = g_byte_array_new();

	assert_refused(NAME, none, "its public part is incomplete");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) fields = g_byte_array_new();
		g_autoptr(GByteArray) piece = g_byte_array_new();
		uint8_t major[4] = {15};

		bytes_put_field(fields, WAL_FIELD_FILE, cases[i].file, strlen(cases[i].file));
		put_u64_field(fields, WAL_FIELD_SIZE, cases[i].size);
		put_u64_field(fields, WAL_FIELD_SYSTEM, 1);
		bytes_put_field(fields, WAL_FIELD_MAJOR, major, sizeof(major));
		bytes_put_u32(piece, cases[i].piece);
		bytes_put_u32(piece, cases[i].pieces);
		bytes_put_u64(piece, cases[i].offset);
		bytes_put_field(fields, WAL_FIELD_PIECE, piece->data, piece->len);
		if (cases[i].more)
			put_u64_field(fields, cases[i].more, 0);
		assert_refused(NAME, fields, cases[i].text);
	}
}

static void test_other_name(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(100, 1);
	struct wal_object_request request = request_for(SEGMENT, content, 100);
	struct wal_object object;
	struct wal_facts facts;

	seal(&request, &object);
	g_assert_false(wal_object_check(&service.owner->service, NAME, object.bytes->data,
					object.bytes->len, &facts, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "WAL object '" NAME "'");
	wal_object_clear(&object);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/wal-object/threads-change-nothing", test_same_size_with_threads);
	g_test_add_func("/wal-object/equal-content-has-an-equal-name", test_name);
	g_test_add_func("/wal-object/takes-only-names-it-would-write", test_parse_names);
	g_test_add_func("/wal-object/every-altered-byte-is-noticed", test_altered);
	g_test_add_func("/wal-object/public-part-must-fit-the-name", test_public_part);
	g_test_add_func("/wal-object/a-name-belongs-to-one-object", test_other_name);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
