#include "base/keyfile.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

static void key_free(void *data)
{
	struct keyfile_key *key = data;

	g_free(key->name);
	g_free(key);
}

static void group_free(void *data)
{
	struct keyfile_group *group = data;

	g_free(group->name);
	g_ptr_array_unref(group->keys);
	g_free(group);
}

void keyfile_free(Keyfile *keyfile)
{
	if (!keyfile)
		return;
	g_free(keyfile->file);
	g_ptr_array_unref(keyfile->groups);
	g_ptr_array_unref(keyfile->warnings);
	g_key_file_unref(keyfile->values);
	g_free(keyfile);
}

bool keyfile_fail(const Keyfile *keyfile, unsigned line, GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	if (line == 0)
		return odr_fail(error, ODR_ERROR_USAGE, "%s: %s", keyfile->file, message);
	return odr_fail(error, ODR_ERROR_USAGE, "%s:%u: %s", keyfile->file, line, message);
}

const struct keyfile_group *keyfile_group(const Keyfile *keyfile, const char *name)
{
	for (guint i = 0; i < keyfile->groups->len; i++) {
		const struct keyfile_group *group = keyfile->groups->pdata[i];

		if (strcmp(group->name, name) == 0)
			return group;
	}
	return NULL;
}

static const struct keyfile_key *group_key(const struct keyfile_group *group, const char *name)
{
	for (guint i = 0; i < group->keys->len; i++) {
		const struct keyfile_key *key = group->keys->pdata[i];

		if (strcmp(key->name, name) == 0)
			return key;
	}
	return NULL;
}

unsigned keyfile_line(const Keyfile *keyfile, const char *group_name, const char *key_name)
{
	const struct keyfile_group *group = keyfile_group(keyfile, group_name);
	const struct keyfile_key *key = group ? group_key(group, key_name) : NULL;

	return key ? key->line : group ? group->line : 0;
}

static bool add_group(Keyfile *keyfile, unsigned number, char *line, GError **error)
{
	size_t length = strlen(line);
	const struct keyfile_group *first;

	if (length < 3 || line[length - 1] != ']' || strcspn(line + 1, "[]") != length - 2)
		return keyfile_fail(keyfile, number, error,
				    "this is no group; a group is written [name] on a line");
	line[length - 1] = '\0';
	first = keyfile_group(keyfile, line + 1);
	if (first)
		return keyfile_fail(keyfile, number, error,
				    "group [%s] is there already, in line %u; join the two",
				    first->name, first->line);

	struct keyfile_group *group = g_new0(struct keyfile_group, 1);

	group->name = g_strdup(line + 1);
	group->line = number;
	group->keys = g_ptr_array_new_with_free_func(key_free);
	g_ptr_array_add(keyfile->groups, group);
	return true;
}

static bool check_escapes(const Keyfile *keyfile, unsigned number, const char *value,
			  GError **error)
{
	for (const char *at = strchr(value, '\\'); at; at = strchr(at + 2, '\\')) {
		if (at[1] == '\0')
			return keyfile_fail(keyfile, number, error,
					    "a value ends on its line; a line cannot be continued");
		if (!strchr("sntr\\;", at[1]))
			return keyfile_fail(keyfile, number, error,
					    "unknown escape '\\%c'; a backslash is written \\\\",
					    at[1]);
	}
	return true;
}

static bool add_key(Keyfile *keyfile, unsigned number, const char *line, GError **error)
{
	const char *equals = strchr(line, '=');
	struct keyfile_group *group;
	const struct keyfile_key *first;

	if (!equals || equals == line)
		return keyfile_fail(keyfile, number, error,
				    "this is neither key=value nor [group] nor # comment");
	if (keyfile->groups->len == 0)
		return keyfile_fail(keyfile, number, error,
				    "a key before the first group; which one is it of?");

	g_autofree char *name = g_strchomp(g_strndup(line, (gsize)(equals - line)));

	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name))
		return keyfile_fail(keyfile, number, error,
				    "'%s' is no key; keys are of a-z, 0-9 and '-'", name);
	group = keyfile->groups->pdata[keyfile->groups->len - 1];
	first = group_key(group, name);
	if (first)
		return keyfile_fail(keyfile, number, error,
				    "key '%s' is there already, in line %u; drop one", name,
				    first->line);
	if (!check_escapes(keyfile, number, equals + 1, error))
		return false;
	if (strstr(equals + 1, " #") || strstr(equals + 1, "\t#"))
		g_ptr_array_add(
			keyfile->warnings,
			g_strdup_printf("%s:%u: the value of '%s' has a '#' in it; a comment "
					"needs a line of its own",
					keyfile->file, number, name));

	struct keyfile_key *key = g_new0(struct keyfile_key, 1);

	key->name = g_steal_pointer(&name);
	key->line = number;
	g_ptr_array_add(group->keys, key);
	return true;
}

