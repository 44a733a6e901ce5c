#include "crypto/seal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <glib.h>
#include <string.h>

struct fixture {
	OwnerKey *owner;
	Identity *identity, *standby; /* scope all, scope WAL */
	GPtrArray *recipients;
	GByteArray *header;
	Sealer *sealer;
};

static Sealer *seal_for(const struct fixture *fixture, enum seal_kind kind)
{
	g_autoptr(GError) error = NULL;
	Sealer *sealer = sealer_new(
		&(struct seal_request){
			.kind = kind,
			.service_id = fixture->owner->service.id,
			.recipients = fixture->recipients,
			.public_part = "public",
			.public_size = 6,
		},
		&error);

	g_assert_no_error(error);
	return sealer;
}

static GByteArray *header_of(const Sealer *sealer)
{
	size_t size;
	const uint8_t *header = sealer_header(sealer, &size);

	return g_byte_array_append(g_byte_array_new(), header, (guint)size);
}

static void setup(struct fixture *fixture, gconstpointer data)
{
	fixture->owner = owner_key_new("erp");
	fixture->identity = identity_new(fixture->owner, "main", RECIPIENT_SCOPE_ALL);
	fixture->standby = identity_new(fixture->owner, "standby", RECIPIENT_SCOPE_WAL);
	fixture->recipients = g_ptr_array_new();
	g_ptr_array_add(fixture->recipients, &fixture->identity->recipient);
	g_ptr_array_add(fixture->recipients, &fixture->standby->recipient);
	fixture->sealer = seal_for(fixture, SEAL_PACK);
	fixture->header = header_of(fixture->sealer);
}

static void teardown(struct fixture *fixture, gconstpointer data)
{
	sealer_free(fixture->sealer);
	g_byte_array_unref(fixture->header);
	g_ptr_array_unref(fixture->recipients);
	identity_free(fixture->identity);
	identity_free(fixture->standby);
	owner_key_free(fixture->owner);
}

static Opener *open_as(const GByteArray *bytes, const Identity *identity, GError **error)
{
	struct seal_header header;

	if (!seal_header_parse(bytes->data, bytes->len, &header, error))
		return NULL;
	return opener_new(&header, identity, error);
}

static void assert_refused(const GByteArray *bytes, const Identity *identity, enum odr_error code,
			   const char *message)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(open_as(bytes, identity, &error));
	g_assert_error(error, ODR_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
}

static void test_round_trip(struct fixture *fixture, gconstpointer data)
{
	static const size_t sizes[] = {0, 1, 64, 8192, (1 << 20) + 1};
	g_autoptr(GError) error = NULL;
	g_autoptr(Opener) opener = open_as(fixture->header, fixture->identity, &error);

	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree uint8_t *plain = g_malloc(sizes[i] + 1);
		g_autofree uint8_t *place = g_malloc(sizes[i] + SEAL_OVERHEAD);
		bool good;

		random_bytes(plain, sizes[i] + 1);
		memcpy(place, plain, sizes[i]);
		seal_chunk(fixture->sealer, i, place, sizes[i], place);
		good = open_chunk(opener, i, place, sizes[i] + SEAL_OVERHEAD, place, &error);
		g_assert_no_error(error);
		g_assert_true(good);
		g_assert_cmpmem(place, sizes[i], plain, sizes[i]);
	}
}

static void test_facts(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	uint8_t digest[SHA256_SIZE];
	struct seal_header header;
	size_t size = 0;

	g_assert_true(seal_header_size(fixture->header->data, &size, &error));
	g_assert_cmpuint(size, ==, fixture->header->len);
	g_assert_true(
		seal_header_parse(fixture->header->data, fixture->header->len, &header, &error));
	g_assert_cmpint(header.kind, ==, SEAL_PACK);
	g_assert_cmpmem(header.public_part, header.public_size, "public", 6);
	g_assert_cmpmem(header.service_id, SERVICE_ID_SIZE, fixture->owner->service.id,
			SERVICE_ID_SIZE);
	sealer_header_digest(fixture->sealer, digest);
	g_assert_cmpmem(header.digest, SHA256_SIZE, digest, SHA256_SIZE);
}

