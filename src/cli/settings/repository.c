/* Which settings of a repository go together. */
#include "base/error.h"
#include "cli/settings/resolve.h"

#include <string.h>

/* Keys that only some types have a use for; those that are not here, all have. */
static const struct {
	const char *key, *types;
	bool needed;
} type_keys[] = {
	{"path", "posix", true},
	{"bucket", "s3;libs3", true},
	{"endpoint", "s3;libs3"},
	{"prefix", "s3;libs3"},
	{"region", "s3;libs3"},
	{"credentials", "s3;libs3"},
	{"credential-process", "s3;libs3"},
	{"credentials-from", "s3;libs3"},
	{"credentials-endpoint", "s3;libs3"},
	{"role-arn", "s3;libs3"},
	{"token-file", "s3;libs3"},
	{"ca-file", "s3"},
	{"proxy", "s3"},
	{"tls-unverified", "libs3"},
	{"path-style", "s3;libs3"},
	{"plain-http", "s3;libs3"},
	{"checksum", "s3"},
	{"retry-for", "s3;libs3"},
	{"silence-timeout", "s3;libs3"},
	{"bandwidth-up", "s3;libs3"},
	{"bandwidth-down", "s3;libs3"},
};

/* Keys that only some values of credentials-from= have a use for. */
static const struct {
	const char *key, *sources;
} source_keys[] = {
	{"credentials-endpoint", "web-identity;instance"},
	{"role-arn", "web-identity"},
	{"token-file", "web-identity"},
};

static const char *help_of(const char *name)
{
	size_t count;
	const struct settings_key *keys = settings_keys_of("repository", &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].name, name) == 0)
			return keys[i].help;
	return "";
}

static bool in_list(const char *list, const char *word)
{
	g_auto(GStrv) words = g_strsplit(list, ";", -1);

	return g_strv_contains((const char *const *)words, word);
}

/* Whether a key is written; its line, else that of the group. */
static bool is_written(const Keyfile *keyfile, const char *group, const char *key, unsigned *line,
		       bool *written, GError **error)
{
	g_autofree char *value = NULL;

	if (!keyfile_value(keyfile, group, key, &value, error))
		return false;
	*line = keyfile_line(keyfile, group, key);
	*written = value != NULL;
	return true;
}

static bool check_type_keys(const Keyfile *keyfile, const char *group, const char *type,
			    GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(type_keys); i++) {
		const char *key = type_keys[i].key;
		bool belongs = in_list(type_keys[i].types, type), written;
		unsigned line;

		if (!is_written(keyfile, group, key, &line, &written, error))
			return false;
		if (written && !belongs)
			return keyfile_fail(keyfile, line, error,
					    "%s= is not for repositories of type %s", key, type);
		if (!written && belongs && type_keys[i].needed)
			return keyfile_fail(keyfile, keyfile_line(keyfile, group, "type"), error,
					    "[%s] needs %s=: %s", group, key, help_of(key));
	}
	return true;
}

static bool check_source_keys(const Keyfile *keyfile, const char *group, const char *from,
			      GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(source_keys); i++) {
		g_auto(GStrv) sources = g_strsplit(source_keys[i].sources, ";", -1);
		g_autofree char *list = g_strjoinv(" or ", sources);
		unsigned line;
		bool written;

		if (!is_written(keyfile, group, source_keys[i].key, &line, &written, error))
			return false;
		if (written && !g_strv_contains((const char *const *)sources, from))
			return keyfile_fail(keyfile, line, error, "%s= is for credentials-from=%s",
					    source_keys[i].key, list);
	}
	return true;
}

static bool check_credentials(const Keyfile *keyfile, const char *group,
			      const struct settings_repository *repository, GError **error)
{
	const char *from = repository->credentials_from ? repository->credentials_from : "";

	if (!repository->credentials + !repository->credential_process +
		    !repository->credentials_from !=
	    2)
		return keyfile_fail(keyfile, keyfile_line(keyfile, group, "type"), error,
				    "[%s] needs one of credentials=, credential-process= and "
				    "credentials-from=, and no other",
				    group);
	return check_source_keys(keyfile, group, from, error);
}

static bool check_lock(const Keyfile *keyfile, const char *group,
		       const struct settings_repository *repository, GError **error)
{
	static const struct {
		const char *type, *why;
	} without[] = {{"posix", "a folder has no locks"},
		       {"libs3", "libs3 knows no locks; use type=s3"}};

	for (size_t i = 0; i < G_N_ELEMENTS(without); i++)
		if (strcmp(repository->type, without[i].type) == 0 &&
		    strcmp(repository->lock, "none") != 0)
			return keyfile_fail(keyfile, keyfile_line(keyfile, group, "lock"), error,
					    "lock cannot be '%s': %s", repository->lock,
					    without[i].why);
	return true;
}

bool settings_check_repository(const Keyfile *keyfile, const struct settings_repository *repository,
			       GError **error)
{
	g_autofree char *group = g_strconcat("repository ", repository->name, NULL);
	bool bucket = repository->bucket != NULL;

	return check_type_keys(keyfile, group, repository->type, error) &&
	       (!bucket || check_credentials(keyfile, group, repository, error)) &&
	       check_lock(keyfile, group, repository, error);
}
