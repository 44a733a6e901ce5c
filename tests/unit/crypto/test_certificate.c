#include "crypto/certificate.h"

#include "base/bytes.h"
#include "certificate_pem.h"

#include <string.h>

static GPtrArray *parse(const char *text, unsigned *damaged)
{
	return certificates_parse(text, strlen(text), damaged);
}

static void test_facts(void)
{
	unsigned damaged;
	g_autoptr(GPtrArray) found = parse("what this is:\n" CERTIFICATE_PEM "bye\n", &damaged);
	const struct certificate *certificate;

	g_assert_cmpuint(found->len, ==, 1);
	g_assert_cmpuint(damaged, ==, 0);
	certificate = found->pdata[0];
	g_assert_cmpstr(certificate->subject, ==, "CN=erp.example,O=Example,C=FR");
	g_assert_cmpstr(certificate->issuer, ==, "CN=erp.example,O=Example,C=FR");
	g_assert_cmpstr(certificate->names, ==,
			"DNS:erp.example, DNS:www.erp.example, IP Address:192.0.2.1");
	g_assert_cmpstr(certificate->serial, ==, "1234");
	g_assert_true(certificate->authority);
	g_autofree char *begins = clock_format(certificate->not_before);
	g_autofree char *ends = clock_format(certificate->not_after);
	g_autofree char *digest = hex_encode(certificate->sha256, SHA256_SIZE);

	g_assert_cmpstr(begins, ==, "2026-11-28T01:04:49Z");
	g_assert_cmpstr(ends, ==, "2126-11-04T01:04:49Z");
	g_assert_cmpstr(digest, ==,
			"d5a0fd8bf7fa65f26a9c0fddc0e61f6d076008ba296232157613d5f355cb0e95");
}

static void test_chain(void)
{
	unsigned damaged;
	g_autoptr(GPtrArray) found = parse(
		CERTIFICATE_KEY_PEM CERTIFICATE_PEM
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" CERTIFICATE_PEM,
		&damaged);

	g_assert_cmpuint(found->len, ==, 2);
	g_assert_cmpuint(damaged, ==, 1);
}

static void test_none(void)
{
	g_autoptr(GPtrArray) empty = parse("", NULL);
	g_autoptr(GPtrArray) other = parse("-----BEGIN CERTIFICATE-----\nMIIB", NULL);

	g_assert_cmpuint(empty->len, ==, 0);
	g_assert_cmpuint(other->len, ==, 0);
}

static void test_key(void)
{
	g_autoptr(GPtrArray) found = parse(CERTIFICATE_PEM, NULL);
	const struct certificate *certificate = found->pdata[0];
	uint8_t digest[SHA256_SIZE];

	g_assert_true(certificate_key_digest(CERTIFICATE_PEM CERTIFICATE_KEY_PEM,
					     strlen(CERTIFICATE_PEM CERTIFICATE_KEY_PEM), digest));
	g_assert_cmpmem(digest, SHA256_SIZE, certificate->key_sha256, SHA256_SIZE);
	g_assert_false(certificate_key_digest(CERTIFICATE_PEM, strlen(CERTIFICATE_PEM), digest));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/certificate/tells-whom-it-is-for-and-how-long", test_facts);
	g_test_add_func("/certificate/every-one-of-a-text-is-found", test_chain);
	g_test_add_func("/certificate/a-text-may-have-none", test_none);
	g_test_add_func("/certificate/a-key-is-known-by-its-public-half", test_key);
	return g_test_run();
}