static bool has_control_character(const char *line)
{
	for (; *line; line = g_utf8_next_char(line)) {
		if (*line != '\t' && g_unichar_iscntrl(g_utf8_get_char(line)))
			return true;
	}
	return false;
}

/* line has lost the blanks at its end. */
static bool scan_line(Keyfile *keyfile, unsigned number, char *line, GError **error)
{
	if (strlen(line) > KEYFILE_LINE_MAX)
		return keyfile_fail(keyfile, number, error, "this line is over %d bytes long",
				    KEYFILE_LINE_MAX);
	if (!g_utf8_validate(line, -1, NULL))
		return keyfile_fail(keyfile, number, error, "this line is not UTF-8");
	if (has_control_character(line))
		return keyfile_fail(keyfile, number, error, "a control character in this line");
	if (*line == '\0' || *line == '#')
		return true;
	if (*line == ';')
		return keyfile_fail(keyfile, number, error,
				    "a comment begins with '#', not with ';'");
	if (*line == ' ' || *line == '\t')
		return keyfile_fail(keyfile, number, error,
				    "this line begins with a blank; a line cannot be continued");
	if (*line == '[')
		return add_group(keyfile, number, line, error);
	return add_key(keyfile, number, line, error);
}

static bool scan_bytes(Keyfile *keyfile, const char *text, size_t size, GString *clean,
		       GError **error)
{
	const char *end = text + size;
	unsigned number = 0;

	if (size > KEYFILE_SIZE_MAX)
		return keyfile_fail(keyfile, 0, error, "the file is over %zu KiB long",
				    KEYFILE_SIZE_MAX >> 10);
	if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		return keyfile_fail(
			keyfile, 1, error,
			"the file begins with a byte order mark; save it as plain UTF-8");
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		number++;
		if (memchr(text, '\0', length))
			return keyfile_fail(keyfile, number, error, "a NUL byte in this line");

		g_autofree char *line = g_strchomp(g_strndup(text, length));

		g_string_append(clean, line);
		g_string_append_c(clean, '\n');
		if (!scan_line(keyfile, number, line, error))
			return false;
		text += length + (newline ? 1 : 0);
	}
	return true;
}

Keyfile *keyfile_parse(const char *text, size_t size, const char *file, GError **error)
{
	g_autoptr(Keyfile) keyfile = g_new0(Keyfile, 1);
	g_autoptr(GString) clean = g_string_new(NULL);
	g_autoptr(GError) cause = NULL;

	keyfile->file = g_strdup(file);
	keyfile->groups = g_ptr_array_new_with_free_func(group_free);
	keyfile->warnings = g_ptr_array_new_with_free_func(g_free);
	keyfile->values = g_key_file_new();
	if (!scan_bytes(keyfile, text, size, clean, error))
		return NULL;
	if (clean->len == 0)
		return g_steal_pointer(&keyfile);
	if (!g_key_file_load_from_data(keyfile->values, clean->str, clean->len, G_KEY_FILE_NONE,
				       &cause)) {
		keyfile_fail(keyfile, 0, error, "%s", cause->message);
		return NULL;
	}
	return g_steal_pointer(&keyfile);
}

bool keyfile_value(const Keyfile *keyfile, const char *group, const char *key, char **value,
		   GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;

	if (!g_key_file_has_key(keyfile->values, group, key, NULL)) {
		*value = NULL;
		return true;
	}
	text = g_key_file_get_string(keyfile->values, group, key, &cause);
	if (!text)
		return keyfile_fail(keyfile, keyfile_line(keyfile, group, key), error, "%s",
				    cause->message);
	*value = *text ? g_steal_pointer(&text) : NULL;
	return true;
}

bool keyfile_name_valid(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || length > KEYFILE_NAME_MAX || !g_ascii_isalnum(name[0]))
		return false;
	for (const char *at = name; *at; at++) {
		if (!g_ascii_isalnum(*at) && !strchr("._-", *at))
			return false;
	}
	return true;
}

char *keyfile_group_kind(const char *group, const char **name)
{
	const char *blank = strchr(group, ' ');

	*name = blank ? blank + 1 : NULL;
	return blank ? g_strndup(group, (gsize)(blank - group)) : g_strdup(group);
}

bool keyfile_known(const Keyfile *keyfile, const struct keyfile_group *group,
		   const char *const *known, GError **error)
{
	for (guint i = 0; i < group->keys->len; i++) {
		const struct keyfile_key *key = group->keys->pdata[i];

		if (g_strv_contains(known, key->name))
			continue;

		const char *near = suggest_name(key->name, known);
		g_autofree char *list = suggest_list(known);
		g_autofree char *phrase = near ? g_strdup_printf("did you mean '%s'?", near)
					       : g_strdup_printf("there are %s", list);

		return keyfile_fail(keyfile, key->line, error, "unknown key '%s' in [%s]; %s",
				    key->name, group->name, phrase);
	}
	return true;
}
