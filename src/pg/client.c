#include "pg/client.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

#include <libpq-fe.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 1000

static void append_options(GString *text, const PQconninfoOption *options, const char *database)
{
	for (; options->keyword; options++)
		if (options->val && strcmp(options->keyword, "dbname") != 0)
			g_string_append_printf(text, "%s=%s\n", options->keyword, options->val);
	g_string_append_printf(text, "dbname=%s\n", database);
}

static bool has_line_break(const PQconninfoOption *options)
{
	for (; options->keyword; options++)
		if (options->val && strpbrk(options->val, "\r\n"))
			return true;
	return false;
}

/* The bare name of a database is a connection string, too. */
static PQconninfoOption *parse(const char *conninfo)
{
	bool is_name = !strchr(conninfo, '=') && !strstr(conninfo, "://");

	return PQconninfoParse(is_name ? "" : conninfo, NULL);
}

char *pg_client_service(const char *conninfo, const char *database, GError **error)
{
	PQconninfoOption *options = parse(conninfo);
	GString *text = NULL;

	if (!options)
		odr_fail(error, ODR_ERROR_USAGE,
			 "the connection string of the server is not one that libpq understands: "
			 "write keyword=value pairs or a postgresql:// URI");
	else if (has_line_break(options) || strpbrk(database, "\r\n"))
		odr_fail(error, ODR_ERROR_USAGE,
			 "a connection string or the name of a database has a line break, which "
			 "cannot be handed to the programs of PostgreSQL");
	else
		append_options(text = g_string_new("[" PG_CLIENT_SERVICE "]\n"), options, database);
	PQconninfoFree(options);
	return text ? g_string_free(text, FALSE) : NULL;
}

static char **arguments_of(const struct pg_client *client)
{
	GPtrArray *list = g_ptr_array_new();

	g_ptr_array_add(list, g_strdup(client->program));
	if (client->conninfo) {
		g_ptr_array_add(list, g_strdup("--dbname=service=" PG_CLIENT_SERVICE));
		g_ptr_array_add(list, g_strdup("--no-password"));
	}
	for (size_t i = 0; client->arguments[i]; i++)
		g_ptr_array_add(list, g_strdup(client->arguments[i]));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

/* Messages come in the language and encoding of nobody in particular. */
static char **environment_of(const char *service_file)
{
	char **environment = g_get_environ();

	environment = g_environ_setenv(environment, "PGSERVICEFILE", service_file, TRUE);
	environment = g_environ_setenv(environment, "LC_ALL", "C.UTF-8", TRUE);
	return g_environ_unsetenv(environment, "PGOPTIONS");
}

static bool run(const struct pg_client *client, const char *service_file, GError **error)
{
	g_auto(GStrv) arguments = arguments_of(client);
	g_auto(GStrv) environment = environment_of(service_file);
	struct process_result result = {0};

	if (!process_run(&(struct process_request){.argv = (const char *const *)arguments,
						   .environment = (const char *const *)environment},
			 &result, error))
		return false;
	bool done = result.status == 0;

	if (!done) {
		const char *message = g_strstrip(result.err);
		g_autofree char *said =
			g_utf8_make_valid(message, (gssize)strnlen(message, MESSAGE_MAX));
		g_autofree char *name = g_path_get_basename(client->program);

		odr_fail(error, ODR_ERROR_FAILED, "%s failed (status %d): %s", name, result.status,
			 said);
	}
	process_result_clear(&result);
	return done;
}

bool pg_client_run(const struct pg_client *client, GError **error)
{
	g_autofree char *path = g_build_filename(client->folder, "pg_service.conf", NULL);
	g_autofree char *text = NULL;

	if (!client->conninfo)
		return run(client, path, error);
	text = pg_client_service(client->conninfo, client->database, error);
	if (!text ||
	    !file_write(path, text, strlen(text), &(struct file_write){.mode = 0600}, error))
		return false;
	bool done = run(client, path, error);

	unlink(path);
	return done;
}
