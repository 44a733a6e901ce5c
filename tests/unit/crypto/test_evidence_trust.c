#include "base/error.h"
#include "crypto/evidence_trust.h"

#include <string.h>

static const char message[] = "what happened\n";

/* Two services, and a key that the first had before. */
struct fixture {
	OwnerKey *erp, *web;
	EvidenceKey *old, *now, *of_web;
	struct key_service owners[2];
};

static void set_up(struct fixture *fixture, const void *data)
{
	fixture->erp = owner_key_new("erp");
	fixture->web = owner_key_new("web");
	fixture->old = evidence_key_new(fixture->erp, 10 * USEC_PER_DAY, 10 * USEC_PER_DAY);
	fixture->now = evidence_key_new(fixture->erp, 10 * USEC_PER_DAY, 0);
	fixture->of_web = evidence_key_new(fixture->web, 10 * USEC_PER_DAY, 0);
	fixture->owners[0] = fixture->erp->service;
	fixture->owners[1] = fixture->web->service;
}

static void tear_down(struct fixture *fixture, const void *data)
{
	evidence_key_free(fixture->old);
	evidence_key_free(fixture->now);
	evidence_key_free(fixture->of_web);
	owner_key_free(fixture->erp);
	owner_key_free(fixture->web);
}

static bool verify(const struct evidence_trust *trust, const EvidenceKey *key,
		   struct evidence_signer *signer, GError **error)
{
	g_autofree char *text = evidence_signature_print(key, message, strlen(message));
	struct evidence_signature signature;

	g_assert_true(evidence_signature_parse(text, strlen(text), &signature, NULL));
	return evidence_trust_verify(trust, &signature, message, strlen(message), signer, error);
}

static void refused(const struct evidence_trust *trust, const EvidenceKey *key, const char *why)
{
	struct evidence_signer signer;
	GError *error = NULL;

	g_assert_false(verify(trust, key, &signer, &error));
	g_assert_error(error, ODR_ERROR, (int)ODR_ERROR_CORRUPT);
	g_assert_nonnull(strstr(error->message, why));
	g_error_free(error);
}

static void any_key_of_an_owner_counts(struct fixture *fixture, const void *data)
{
	struct evidence_trust trust = {.owners = fixture->owners, .owner_count = 2};
	const EvidenceKey *const keys[] = {fixture->old, fixture->now, fixture->of_web};
	struct evidence_signer signer;
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		verify(&trust, keys[i], &signer, &error);
		g_assert_no_error(error);
		g_assert_cmpmem(signer.public_key, KEY_SIZE, keys[i]->endorsement.public_key,
				KEY_SIZE);
		g_assert_cmpstr(signer.owner->name, ==, keys[i]->service.name);
	}
	trust.owner_count = 1;
	refused(&trust, fixture->of_web, "which no owner that is known here endorsed");
}

static void keys_count_without_an_owner(struct fixture *fixture, const void *data)
{
	uint8_t keys[2][KEY_SIZE];
	struct evidence_trust trust = {.keys = (const uint8_t(*)[KEY_SIZE])keys, .key_count = 2};
	struct evidence_signer signer;
	g_autoptr(GError) error = NULL;

	memcpy(keys[0], fixture->now->endorsement.public_key, KEY_SIZE);
	memcpy(keys[1], fixture->of_web->endorsement.public_key, KEY_SIZE);
	verify(&trust, fixture->of_web, &signer, &error);
	g_assert_no_error(error);
	g_assert_null(signer.owner);
	g_assert_true(evidence_signer_check(&trust, &signer, 0, NULL));
	refused(&trust, fixture->old, ", which is none of those given");
	trust.key_count = 1;
	refused(&trust, fixture->old, ", not by ");

	/* With an owner besides it has to be one of the keys, and endorsed. */
	trust = (struct evidence_trust){.keys = (const uint8_t(*)[KEY_SIZE])keys,
					.key_count = 2,
					.owners = fixture->owners,
					.owner_count = 1};
	refused(&trust, fixture->old, ", which is none of those given");
	verify(&trust, fixture->of_web, &signer, &error);
	g_assert_no_error(error);
	g_assert_false(evidence_signer_check(&trust, &signer, 15 * USEC_PER_DAY, &error));
	g_assert_cmpstr(error->message, ==,
			"no owner that is known here endorsed the key that signed it");
}

/* An endorsement that is put into the comment of another key's signature. */
static void anothers_endorsement_says_nothing(struct fixture *fixture, const void *data)
{
	uint8_t keys[1][KEY_SIZE];
	struct evidence_trust trust = {.keys = (const uint8_t(*)[KEY_SIZE])keys,
				       .key_count = 1,
				       .owners = fixture->owners,
				       .owner_count = 1};
	struct endorsement stolen = fixture->now->endorsement;
	struct evidence_signer signer;

	memcpy(keys[0], fixture->of_web->endorsement.public_key, KEY_SIZE);
	g_autofree char *text = evidence_signature_print(fixture->of_web, message, strlen(message));
	struct evidence_signature signature;

	g_assert_true(evidence_signature_parse(text, strlen(text), &signature, NULL));
	signature.endorsement = stolen;
	g_assert_true(
		evidence_trust_verify(&trust, &signature, message, strlen(message), &signer, NULL));
	g_assert_null(signer.owner);
	trust.key_count = 0;
	g_assert_false(
		evidence_trust_verify(&trust, &signature, message, strlen(message), &signer, NULL));
}

static void endorsements_hold_for_a_time_and_a_role(struct fixture *fixture, const void *data)
{
	static const struct {
		int day;
		bool holds;
	} cases[] = {{8, false}, {9, true}, {10, true}, {20, true}, {21, true}, {22, false}};
	struct evidence_trust trust = {.owners = fixture->owners, .owner_count = 2};
	struct evidence_signer signer;
	g_autoptr(GError) error = NULL;

	g_assert_true(verify(&trust, fixture->old, &signer, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(
			evidence_signer_check(&trust, &signer, cases[i].day * USEC_PER_DAY, NULL),
			==, cases[i].holds);
	g_assert_true(verify(&trust, fixture->now, &signer, NULL));
	g_assert_true(evidence_signer_check(&trust, &signer, 4000 * USEC_PER_DAY, NULL));

	fixture->now->endorsement.role = KEY_ROLE_WRITER;
	endorsement_sign(&fixture->now->endorsement, fixture->erp);
	g_assert_true(verify(&trust, fixture->now, &signer, NULL));
	g_assert_false(evidence_signer_check(&trust, &signer, 15 * USEC_PER_DAY, &error));
	g_assert_cmpstr(error->message, ==,
			"the key that signed it is endorsed as writer, not as evidence");
}

#define ADD(name, function) \
 g_test_add("/crypto/evidence-trust/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("any-key-of-an-owner-counts", any_key_of_an_owner_counts);
	ADD("keys-count-without-an-owner", keys_count_without_an_owner);
	ADD("anothers-endorsement-says-nothing", anothers_endorsement_says_nothing);
	ADD("endorsements-hold-for-a-time-and-a-role", endorsements_hold_for_a_time_and_a_role);
	return g_test_run();
}
