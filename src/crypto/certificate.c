#include "crypto/certificate.h"

#include "crypto/library.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#define TEXT_MAX (64 << 20)

void certificate_free(struct certificate *certificate)
{
	if (!certificate)
		return;
	g_free(certificate->subject);
	g_free(certificate->issuer);
	g_free(certificate->names);
	g_free(certificate->serial);
	g_free(certificate);
}

/* What was written to it, as text that is UTF-8; frees it. */
static char *taken_text(BIO *bio)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);
	char *text = g_utf8_make_valid(size > 0 ? data : "", size);

	BIO_free(bio);
	return text;
}

static char *name_text(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());

	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	return taken_text(bio);
}

static char *alternative_names(X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	BIO *bio = BIO_new(BIO_s_mem());

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		if (i > 0)
			BIO_puts(bio, ", ");
		GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i));
	}
	GENERAL_NAMES_free(names);
	return taken_text(bio);
}

static char *serial_text(X509 *certificate)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;
	char *text = g_strdup(hex ? hex : "");

	OPENSSL_free(hex);
	BN_free(number);
	return text;
}

static usec_t time_of(const ASN1_TIME *time)
{
	struct tm parts;

	if (!time || ASN1_TIME_to_tm(time, &parts) != 1)
		return 0;
	return (usec_t)timegm(&parts) * USEC_PER_SEC;
}

/* Of its encoding, which i2d_ functions write. */
static bool digest_encoding(unsigned char *bytes, int size, uint8_t digest[SHA256_SIZE])
{
	if (size > 0)
		sha256(bytes, (size_t)size, digest);
	OPENSSL_free(bytes);
	return size > 0;
}

static bool digest_key(EVP_PKEY *key, uint8_t digest[SHA256_SIZE])
{
	unsigned char *bytes = NULL;
	int size = key ? i2d_PUBKEY(key, &bytes) : 0;

	return digest_encoding(bytes, size, digest);
}

static struct certificate *describe(X509 *x509)
{
	struct certificate *certificate = g_new0(struct certificate, 1);
	unsigned char *bytes = NULL;
	int size = i2d_X509(x509, &bytes);

	digest_encoding(bytes, size, certificate->sha256);
	digest_key(X509_get0_pubkey(x509), certificate->key_sha256);
	certificate->subject = name_text(X509_get_subject_name(x509));
	certificate->issuer = name_text(X509_get_issuer_name(x509));
	certificate->names = alternative_names(x509);
	certificate->serial = serial_text(x509);
	certificate->not_before = time_of(X509_get0_notBefore(x509));
	certificate->not_after = time_of(X509_get0_notAfter(x509));
	certificate->authority = X509_check_ca(x509) != 0;
	return certificate;
}

/* A PEM block of a kind that we know; NULL at the end of the text. */
static X509 *parse_block(const char *name, const unsigned char *data, long size)
{
	if (g_str_has_prefix(name, "TRUSTED"))
		return d2i_X509_AUX(NULL, &data, size);
	return d2i_X509(NULL, &data, size);
}

GPtrArray *certificates_parse(const char *text, size_t size, unsigned *damaged)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)certificate_free);
	BIO *bio = BIO_new_mem_buf(text, (int)MIN(size, TEXT_MAX));
	char *name, *header;
	unsigned char *data;
	unsigned bad = 0;
	long length;

	library_get();
	while (found->len < CERTIFICATES_MAX &&
	       PEM_read_bio(bio, &name, &header, &data, &length) == 1) {
		bool wanted = g_str_has_suffix(name, "CERTIFICATE");
		X509 *x509 = wanted ? parse_block(name, data, length) : NULL;

		if (x509)
			g_ptr_array_add(found, describe(x509));
		bad += wanted && !x509;
		X509_free(x509);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)length);
	}
	ERR_clear_error();
	BIO_free(bio);
	if (damaged)
		*damaged = bad;
	return found;
}

static int no_passphrase(char *buffer, int size, int writing, void *data)
{
	(void)buffer, (void)size, (void)writing, (void)data;
	return -1;
}

bool certificate_key_digest(const char *text, size_t size, uint8_t digest[SHA256_SIZE])
{
	BIO *bio = BIO_new_mem_buf(text, (int)MIN(size, TEXT_MAX));
	EVP_PKEY *key;
	bool done;

	library_get();
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	done = digest_key(key, digest);
	EVP_PKEY_free(key);
	ERR_clear_error();
	BIO_free(bio);
	return done;
}
