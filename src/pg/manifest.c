#include "pg/manifest.h"

#include "base/bytes.h"
#include "crypto/digest.h"

#include <inttypes.h>
#include <string.h>

struct pg_manifest {
	GString *text;
	bool has_files;
};

PgManifest *pg_manifest_new(void)
{
	PgManifest *manifest = g_new0(PgManifest, 1);

	manifest->text = g_string_new("{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [");
	return manifest;
}

void pg_manifest_free(PgManifest *manifest)
{
	if (!manifest)
		return;
	g_string_free(manifest->text, TRUE);
	g_free(manifest);
}

static void append_json_string(GString *text, const char *value)
{
	g_string_append_c(text, '"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			g_string_append_printf(text, "\\%c", *value);
		else if ((unsigned char)*value < ' ')
			g_string_append_printf(text, "\\u%04x", (unsigned)*value);
		else
			g_string_append_c(text, *value);
	}
	g_string_append_c(text, '"');
}

static void append_path(GString *text, const char *path)
{
	if (g_utf8_validate(path, -1, NULL)) {
		g_string_append(text, "\"Path\": ");
		append_json_string(text, path);
	} else {
		g_autofree char *hex = hex_encode(path, strlen(path));

		g_string_append_printf(text, "\"Encoded-Path\": \"%s\"", hex);
	}
}

static char *format_time(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);

	if (!time)
		time = g_date_time_new_from_unix_utc(0);
	return g_date_time_format(time, "%Y-%m-%d %H:%M:%S GMT");
}

void pg_manifest_add(PgManifest *manifest, const char *path, uint64_t size, int64_t mtime,
		     uint32_t crc32c)
{
	g_autofree char *modified = format_time(mtime);
	/* PostgreSQL prints the four bytes as they lie in memory. */
	g_autofree char *checksum = hex_encode(&crc32c, sizeof(crc32c));

	g_string_append(manifest->text, manifest->has_files ? ",\n{ " : "\n{ ");
	append_path(manifest->text, path);
	g_string_append_printf(manifest->text,
			       ", \"Size\": %" PRIu64 ", \"Last-Modified\": \"%s\", "
			       "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"%s\" }",
			       size, modified, checksum);
	manifest->has_files = true;
}

char *pg_manifest_finish(PgManifest *manifest, uint32_t timeline, lsn_t start, lsn_t stop)
{
	char first[LSN_FORMAT_SIZE], last[LSN_FORMAT_SIZE];
	uint8_t digest[SHA256_SIZE];
	GString *text = manifest->text;

	g_string_append_printf(text,
			       "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": %" PRIu32
			       ", \"Start-LSN\": \"%s\", \"End-LSN\": \"%s\" }\n],\n",
			       timeline, lsn_format(start, first), lsn_format(stop, last));
	sha256(text->str, text->len, digest);
	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	g_string_append_printf(text, "\"Manifest-Checksum\": \"%s\"}\n", hex);
	manifest->text = g_string_new(NULL);
	return g_string_free(text, FALSE);
}
