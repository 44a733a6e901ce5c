#include "repo/wal_object.h"

#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "repo/signed_object.h"
#include "service.h"

#define SEGMENT "0000000100000000000000AB"
#define MIB	((size_t)1 << 20)

static struct service service;

/* Half of it compresses, half does not, as WAL of a busy server. */
static uint8_t *content_new(size_t size, uint32_t seed)
{
	uint8_t *content = g_malloc0(size + 1);
	GRand *random = g_rand_new_with_seed(seed);

	for (size_t i = 0; i + 64 <= size; i += 64) {
		for (size_t k = 0; k < 32; k += 4)
			bytes_set_u32(content + i + k, g_rand_int(random));
	}
	g_rand_free(random);
	return content;
}

static struct wal_object_request request_for(const char *file, const void *content, size_t size)
{
	struct wal_object_request request = {
		.bundle = service.bundle,
		.file = file,
		.content = content,
		.size = size,
		.piece = 1,
		.system_identifier = 7300000000000000001,
		.major = 15,
		.compress_level = 1,
	};

	wal_object_digest(service.bundle->digest_secret, content, size, request.digest);
	return request;
}

static void seal(const struct wal_object_request *request, struct wal_object *object)
{
	g_autoptr(GError) error = NULL;

	wal_object_seal(request, object, &error);
	g_assert_no_error(error);
}

static void store_file(const char *file, const void *content, size_t size, unsigned skip_piece)
{
	struct wal_object_request request = request_for(file, content, size);

	for (request.piece = 1; request.piece <= wal_object_pieces(size); request.piece++) {
		struct wal_object object;

		seal(&request, &object);
		if (request.piece != skip_piece)
			service_put(&service, object.local, object.bytes->data, object.bytes->len);
		wal_object_clear(&object);
	}
}

static GPtrArray *find(const char *file)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *held = NULL;

	wal_find(service.repo, file, &held, &error);
	g_assert_no_error(error);
	return held;
}

static void assert_comes_back(const char *file, size_t size, unsigned threads)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(size, size);
	g_autoptr(GByteArray) again = NULL;
	struct wal_facts facts = {0};

	store_file(file, content, size, 0);

	g_autoptr(GPtrArray) held = find(file);

	g_assert_cmpuint(held->len, ==, 1);
	wal_fetch(service.repo, service.identity, held->pdata[0], threads, &again, &facts, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(again->data, again->len, content, size);
	g_assert_cmpstr(facts.file, ==, file);
	g_assert_cmpuint(facts.size, ==, size);
	g_assert_cmpuint(facts.system_identifier, ==, 7300000000000000001);
	g_assert_cmpint(facts.major, ==, 15);
	wal_facts_clear(&facts);
}

