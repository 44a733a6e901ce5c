#ifndef ODR_TESTS_GOLDEN_H
#define ODR_TESTS_GOLDEN_H

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "repo/layer.h"

#include <string.h>

/*
 * The golden repository: written once by make.c, never again; today's readers must find in it exactly
 * what the file `expected` says. Its keys are for tests: the passphrase is GOLDEN_PASSPHRASE.
 */
#define GOLDEN_PASSPHRASE "correct horse"
#define GOLDEN_FULL	  "20261121T230501Z-5e7a11ce"
#define GOLDEN_LATER	  "20261122T230502Z-0ddba115"

static inline void golden_expect_content(GString *lines, const void *content, size_t size)
{
	uint8_t digest[SHA256_SIZE];

	sha256(content, size, digest);

	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	g_string_append_printf(lines, " %zu %s\n", size, hex);
}

/* "<set> f 0600 <path in hex> <size> <sha256>", "… d 0700 <path>", "… l 0777 <path> <target in hex>" */
static inline void golden_expect_entry(GString *lines, const char *set_id,
				       const struct layer_entry *entry, const GByteArray *content)
{
	static const char kinds[] = {
		[ENTRY_DIRECTORY] = 'd', [ENTRY_FILE] = 'f', [ENTRY_SYMLINK] = 'l'};
	g_autofree char *path = hex_encode(entry->path, strlen(entry->path));

	g_string_append_printf(lines, "%s %c %04o %s", set_id, kinds[entry->kind], entry->mode,
			       path);
	if (entry->kind == ENTRY_FILE) {
		golden_expect_content(lines, content->data, content->len);
	} else if (entry->kind == ENTRY_SYMLINK) {
		g_autofree char *link = hex_encode(entry->link, strlen(entry->link));

		g_string_append_printf(lines, " %s\n", link);
	} else {
		g_string_append_c(lines, '\n');
	}
}

#endif
