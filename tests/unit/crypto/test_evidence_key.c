#include "base/bytes.h"
#include "base/error.h"
#include "crypto/evidence_key.h"

#include <string.h>

static const char message[] = "what happened\n";

struct fixture {
	OwnerKey *owner;
	EvidenceKey *key;
};

static void set_up(struct fixture *fixture, const void *data)
{
	fixture->owner = owner_key_new("erp");
	fixture->key = evidence_key_new(fixture->owner, 5, USEC_PER_DAY);
}

static void tear_down(struct fixture *fixture, const void *data)
{
	evidence_key_free(fixture->key);
	owner_key_free(fixture->owner);
}

static void assert_error(GError *error, enum odr_error code, const char *text)
{
	g_assert_error(error, ODR_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, text);
	g_error_free(error);
}

static void file_is_read_back(struct fixture *fixture, const void *data)
{
	g_autofree char *text = evidence_key_print(fixture->key, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(EvidenceKey) again = evidence_key_parse(text, "e.key", NULL, &error);
	uint8_t public_key[KEY_SIZE];

	g_assert_no_error(error);
	g_assert_cmpmem(again->secret, KEY_SECRET_SIZE, fixture->key->secret, KEY_SECRET_SIZE);
	g_assert_cmpint(again->endorsement.role, ==, KEY_ROLE_EVIDENCE);
	g_assert_true(evidence_public_parse(text, "e.key", public_key, &error));
	g_assert_cmpmem(public_key, KEY_SIZE, again->endorsement.public_key, KEY_SIZE);
}

/* A writer's key signs sets, this one evidence: neither stands for the other. */
static void other_keys_are_refused(struct fixture *fixture, const void *data)
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(Bundle) bundle = bundle_new(fixture->owner, KEY_ROLE_WRITER, 5, 0, none);
	g_autofree char *writer = bundle_print(bundle);
	g_autofree char *evidence = evidence_key_print(fixture->key, NULL);
	GError *error = NULL;

	g_assert_null(evidence_key_parse(writer, "w.key", NULL, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_AUTH,
		     "w.key is a key file of type bundle; needed is one of type evidence");
	g_assert_null(bundle_parse(evidence, "e.key", &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_AUTH,
		     "e.key is a key file of type evidence; needed is one of type bundle");
}

static void public_parts_are_read_back(struct fixture *fixture, const void *data)
{
	const uint8_t *public_key = fixture->key->endorsement.public_key;
	g_autofree char *signify = evidence_key_signify(public_key);
	g_autofree char *pem = evidence_key_pem(public_key);
	g_autofree char *cut = g_strndup(pem, strlen(pem) - 1);
	uint8_t again[KEY_SIZE];

	g_assert_true(evidence_public_read(signify, again));
	g_assert_cmpmem(again, KEY_SIZE, public_key, KEY_SIZE);
	memset(again, 0, sizeof(again));
	g_assert_true(evidence_public_read(pem, again));
	g_assert_cmpmem(again, KEY_SIZE, public_key, KEY_SIZE);
	g_assert_false(evidence_public_read(cut, again));
	g_assert_false(evidence_public_read("\n\n\n", again));
	g_assert_false(evidence_public_read("", again));
}

/* RFC 8032, 7.1, test 1: its public key as others write it, and named as `openssl pkey -pubin -outform DER |
 * sha256sum` names it. */
static void forms_are_those_of_others(void)
{
	uint8_t public_key[KEY_SIZE];
	char name[EVIDENCE_KEY_NAME_SIZE];
	g_autofree char *pem = NULL;
	g_autofree char *signify = NULL;

	g_assert_true(hex_decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
				 public_key, KEY_SIZE));
	evidence_key_name(public_key, name);
	g_assert_cmpstr(name, ==,
			"06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9");
	pem = evidence_key_pem(public_key);
	g_assert_cmpstr(pem, ==,
			"-----BEGIN PUBLIC KEY-----\n"
			"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
			"-----END PUBLIC KEY-----\n");
	signify = evidence_key_signify(public_key);
	g_assert_cmpstr(signify, ==,
			"untrusted comment: odrbackup evidence key "
			"06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9\n"
			"RWQG4/2P2im7YNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n");
}

static void signatures_hold(struct fixture *fixture, const void *data)
{
	const uint8_t *public_key = fixture->key->endorsement.public_key;
	g_autofree char *text = evidence_signature_print(fixture->key, message, strlen(message));
	struct evidence_signature signature;
	GError *error = NULL;

	g_assert_true(evidence_signature_parse(text, strlen(text), &signature, &error));
	g_assert_true(signature.has_endorsement);
	g_assert_true(endorsement_verify(&signature.endorsement, &fixture->owner->service));
	g_assert_true(evidence_signature_verify(&signature, public_key, message, strlen(message),
						&error));
	g_assert_false(evidence_signature_verify(&signature, public_key, message,
						 strlen(message) - 1, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_CORRUPT,
		     "its signature does not fit its bytes");
}

static void wrong_key_is_named(struct fixture *fixture, const void *data)
{
	g_autoptr(EvidenceKey) other = evidence_key_new(fixture->owner, 5, 0);
	g_autofree char *text = evidence_signature_print(other, message, strlen(message));
	struct evidence_signature signature;
	char signer[EVIDENCE_KEY_NAME_SIZE], due[EVIDENCE_KEY_NAME_SIZE];
	GError *error = NULL;

	evidence_key_name(other->endorsement.public_key, signer);
	evidence_key_name(fixture->key->endorsement.public_key, due);
	g_autofree char *expected =
		g_strdup_printf("it is signed by key %.16s, not by %.16s", signer, due);

	g_assert_true(evidence_signature_parse(text, strlen(text), &signature, &error));
	g_assert_false(evidence_signature_verify(&signature, fixture->key->endorsement.public_key,
						 message, strlen(message), &error));
	assert_error(error, ODR_ERROR_CORRUPT, expected);
}

static void damaged_signatures_are_refused(struct fixture *fixture, const void *data)
{
	g_autofree char *good = evidence_signature_print(fixture->key, message, strlen(message));
	g_autofree char *comment = g_strndup(good, strchr(good, '\n') + 1 - good);
	g_autofree char *more = g_strconcat(good, "\n", NULL);
	g_autofree char *bare = g_strconcat("untrusted comment: \n", strchr(good, '\n') + 1, NULL);
	const char *const bad[] = {"", "\n", comment, more, strchr(good, '\n') + 1};
	struct evidence_signature signature;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		GError *error = NULL;

		g_assert_false(
			evidence_signature_parse(bad[i], strlen(bad[i]), &signature, &error));
		assert_error(error, ODR_ERROR_CORRUPT,
			     "that is no signature in the form of signify");
	}
	g_assert_true(evidence_signature_parse(bare, strlen(bare), &signature, NULL));
	g_assert_false(signature.has_endorsement);
}

static void endorsement_ends(struct fixture *fixture, const void *data)
{
	GError *error = NULL;

	g_assert_true(evidence_key_check(fixture->key, USEC_PER_DAY, &error));
	g_assert_false(evidence_key_check(fixture->key, 2 * USEC_PER_DAY, &error));
	assert_error(
		error, ODR_ERROR_AUTH,
		"the endorsement of this host's evidence key ended 1970-01-02T00:00:00.000005Z; "
		"make a new one with 'odrbackup key new evidence' and install it here");
}

#define ADD(name, test) \
 g_test_add("/evidence-key/" name, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("file-is-read-back", file_is_read_back);
	ADD("other-keys-are-refused", other_keys_are_refused);
	ADD("public-parts-are-read-back", public_parts_are_read_back);
	g_test_add_func("/evidence-key/forms-are-those-of-others", forms_are_those_of_others);
	ADD("signatures-hold", signatures_hold);
	ADD("wrong-key-is-named", wrong_key_is_named);
	ADD("damaged-signatures-are-refused", damaged_signatures_are_refused);
	ADD("endorsement-ends", endorsement_ends);
	return g_test_run();
}