/* Any changed byte of header or chunk, and any cut, is noticed before content comes out. */
static void test_tamper(struct fixture *fixture, gconstpointer data)
{
	static const char plain[] = "invoices";
	uint8_t sealed[sizeof(plain) + SEAL_OVERHEAD], out[sizeof(plain)];
	GByteArray *header = fixture->header;
	g_autoptr(Opener) good = open_as(header, fixture->identity, NULL);

	seal_chunk(fixture->sealer, 0, plain, sizeof(plain), sealed);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x40;
		g_assert_false(open_chunk(good, 0, sealed, sizeof(sealed), out, NULL));
		sealed[i] ^= 0x40;
	}
	for (guint i = 0; i < header->len; i++) {
		header->data[i] ^= 0x01;
		g_autoptr(Opener) opener = open_as(header, fixture->identity, NULL);

		g_assert_false(opener && open_chunk(opener, 0, sealed, sizeof(sealed), out, NULL));
		header->data[i] ^= 0x01;
	}
	for (size_t size = 0; size < sizeof(sealed); size++)
		g_assert_false(open_chunk(good, 0, sealed, size, out, NULL));
	g_assert_true(open_chunk(good, 0, sealed, sizeof(sealed), out, NULL));
}

static void test_swapped(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(Sealer) other = seal_for(fixture, SEAL_PACK);
	g_autoptr(Opener) opener = open_as(fixture->header, fixture->identity, NULL);
	uint8_t sealed[4 + SEAL_OVERHEAD], out[4];
	g_autoptr(GError) error = NULL;

	seal_chunk(fixture->sealer, 1, "abcd", 4, sealed);
	g_assert_false(open_chunk(opener, 2, sealed, sizeof(sealed), out, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==, "chunk 2 is not authentic");
	g_clear_error(&error);

	g_assert_false(open_chunk(opener, SEAL_FOOTER_NUMBER, sealed, sizeof(sealed), out, &error));
	g_assert_cmpstr(error->message, ==, "the footer is not authentic");

	seal_chunk(other, 1, "abcd", 4, sealed);
	g_assert_false(open_chunk(opener, 1, sealed, sizeof(sealed), out, NULL));
}

static void test_truncated_header(struct fixture *fixture, gconstpointer data)
{
	struct seal_header header;

	for (guint size = 0; size < fixture->header->len; size++) {
		g_autofree uint8_t *exact = g_memdup2(fixture->header->data, size + 1);

		g_assert_false(seal_header_parse(exact, size, &header, NULL));
	}
}

static void test_strangers(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(OwnerKey) other = owner_key_new("other");
	g_autoptr(Identity) foreign = identity_new(other, "foreign", RECIPIENT_SCOPE_ALL);
	g_autoptr(Identity) late = identity_new(fixture->owner, "late", RECIPIENT_SCOPE_ALL);
	g_autofree char *here = hex_encode(fixture->owner->service.id, SERVICE_ID_SIZE);
	g_autofree char *there = hex_encode(other->service.id, SERVICE_ID_SIZE);
	g_autofree char *fingerprint = key_fingerprint(late->recipient.public_key);
	g_autofree char *wrong_service = g_strdup_printf(
		"the object belongs to service %s, identity 'foreign' to service %s", here, there);
	g_autofree char *not_recipient =
		g_strdup_printf("identity 'late' (%s) cannot open the object: it is not among its "
				"1 recipients",
				fingerprint);

	assert_refused(fixture->header, foreign, ODR_ERROR_AUTH, wrong_service);
	assert_refused(fixture->header, late, ODR_ERROR_AUTH, not_recipient);
}

static void test_scopes(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(Sealer) wal = seal_for(fixture, SEAL_WAL);
	g_autoptr(GByteArray) header = header_of(wal);
	g_autoptr(Opener) everything = open_as(header, fixture->identity, NULL);
	g_autoptr(Opener) wal_only = open_as(header, fixture->standby, NULL);
	g_autoptr(Opener) pack = open_as(fixture->header, fixture->standby, NULL);

	g_assert_nonnull(everything);
	g_assert_nonnull(wal_only);
	g_assert_null(pack);
}

static void test_no_recipient(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) nobody = g_ptr_array_new();
	const struct seal_request request = {
		.kind = SEAL_PACK, .service_id = fixture->owner->service.id, .recipients = nobody};

	g_assert_null(sealer_new(&request, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	g_assert_cmpstr(error->message, ==,
			"there is no recipient to seal to: nobody could ever open this");
	g_clear_error(&error);

	struct recipient zero = {.scope = RECIPIENT_SCOPE_ALL, .name = (char *)"zero"};

	g_ptr_array_add(nobody, &zero);
	g_assert_null(sealer_new(&request, &error));
	g_assert_cmpstr(error->message, ==,
			"the key of recipient 'zero' is unusable: make a new one");
}

static void test_newer(struct fixture *fixture, gconstpointer data)
{
	uint8_t *header = fixture->header->data;

	header[8] = 2;
	assert_refused(fixture->header, fixture->identity, ODR_ERROR_REFUSED,
		       "the object was written in format version 2, this program reads version 1");
	header[8] = 1;
	header[12 + 1] = 0x02;
	assert_refused(fixture->header, fixture->identity, ODR_ERROR_REFUSED,
		       "the object needs feature bit 9 that this version does not know");
	header[12 + 1] = 0;
	header[10] = 9;
	assert_refused(fixture->header, fixture->identity, ODR_ERROR_REFUSED,
		       "the object is of kind 9 that this version does not know");
}

/* Features that may be ignored change the header's digest, so chunks sealed with it still open. */
static void test_ignorable_feature(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(Opener) opener = NULL;

	fixture->header->data[12 + 4] = 0x01;
	opener = open_as(fixture->header, fixture->identity, NULL);
	g_assert_nonnull(opener);
}

static void append_field(struct fixture *fixture, uint16_t type, const void *data, uint32_t size)
{
	bytes_put_field(fixture->header, type, data, size);
	bytes_set_u32(fixture->header->data + 20, fixture->header->len);
}

static void test_doubled_field(struct fixture *fixture, gconstpointer data)
{
	append_field(fixture, SEAL_FIELD_PUBLIC, "forged", 6);
	assert_refused(fixture->header, fixture->identity, ODR_ERROR_CORRUPT,
		       "field 6 in the header of the object is damaged");
}

static void test_unknown_fields(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(Opener) opener = NULL;

	append_field(fixture, 0x8001, "x", 1);
	opener = open_as(fixture->header, fixture->identity, NULL);
	g_assert_nonnull(opener);
	append_field(fixture, 7, "x", 1);
	assert_refused(fixture->header, fixture->identity, ODR_ERROR_REFUSED,
		       "the object has header field 7 that this version does not know");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {
		{"/seal/opens-what-was-sealed", test_round_trip},
		{"/seal/header-tells-its-facts", test_facts},
		{"/seal/notices-every-changed-byte", test_tamper},
		{"/seal/refuses-a-chunk-of-another-place", test_swapped},
		{"/seal/refuses-a-header-cut-anywhere", test_truncated_header},
		{"/seal/refuses-strangers-by-name", test_strangers},
		{"/seal/standby-opens-wal-only", test_scopes},
		{"/seal/never-seals-to-nobody", test_no_recipient},
		{"/seal/refuses-what-is-newer-by-name", test_newer},
		{"/seal/ignores-features-that-may-be-ignored", test_ignorable_feature},
		{"/seal/refuses-a-doubled-field", test_doubled_field},
		{"/seal/unknown-fields-by-their-range", test_unknown_fields},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, setup, tests[i].test, teardown);
	return g_test_run();
}
