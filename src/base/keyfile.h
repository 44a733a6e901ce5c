#ifndef ODR_BASE_KEYFILE_H
#define ODR_BASE_KEYFILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Files in GKeyFile syntax that people write. GKeyFile lets a repeated key win silently, merges repeated
 * groups and knows no line numbers; so the bytes are scanned first: both are refused, as are lines over
 * 4096 bytes, files over 1 MiB, text that is not UTF-8, control characters, continuation lines, lines
 * that begin with ';', and keys before the first group. Messages begin with "FILE:LINE: ".
 */
#define KEYFILE_SIZE_MAX ((size_t)1 << 20)
#define KEYFILE_LINE_MAX 4096

struct keyfile_key {
	char *name;
	unsigned line;
};
struct keyfile_group {
	char *name;
	unsigned line;
	GPtrArray *keys; /* struct keyfile_key, in order */
};
typedef struct keyfile Keyfile;
struct keyfile {
	char *file;
	GPtrArray *groups;   /* struct keyfile_group, in order */
	GPtrArray *warnings; /* char *, "FILE:LINE: …" */
	GKeyFile *values;
};
Keyfile *keyfile_parse(const char *text, size_t size, const char *file, GError **error);
void keyfile_free(Keyfile *keyfile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Keyfile, keyfile_free)

const struct keyfile_group *keyfile_group(const Keyfile *keyfile, const char *name); /* or NULL */
/* Line of a key, of the group if it has no such key, or 0. */
unsigned keyfile_line(const Keyfile *keyfile, const char *group, const char *key);
/* *value: blanks around it gone, escapes resolved; NULL where the key is absent or empty. g_free. */
bool keyfile_value(const Keyfile *keyfile, const char *group, const char *key, char **value,
		   GError **error);
/* What stands behind [kind NAME]: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first. */
#define KEYFILE_NAME_MAX 64
bool keyfile_name_valid(const char *name);
/* "service" of "service erp-prod", and the name behind it (NULL: none); g_free. */
char *keyfile_group_kind(const char *group, const char **name);
/* Every key of the group is one of known (NULL-terminated); else USAGE, with a suggestion. */
bool keyfile_known(const Keyfile *keyfile, const struct keyfile_group *group,
		   const char *const *known, GError **error);
/* Sets a USAGE error "FILE:LINE: …" and returns false. */
bool keyfile_fail(const Keyfile *keyfile, unsigned line, GError **error, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

#endif