static void test_comes_back(void)
{
	static const struct {
		const char *file;
		size_t size;
	} cases[] = {
		{"00000002.history", 40},
		{"000000010000000000000001", MIB},
		{"000000010000000000000002", MIB - 1},
		{"000000010000000000000003", MIB + 1},
		{"000000010000000000000004", 16 * MIB},
		{"000000010000000000000005.partial", 16 * MIB},
		{"000000010000000000000006.00000028.backup", 300},
		{"000000010000000000000007", 1},
		{"000000010000000000000008", 0},
		{"000000010000000000000009", 32 * MIB},
		{"00000001000000000000000A", 64 * MIB},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_comes_back(cases[i].file, cases[i].size, 1 + i % 3);
}

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

static void test_digest_of_name(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(100, 1);
	struct wal_object_request request = request_for("000000090000000000000001", content, 100);
	g_autoptr(GByteArray) again = NULL;
	struct wal_object object;

	request.digest[0] ^= 1;
	seal(&request, &object);
	service_put(&service, object.local, object.bytes->data, object.bytes->len);
	wal_object_clear(&object);

	g_autoptr(GPtrArray) held = find("000000090000000000000001");

	g_assert_false(
		wal_fetch(service.repo, service.identity, held->pdata[0], 1, &again, NULL, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "does not have the digest of its name");
}

static void test_absence(void)
{
	g_autoptr(GPtrArray) held = find("0000000A0000000000000001");

	g_assert_cmpuint(held->len, ==, 0);
}

static void test_unreachable(void)
{
	struct service other;
	g_autoptr(GError) error = NULL;
	g_autofree char *root = NULL;
	GPtrArray *held = NULL;
	bool found;

	/* Another name than that of a WAL file is no absence, either. */
	g_assert_false(wal_find(service.repo, "../x", &held, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_USAGE));

	service_set_up(&other);
	root = g_build_filename(other.folder, "repository", NULL);
	g_clear_error(&error);
	g_assert_cmpint(chmod(root, 0), ==, 0);
	found = wal_find(other.repo, SEGMENT, &held, &error);
	g_assert_cmpint(chmod(root, 0700), ==, 0);
	if (found)
		g_ptr_array_unref(held); /* root reads what it likes */
	else
		g_assert_false(odr_error_is(error, ODR_ERROR_NOT_FOUND));
	service_tear_down(&other);
}

/* A stolen key goes on signing. */
static void test_stored_too_late(void)
{
	static const char file[] = "0000000D0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(1000, 4);
	g_autoptr(GByteArray) again = NULL;
	struct service usual = service;

	service_set_up(&service);
	service_end_endorsement(&service, 2 * USEC_PER_DAY);
	store_file(file, content, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);

	service_trust_clock(&service, true);
	g_assert_false(
		wal_fetch(service.repo, service.identity, held->pdata[0], 1, &again, NULL, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "after the endorsement of its writer");
	g_clear_error(&error);
	/* Times that anybody can set judge nothing. */
	service_trust_clock(&service, false);
	wal_fetch(service.repo, service.identity, held->pdata[0], 1, &again, NULL, &error);
	g_assert_no_error(error);
	service_tear_down(&service);
	service = usual;
}

static void test_missing_piece(void)
{
	static const char file[] = "0000000B0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(64 * MIB, 2);
	g_autoptr(GByteArray) again = NULL;

	store_file(file, content, 64 * MIB, 2);

	g_autoptr(GPtrArray) held = find(file);
	const struct wal_held *one = held->pdata[0];

	g_assert_false(one->complete);
	g_assert_null(one->locals->pdata[1]);
	g_assert_false(wal_fetch(service.repo, service.identity, one, 1, &again, NULL, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "piece 2 of 2 is missing");
}

static void test_gone_since_listing(void)
{
	static const char file[] = "0000000C0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *content = content_new(1000, 3);
	g_autoptr(GByteArray) again = NULL;

	store_file(file, content, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);
	const struct wal_held *one = held->pdata[0];

	repo_delete(service.repo, one->locals->pdata[0], &error);
	g_assert_no_error(error);
	g_assert_false(wal_fetch(service.repo, service.identity, one, 1, &again, NULL, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_TRANSIENT));
}

static void test_two_contents(void)
{
	static const char file[] = "0000000D0000000000000001";
	g_autofree uint8_t *one = content_new(1000, 4), *two = content_new(1000, 5);
	uint8_t digest[XXH128_SIZE];

	store_file(file, one, 1000, 0);
	g_usleep(20000);
	store_file(file, two, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);
	const struct wal_held *first = held->pdata[0];

	g_assert_cmpuint(held->len, ==, 2);
	wal_object_digest(service.bundle->digest_secret, one, 1000, digest);
	g_assert_cmpmem(first->digest, XXH128_SIZE, digest, XXH128_SIZE);
}

static void test_list(void)
{
	struct service other;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) held = NULL;
	g_autofree uint8_t *content = content_new(33 * MIB, 6);

	service_set_up(&other);

	struct service saved = service;

	service = other;
	store_file("000000010000000000000002", content, 1000, 0);
	store_file("000000010000000000000001", content, 33 * MIB, 0);
	store_file("00000002.history", content, 50, 0);
	service_put(&service, "wal/00000001/junk", "x", 1);
	wal_list(service.repo, &held, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(held->len, ==, 3);
	g_assert_cmpstr(((struct wal_held *)held->pdata[0])->file, ==, "000000010000000000000001");
	g_assert_cmpuint(((struct wal_held *)held->pdata[0])->locals->len, ==, 2);
	g_assert_cmpstr(((struct wal_held *)held->pdata[1])->file, ==, "000000010000000000000002");
	g_assert_cmpstr(((struct wal_held *)held->pdata[2])->file, ==, "00000002.history");
	for (guint i = 0; i < held->len; i++)
		g_assert_true(((struct wal_held *)held->pdata[i])->complete);
	service = saved;
	service_tear_down(&other);
}

static void test_other_identity(void)
{
	static const char file[] = "0000000E0000000000000001";
	g_autoptr(GError) error = NULL;
	g_autoptr(Identity) stranger = identity_new(service.owner, "other", RECIPIENT_SCOPE_ALL);
	g_autofree uint8_t *content = content_new(1000, 7);
	g_autoptr(GByteArray) again = NULL;

	store_file(file, content, 1000, 0);

	g_autoptr(GPtrArray) held = find(file);

	g_assert_false(wal_fetch(service.repo, stranger, held->pdata[0], 1, &again, NULL, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_AUTH));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/wal-object/what-was-sealed-comes-back", test_comes_back);
	g_test_add_func("/wal-object/threads-change-nothing", test_same_size_with_threads);
	g_test_add_func("/wal-object/equal-content-has-an-equal-name", test_name);
	g_test_add_func("/wal-object/takes-only-names-it-would-write", test_parse_names);
	g_test_add_func("/wal-object/every-altered-byte-is-noticed", test_altered);
	g_test_add_func("/wal-object/public-part-must-fit-the-name", test_public_part);
	g_test_add_func("/wal-object/a-name-belongs-to-one-object", test_other_name);
	g_test_add_func("/wal-object/content-must-have-the-digest-of-its-name",
			test_digest_of_name);
	g_test_add_func("/wal-object/nothing-listed-is-proven-absence", test_absence);
	g_test_add_func("/wal-object/no-answer-is-no-absence", test_unreachable);
	g_test_add_func("/wal-object/what-was-stored-after-the-endorsement-is-refused",
			test_stored_too_late);
	g_test_add_func("/wal-object/a-file-is-there-when-all-pieces-are", test_missing_piece);
	g_test_add_func("/wal-object/gone-since-the-listing-is-no-absence",
			test_gone_since_listing);
	g_test_add_func("/wal-object/the-oldest-of-two-contents-comes-first", test_two_contents);
	g_test_add_func("/wal-object/one-listing-groups-pieces-and-skips-junk", test_list);
	g_test_add_func("/wal-object/opens-only-for-its-recipients", test_other_identity);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
