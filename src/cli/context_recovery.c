#include "base/error.h"
#include "base/file.h"
#include "cli/context.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool type_name(const Context *context, const char *question, GError **error)
{
	char answer[128];

	fprintf(stderr, "%s\nType the name of the service to go on: ", question);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	if (strcmp(g_strstrip(answer), context->service->name) == 0)
		return true;
	return odr_fail(error, ODR_ERROR_REFUSED, "not confirmed; nothing was done");
}

bool context_confirm(const Context *context, const char *question, GError **error)
{
	const char *given = arguments_text(context->arguments, "confirm");

	if (given && strcmp(given, context->service->name) == 0)
		return true;
	if (given)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"--confirm names '%s', the service is '%s'; nothing was done",
				given, context->service->name);
	if (!arguments_flag(context->arguments, "no-input") && isatty(STDIN_FILENO) &&
	    isatty(STDERR_FILENO))
		return type_name(context, question, error);
	return odr_fail(error, ODR_ERROR_REFUSED, "%s Confirm with --confirm %s", question,
			context->service->name);
}

/* One word of a command line that PostgreSQL hands to a shell, in which % is special. */
static void append_word(GString *command, const char *option, const char *word)
{
	g_autofree char *quoted = g_shell_quote(word);
	g_auto(GStrv) parts = g_strsplit(quoted, "%", -1);
	g_autofree char *escaped = g_strjoinv("%%", parts);

	if (option)
		g_string_append_printf(command, " --%s", option);
	g_string_append_printf(command, "%s%s", command->len ? " " : "", escaped);
}

static bool write_identity(Context *context, char **file, GError **error)
{
	g_autofree char *path = g_build_filename(context->state, "recovery-identity", NULL);
	g_autoptr(KeyText) text = identity_print(context->identity, NULL);

	if (!file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error))
		return odr_context(error, "cannot keep the identity for PostgreSQL's recovery");
	*file = g_steal_pointer(&path);
	return true;
}

bool context_recovery_commands(Context *context, char **restore_command, char **end_command,
			       GError **error)
{
	const struct arguments *arguments = context->arguments;
	g_autofree char *kit = arguments_path(arguments, "kit");
	g_autofree char *config = g_canonicalize_filename(context->settings->file, NULL);
	g_autofree char *identity = arguments_path(arguments, "identity");
	g_autofree char *passphrase = arguments_path(arguments, "passphrase-file");
	g_autoptr(GString) get = g_string_new(NULL);
	g_autoptr(GString) end = g_string_new(NULL);

	if (context->passphrase.used && !passphrase) {
		g_clear_pointer(&identity, g_free);
		if (!write_identity(context, &identity, error))
			return false;
		append_word(end, NULL, "rm");
		append_word(end, NULL, "-f");
		append_word(end, NULL, identity);
	}
	append_word(get, NULL, arguments->program_path);
	append_word(get, kit ? "kit" : "config", kit ? kit : config);
	if (identity)
		append_word(get, "identity", identity);
	if (context->passphrase.used && passphrase)
		append_word(get, "passphrase-file", passphrase);
	g_string_append_printf(get, " archive-get --service %s %%f %%p", context->service->name);
	if (arguments_text(arguments, "repository"))
		append_word(get, "repository", arguments_text(arguments, "repository"));
	*restore_command = g_strdup(get->str);
	*end_command = end->len ? g_strdup(end->str) : NULL;
	return true;
}
