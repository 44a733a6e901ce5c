#include "crypto/keys.h"

#include "base/error.h"
#include "crypto/secret.h"

#include <glib.h>
#include <string.h>

struct fixture {
	OwnerKey *owner;
	Identity *identity;
	Bundle *bundle;
};

static void setup(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) recipients = g_ptr_array_new();

	fixture->owner = owner_key_new("erp; Köln");
	fixture->identity = identity_new(fixture->owner, "main; kit", RECIPIENT_SCOPE_ALL);
	g_ptr_array_add(recipients, &fixture->identity->recipient);
	fixture->bundle = bundle_new(fixture->owner, KEY_ROLE_WRITER, 5, 0, recipients);
}

static void teardown(struct fixture *fixture, gconstpointer data)
{
	bundle_free(fixture->bundle);
	identity_free(fixture->identity);
	owner_key_free(fixture->owner);
}

static char *answer(void *data, const char *what, GError **error)
{
	const char *passphrase = data;
	char *secret;

	if (!passphrase) {
		odr_fail(error, ODR_ERROR_STOPPED, "nobody answered for %s", what);
		return NULL;
	}
	secret = secret_new(strlen(passphrase) + 1);
	memcpy(secret, passphrase, strlen(passphrase));
	return secret;
}

static void assert_error(GError *error, enum odr_error code, const char *message)
{
	g_assert_error(error, ODR_ERROR, (int)code);
	g_assert_cmpstr(error->message, ==, message);
	g_error_free(error);
}

static void assert_service(const struct key_service *a, const struct key_service *b)
{
	g_assert_cmpstr(a->name, ==, b->name);
	g_assert_cmpmem(a->id, SERVICE_ID_SIZE, b->id, SERVICE_ID_SIZE);
	g_assert_cmpmem(a->owner_public, KEY_SIZE, b->owner_public, KEY_SIZE);
}

static char *replace(const char *text, const char *from, const char *to)
{
	g_auto(GStrv) parts = g_strsplit(text, from, 2);

	g_assert_cmpuint(g_strv_length(parts), ==, 2);
	return g_strjoinv(to, parts);
}

