#include "cli/line/next_command.h"

#include <string.h>

static void append_word(GString *line, const char *word)
{
	static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/._-+,:@%=";
	bool needs_quotes = word[0] == '\0' || word[strspn(word, plain)] != '\0';
	g_autofree char *quoted = needs_quotes ? g_shell_quote(word) : g_strdup(word);

	g_string_append_printf(line, " %s", quoted);
}

char *next_command(const struct arguments *arguments, const char *const *words)
{
	static const char *const files[] = {"config", "kit", "identity", "passphrase-file"};
	GString *line = g_string_new("odrbackup");

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = arguments_path(arguments, files[i]);

		if (!path)
			continue;
		g_string_append_printf(line, " --%s", files[i]);
		append_word(line, path);
	}
	for (; *words; words++)
		append_word(line, *words);
	return g_string_free(line, FALSE);
}
