#include "crypto/sign.h"

#include "base/error.h"

#include <glib.h>
#include <string.h>

#define NAME	"set/20261121T230501Z-0123abcd"
#define CONTENT "the content of a manifest"

struct fixture {
	OwnerKey *owner;
	Bundle *writer;
	GByteArray *object;
};

static void setup(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) nobody = g_ptr_array_new();
	uint8_t digest[SHA256_SIZE], block[SIGNATURE_BLOCK_SIZE];

	fixture->owner = owner_key_new("erp");
	fixture->writer = bundle_new(fixture->owner, KEY_ROLE_WRITER, 10, 20, nobody);
	sha256(CONTENT, strlen(CONTENT), digest);
	sign_object(fixture->writer, NAME, digest, block);
	fixture->object = g_byte_array_new();
	g_byte_array_append(fixture->object, (const uint8_t *)CONTENT, strlen(CONTENT));
	g_byte_array_append(fixture->object, block, sizeof(block));
}

static void teardown(struct fixture *fixture, gconstpointer data)
{
	g_byte_array_unref(fixture->object);
	bundle_free(fixture->writer);
	owner_key_free(fixture->owner);
}

static bool verify(const struct fixture *fixture, const struct key_service *service,
		   enum key_role role, const char *name, GError **error)
{
	struct signature_facts facts;

	return sign_verify(service, role, name, fixture->object->data, fixture->object->len, &facts,
			   error);
}

static void test_verifies(struct fixture *fixture, gconstpointer data)
{
	struct signature_facts facts;
	g_autoptr(GError) error = NULL;

	g_assert_true(sign_verify(&fixture->owner->service, KEY_ROLE_WRITER, NAME,
				  fixture->object->data, fixture->object->len, &facts, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(facts.content_size, ==, strlen(CONTENT));
	g_assert_cmpint(facts.endorsement.valid_from, ==, 10);
	g_assert_cmpint(facts.endorsement.valid_until, ==, 30);
	g_assert_cmpmem(facts.endorsement.public_key, KEY_SIZE,
			fixture->writer->endorsement.public_key, KEY_SIZE);
}

static void test_tamper(struct fixture *fixture, gconstpointer data)
{
	for (guint i = 0; i < fixture->object->len; i++) {
		fixture->object->data[i] ^= 0x10;
		g_assert_false(
			verify(fixture, &fixture->owner->service, KEY_ROLE_WRITER, NAME, NULL));
		fixture->object->data[i] ^= 0x10;
	}
	while (fixture->object->len > 0) {
		g_byte_array_set_size(fixture->object, fixture->object->len - 1);
		g_assert_false(
			verify(fixture, &fixture->owner->service, KEY_ROLE_WRITER, NAME, NULL));
	}
}

static void test_other_name(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(verify(fixture, &fixture->owner->service, KEY_ROLE_WRITER,
			      "set/20261121T230501Z-0123abce", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==, "its signature does not fit its content and name");
}

static void test_other_role(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *signer = key_fingerprint(fixture->writer->endorsement.public_key);
	g_autofree char *expected = g_strdup_printf(
		"it is signed by key %s in the role of writer, due is keeper", signer);
	g_autoptr(GError) error = NULL;

	g_assert_false(verify(fixture, &fixture->owner->service, KEY_ROLE_KEEPER, NAME, &error));
	g_assert_cmpstr(error->message, ==, expected);
}

static void test_other_owner(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(OwnerKey) other = owner_key_new("other");
	g_autofree char *signer = key_fingerprint(fixture->writer->endorsement.public_key);
	g_autofree char *owner = key_fingerprint(other->service.owner_public);
	g_autofree char *expected = g_strdup_printf(
		"it is signed by key %s, which owner %s did not endorse", signer, owner);
	g_autoptr(GError) error = NULL;

	g_assert_false(verify(fixture, &other->service, KEY_ROLE_WRITER, NAME, &error));
	g_assert_cmpstr(error->message, ==, expected);
}

/* The same owner key cannot lend a writer of one service to another. */
static void test_other_service(struct fixture *fixture, gconstpointer data)
{
	struct key_service service = fixture->owner->service;

	service.id[0] ^= 1;
	g_assert_false(verify(fixture, &service, KEY_ROLE_WRITER, NAME, NULL));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {
		{"/sign/verifies-by-the-owner-key-alone", test_verifies},
		{"/sign/notices-every-changed-or-missing-byte", test_tamper},
		{"/sign/refuses-another-name", test_other_name},
		{"/sign/refuses-another-role", test_other_role},
		{"/sign/refuses-a-signer-the-owner-did-not-endorse", test_other_owner},
		{"/sign/refuses-another-service", test_other_service},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, setup, tests[i].test, teardown);
	return g_test_run();
}
