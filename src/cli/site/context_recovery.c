#include "base/error.h"
#include "base/file.h"
#include "cli/site/context.h"

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
	return odr_fail(error, ODR_ERROR_REFUSED,
			"%s Nothing was done; give --confirm %s if it is meant", question,
			context->service->name);
}

/* One word of a command line that PostgreSQL hands to a shell, in which % is special. */
static void append_word(GString *command, const char *option, const char *word)
{
	static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "/._-+,:@%";
	bool needs_quotes = word[0] == '\0' || word[strspn(word, plain)] != '\0';
	g_autofree char *quoted = needs_quotes ? g_shell_quote(word) : g_strdup(word);
	g_auto(GStrv) parts = g_strsplit(quoted, "%", -1);
	g_autofree char *escaped = g_strjoinv("%%", parts);

	if (option)
		g_string_append_printf(command, " --%s", option);
	g_string_append_printf(command, "%s%s", command->len ? " " : "", escaped);
}

static bool write_private(const char *path, const char *text, GError **error)
{
	if (!file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error))
		return odr_context(error, "cannot keep for PostgreSQL's recovery what it needs");
	return true;
}

static bool write_identity(const Context *context, const char *path, GError **error)
{
	g_autoptr(KeyText) text = identity_print(context->identity, NULL);

	return write_private(path, text, error);
}

static bool write_configuration(const Context *context, const char *path, GError **error)
{
	g_autoptr(GKeyFile) file = kit_settings(context->settings, context->service);
	g_autofree char *text = NULL;

	g_key_file_set_string(file, "odrbackup", "state", context->settings->state);
	g_key_file_set_string(file, "odrbackup", "spool", context->settings->spool);
	text = g_key_file_to_data(file, NULL, NULL);
	return write_private(path, text, error);
}

bool context_recovery_commands(Context *context, const char *folder, char **restore_command,
			       char **end_command, GError **error)
{
	const struct arguments *arguments = context->arguments;
	const char *repository = arguments_text(arguments, "repository");
	bool keep_identity = context->kit || context->passphrase.used;
	g_autofree char *identity = keep_identity
					    ? g_build_filename(folder, "recovery-identity", NULL)
					    : arguments_path(arguments, "identity");
	g_autofree char *config = context->kit
					  ? g_build_filename(folder, "recovery.conf", NULL)
					  : g_canonicalize_filename(context->settings->file, NULL);
	g_autofree char *as_of = clock_format(context->as_of);
	g_autoptr(GString) get = g_string_new(NULL);
	g_autoptr(GString) end = g_string_new(NULL);

	if ((keep_identity && !write_identity(context, identity, error)) ||
	    (context->kit && !write_configuration(context, config, error)))
		return false;
	append_word(get, NULL, arguments->program_path);
	append_word(get, "config", config);
	if (identity)
		append_word(get, "identity", identity);
	g_string_append_printf(get, " archive-get --service %s %%f %%p", context->service->name);
	if (repository)
		append_word(get, "repository", repository);
	if (context->as_of)
		append_word(get, "as-of", as_of);
	if (keep_identity) {
		g_string_append(end, "rm -f");
		append_word(end, NULL, identity);
	}
	if (context->kit)
		append_word(end, NULL, config);
	*restore_command = g_strdup(get->str);
	*end_command = end->len ? g_strdup(end->str) : NULL;
	return true;
}