static void test_owner(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = owner_key_print(fixture->owner, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(OwnerKey) again = owner_key_parse(text, "owner.key", NULL, &error);

	g_assert_no_error(error);
	assert_service(&again->service, &fixture->owner->service);
	g_assert_cmpmem(again->secret, KEY_SECRET_SIZE, fixture->owner->secret, KEY_SECRET_SIZE);
	g_assert_cmpmem(again->digest_secret, KEY_SIZE, fixture->owner->digest_secret, KEY_SIZE);
}

static void test_passphrase(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = identity_print(fixture->identity, "correct horse");
	struct key_unlock unlock = {answer, (void *)"correct horse"};
	g_autoptr(Identity) again = identity_parse(text, "kit.key", &unlock, NULL);
	GError *error = NULL;

	g_assert_nonnull(again);
	g_assert_cmpmem(again->secret, KEY_SIZE, fixture->identity->secret, KEY_SIZE);
	g_assert_cmpstr(again->recipient.name, ==, "main; kit");

	unlock.data = (void *)"wrong horse";
	g_assert_null(identity_parse(text, "kit.key", &unlock, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_AUTH,
		     "the passphrase does not open kit.key (or the file was altered)");
	g_assert_null(identity_parse(text, "kit.key", NULL, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_AUTH,
		     "kit.key is protected by a passphrase, and there is nobody to ask for it");
	unlock.data = NULL;
	g_assert_null(identity_parse(text, "kit.key", &unlock, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_STOPPED, "nobody answered for kit.key");
}

/* The scope stands in the clear; the secret knows it too. */
static void test_altered_scope(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = identity_print(fixture->identity, NULL);
	g_autofree char *altered = replace(text, "scope=all", "scope=wal");
	GError *error = NULL;

	g_assert_null(identity_parse(altered, "kit.key", NULL, &error));
	assert_error(error, ODR_ERROR_CORRUPT,
		     "kit.key is damaged: its secret does not belong to what stands beside it");
}

static void test_memory_ceiling(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = identity_print(fixture->identity, NULL);
	g_autofree char *greedy =
		replace(text, "protection=none",
			"protection=argon2id;3;1073741825;000102030405060708090a0b0c0d0e0f");
	struct key_unlock unlock = {answer, (void *)"x"};
	GError *error = NULL;

	g_assert_null(identity_parse(greedy, "kit.key", &unlock, &error));
	assert_error(error, ODR_ERROR_CORRUPT,
		     "kit.key is damaged: it is not protected in a way this version knows");
}

static void test_recipient(struct fixture *fixture, gconstpointer data)
{
	const struct recipient *recipient = &fixture->identity->recipient;
	g_autofree char *text = recipient_print(recipient, &fixture->owner->service);
	struct key_service service = {0};
	GError *error = NULL;
	struct recipient *again = recipient_parse(text, "main.pub", &service, &error);

	g_assert_no_error(error);
	assert_service(&service, &fixture->owner->service);
	g_assert_cmpmem(again->public_key, KEY_SIZE, recipient->public_key, KEY_SIZE);
	recipient_free(again);
	key_service_clear(&service);
}

/* Where the .pub is lost: the public part stands in the identity's file, in clear. */
static void test_recipient_of_identity(struct fixture *fixture, gconstpointer data)
{
	const struct recipient *recipient = &fixture->identity->recipient;
	g_autofree char *text = identity_print(fixture->identity, "correct horse");
	g_autofree char *owner = owner_key_print(fixture->owner, NULL);
	struct key_service service = {0};
	GError *error = NULL;
	struct recipient *taken = recipient_parse(text, "main", &service, &error);

	g_assert_no_error(error);
	assert_service(&service, &fixture->owner->service);
	g_assert_cmpmem(taken->public_key, KEY_SIZE, recipient->public_key, KEY_SIZE);
	g_assert_cmpstr(taken->name, ==, recipient->name);
	recipient_free(taken);
	key_service_clear(&service);
	g_assert_null(recipient_parse(owner, "owner", &service, &error));
	assert_error(error, ODR_ERROR_USAGE,
		     "owner is a key file of type owner; needed is a recipient, or an identity");
}

/* A wrong digit would seal what nobody can open. */
static void test_wrong_digit(struct fixture *fixture, gconstpointer data)
{
	const struct recipient *recipient = &fixture->identity->recipient;
	g_autofree char *text = recipient_print(recipient, &fixture->owner->service);
	char *digit = strstr(text, "public=") + strlen("public=");
	struct key_service service = {0};
	GError *error = NULL;

	*digit = *digit == '0' ? '1' : '0';
	g_assert_null(recipient_parse(text, "main.pub", &service, &error));
	assert_error(error, ODR_ERROR_CORRUPT,
		     "main.pub is damaged: 'fingerprint' is missing or wrong");
}

static void test_bundle(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = bundle_print(fixture->bundle);
	g_autoptr(GError) error = NULL;
	g_autoptr(Bundle) again = bundle_parse(text, "writer.bundle", &error);
	const struct recipient *recipient;

	g_assert_no_error(error);
	assert_service(&again->service, &fixture->owner->service);
	g_assert_cmpmem(again->secret, KEY_SECRET_SIZE, fixture->bundle->secret, KEY_SECRET_SIZE);
	g_assert_cmpint(again->endorsement.role, ==, KEY_ROLE_WRITER);
	g_assert_cmpuint(again->recipients->len, ==, 1);
	recipient = again->recipients->pdata[0];
	g_assert_cmpstr(recipient->name, ==, "main; kit");
	g_assert_cmpint(recipient->scope, ==, RECIPIENT_SCOPE_ALL);
}

static void test_foreign_bundle(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(OwnerKey) other = owner_key_new("other");
	GError *error = NULL;
	g_autofree char *text = NULL;

	memcpy(fixture->bundle->service.owner_public, other->service.owner_public, KEY_SIZE);
	text = bundle_print(fixture->bundle);
	g_assert_null(bundle_parse(text, "writer.bundle", &error));
	assert_error(error, ODR_ERROR_CORRUPT,
		     "writer.bundle is not endorsed by the owner of service 'erp; Köln': was it "
		     "made for another service, or altered?");
}

/* An honest checksum over a secret that is not the endorsed key's. */
static void test_mixed_bundle(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GPtrArray) nobody = g_ptr_array_new();
	g_autoptr(Bundle) other = bundle_new(fixture->owner, KEY_ROLE_KEEPER, 5, 0, nobody);
	g_autofree char *text = NULL;
	GError *error = NULL;

	memcpy(fixture->bundle->secret, other->secret, KEY_SECRET_SIZE);
	text = bundle_print(fixture->bundle);
	g_assert_null(bundle_parse(text, "writer.bundle", &error));
	assert_error(error, ODR_ERROR_CORRUPT,
		     "writer.bundle is damaged: 'secret' is missing or wrong");
}

static void test_wrong_type(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = bundle_print(fixture->bundle);
	g_autofree char *newer = replace(text, "version=1", "version=2");
	GError *error = NULL;

	g_assert_null(identity_parse(text, "a.key", NULL, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_AUTH,
		     "a.key is a key file of type bundle; needed is one of type identity");
	g_assert_null(bundle_parse(newer, "a.key", &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_REFUSED,
		     "a.key was written in format version 2, this program reads version 1");
	g_assert_null(bundle_parse("-----BEGIN PRIVATE KEY-----", "a.key", &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_USAGE,
		     "a.key is not a key file of odrbackup");
}

/* Whatever letter changes: refused, or nothing of substance changed (a comment, a name). */
static void test_damage(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *text = bundle_print(fixture->bundle);

	for (char *at = text; *at; at++) {
		char before = *at;
		g_autoptr(Bundle) bundle = NULL;

		*at = before == '4' ? '7' : '4';
		bundle = bundle_parse(text, "writer.bundle", NULL);
		if (bundle) {
			const struct recipient *recipient = bundle->recipients->pdata[0];

			g_assert_cmpmem(bundle->secret, KEY_SECRET_SIZE, fixture->bundle->secret,
					KEY_SECRET_SIZE);
			g_assert_cmpmem(bundle->digest_secret, KEY_SIZE,
					fixture->bundle->digest_secret, KEY_SIZE);
			g_assert_cmpmem(recipient->public_key, KEY_SIZE,
					fixture->identity->recipient.public_key, KEY_SIZE);
		}
		*at = before;
	}
}

static void test_facts(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *owner = owner_key_print(fixture->owner, NULL);
	g_autofree char *identity = identity_print(fixture->identity, NULL);
	g_autofree char *recipient =
		recipient_print(&fixture->identity->recipient, &fixture->owner->service);
	g_autofree char *bundle = bundle_print(fixture->bundle);
	const struct {
		const char *text, *type, *detail;
	} cases[] = {
		{owner, "owner", "not protected by a passphrase"},
		{identity, "identity", "'main; kit', everything, not protected by a passphrase"},
		{recipient, "recipient", "'main; kit', everything"},
		{bundle, "bundle", "role writer, 1 recipient, valid without end"},
	};
	g_autofree char *fingerprint = key_fingerprint(fixture->owner->service.owner_public);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct key_facts facts;

		g_assert_true(key_facts_read(cases[i].text, "a.key", &facts, NULL));
		g_assert_cmpstr(facts.type, ==, cases[i].type);
		g_assert_cmpstr(facts.detail, ==, cases[i].detail);
		g_assert_cmpstr(facts.service_name, ==, "erp; Köln");
		g_assert_cmpstr(facts.owner_fingerprint, ==, fingerprint);
		key_facts_clear(&facts);

		struct key_service service;

		g_assert_true(key_service_read(cases[i].text, "a.key", &service, NULL));
		g_assert_cmpstr(service.name, ==, "erp; Köln");
		g_assert_cmpmem(service.id, SERVICE_ID_SIZE, fixture->owner->service.id,
				SERVICE_ID_SIZE);
		key_service_clear(&service);
	}
}

static void test_endorsement(struct fixture *fixture, gconstpointer data)
{
	uint8_t bytes[ENDORSEMENT_SIZE];
	struct endorsement again;

	endorsement_encode(&fixture->bundle->endorsement, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 0x02;
		g_assert_false(endorsement_decode(bytes, &again) &&
			       endorsement_verify(&again, &fixture->owner->service));
		bytes[i] ^= 0x02;
	}
	g_assert_true(endorsement_decode(bytes, &again));
	g_assert_true(endorsement_verify(&again, &fixture->owner->service));
}

static void test_seeds(struct fixture *fixture, gconstpointer data)
{
	const uint8_t *secret = fixture->owner->digest_secret;

	g_assert_cmphex(digest_seed(secret, "wal"), ==, digest_seed(secret, "wal"));
	g_assert_cmphex(digest_seed(secret, "wal"), !=, digest_seed(secret, "page"));
}

static void test_validity(struct fixture *fixture, gconstpointer data)
{
	static const struct {
		usec_t until, stored_at;
		bool covered;
	} cases[] = {
		{0, INT64_MAX, true},
		{1000, 1000, true},
		{1000, 1000 + ENDORSEMENT_SLACK, true},
		{1000, 1001 + ENDORSEMENT_SLACK, false},
		{1000, 0, true},
	};
	g_autoptr(GPtrArray) nobody = g_ptr_array_new();
	g_autoptr(Bundle) keeper = bundle_new(fixture->owner, KEY_ROLE_KEEPER, 5, 0, nobody);
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct endorsement endorsement = {.valid_until = cases[i].until};

		g_assert_cmpint(endorsement_covers(&endorsement, cases[i].stored_at), ==,
				cases[i].covered);
	}
	g_assert_true(bundle_check_writer(fixture->bundle, INT64_MAX, &error));
	fixture->bundle->endorsement.valid_until = 1000;
	g_assert_true(bundle_check_writer(fixture->bundle, 1000, &error));
	g_assert_false(bundle_check_writer(fixture->bundle, 1001, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_assert_nonnull(strstr(error->message, "ended 1970-01-01T00:00:00"));
	g_clear_error(&error);
	g_assert_false(bundle_check_writer(keeper, 0, &error));
	assert_error(g_steal_pointer(&error), ODR_ERROR_AUTH,
		     "the bundle is endorsed as keeper; this needs a writer's");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *, gconstpointer);
	} tests[] = {
		{"/keys/owner/reads-what-it-wrote", test_owner},
		{"/keys/identity/opens-by-its-passphrase-only", test_passphrase},
		{"/keys/identity/notices-an-altered-scope", test_altered_scope},
		{"/keys/identity/refuses-to-use-more-than-1-gib", test_memory_ceiling},
		{"/keys/recipient/reads-what-it-wrote", test_recipient},
		{"/keys/recipient/is-read-from-an-identity-too", test_recipient_of_identity},
		{"/keys/recipient/notices-a-wrong-digit", test_wrong_digit},
		{"/keys/bundle/reads-what-it-wrote", test_bundle},
		{"/keys/bundle/refuses-one-of-another-owner", test_foreign_bundle},
		{"/keys/bundle/refuses-the-secret-of-another", test_mixed_bundle},
		{"/keys/bundle/no-damage-changes-a-key", test_damage},
		{"/keys/refuses-other-files-by-name", test_wrong_type},
		{"/keys/facts/need-no-passphrase", test_facts},
		{"/keys/endorsement/notices-every-changed-byte", test_endorsement},
		{"/keys/endorsement/ends-for-writers-before-it-ends-for-readers", test_validity},
		{"/keys/seed/depends-on-its-label", test_seeds},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, setup, tests[i].test, teardown);
	return g_test_run();
}
