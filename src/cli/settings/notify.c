/* What a [notify NAME] needs, and has no use for. */
#include "cli/settings/resolve.h"

#include <string.h>

static bool fail(const Keyfile *keyfile, const struct settings_notify *notify, const char *key,
		 const char *what, GError **error)
{
	g_autofree char *group = g_strconcat("notify ", notify->name, NULL);

	return keyfile_fail(keyfile, keyfile_line(keyfile, group, key), error, "[%s] %s", group,
			    what);
}

static bool check_command(const Keyfile *keyfile, const struct settings_notify *notify,
			  GError **error)
{
	g_auto(GStrv) words = settings_split(notify->command);

	if (!words)
		return fail(keyfile, notify, "type",
			    "needs command=: the program and its arguments, separated by ';'",
			    error);
	if (!g_path_is_absolute(words[0]))
		return fail(keyfile, notify, "command",
			    "names its program by an absolute path: begin it with '/'", error);
	if (notify->url || notify->url_file || notify->header_file || notify->ca_file)
		return fail(keyfile, notify, "type",
			    "is a command: url=, url-file=, header-file= and ca-file= are of http "
			    "and healthchecks",
			    error);
	return true;
}

/* Whom a secret may be sent to in the clear. */
static bool is_of_this_host(const char *url)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

	for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++)
		if (g_str_has_prefix(url, hosts[i]) && strchr(":/", url[strlen(hosts[i])]))
			return true;
	return false;
}

const char *settings_notify_url_wrong(const char *url, bool secret)
{
	if (!g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://"))
		return "needs a url that begins with https://";
	if (secret && g_str_has_prefix(url, "http://") && !is_of_this_host(url))
		return "would send header-file= in the clear; use https://";
	return NULL;
}

static bool holds_password(const char *url)
{
	const char *host = strstr(url, "://") + strlen("://");

	return memchr(host, '@', strcspn(host, "/"));
}

static bool check_url(const Keyfile *keyfile, const struct settings_notify *notify, GError **error)
{
	const char *wrong = settings_notify_url_wrong(notify->url, notify->header_file);

	if (!wrong && holds_password(notify->url))
		wrong = "holds a password in its url; put the url into a file of mode 0600 and "
			"name that by url-file=";
	return !wrong || fail(keyfile, notify, "url", wrong, error);
}

bool settings_check_notify(const Keyfile *keyfile, const struct settings_notify *notify,
			   GError **error)
{
	if (strcmp(notify->type, "command") == 0)
		return check_command(keyfile, notify, error);
	if (notify->command)
		return fail(keyfile, notify, "command", "has a command=, which is of type=command",
			    error);
	if (!notify->url == !notify->url_file)
		return fail(keyfile, notify, notify->url ? "url-file" : "type",
			    notify->url ? "has url= and url-file=; drop one"
					: "needs url=, or url-file= where that is secret",
			    error);
	return !notify->url || check_url(keyfile, notify, error);
}
