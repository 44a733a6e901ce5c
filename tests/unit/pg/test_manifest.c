#include "pg/manifest.h"

#include "base/bytes.h"
#include "crypto/digest.h"

#include <string.h>

static void test_text(void)
{
	g_autoptr(PgManifest) manifest = pg_manifest_new();
	g_autofree char *text = NULL;
	g_autoptr(GString) expected = g_string_new(
		"{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
		"\"Files\": [\n"
		"{ \"Path\": \"base/1/112\", \"Size\": 8192, \"Last-Modified\": \"2026-11-21 "
		"23:05:01 GMT\", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"78563412\" },\n"
		"{ \"Path\": \"a \\\"b\\\\c\\u000a\xc3\xa4\", \"Size\": 0, \"Last-Modified\": "
		"\"1970-01-01 00:00:00 GMT\", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": "
		"\"00000000\" },\n"
		"{ \"Encoded-Path\": \"ff2f61\", \"Size\": 1, \"Last-Modified\": \"1969-12-31 "
		"23:59:59 GMT\", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"01000000\" }\n"
		"],\n"
		"\"WAL-Ranges\": [\n"
		"{ \"Timeline\": 3, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"16/B374D848\" }\n"
		"],\n");
	uint8_t digest[SHA256_SIZE];

	pg_manifest_add(manifest, "base/1/112", 8192, 1795302301, 0x12345678);
	pg_manifest_add(manifest, "a \"b\\c\n\xc3\xa4", 0, 0, 0);
	pg_manifest_add(manifest, "\xff/a", 1, -1, 1);
	text = pg_manifest_finish(manifest, 3, 0x2000028, 0x16B374D848);

	sha256(expected->str, expected->len, digest);
	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	g_string_append_printf(expected, "\"Manifest-Checksum\": \"%s\"}\n", hex);
	g_assert_cmpstr(text, ==, expected->str);
}

static void test_empty(void)
{
	g_autoptr(PgManifest) manifest = pg_manifest_new();
	g_autofree char *text = pg_manifest_finish(manifest, 1, 0, 1);

	g_assert_true(g_str_has_prefix(text, "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
					     "\"Files\": [\n],\n\"WAL-Ranges\": [\n"));
	pg_manifest_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pg/manifest/is-what-pg_verifybackup-reads", test_text);
	g_test_add_func("/pg/manifest/may-have-no-files", test_empty);
	return g_test_run();
}
