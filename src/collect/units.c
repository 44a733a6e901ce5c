/* What starts by itself: units and timers of systemd, cron. */
#include "collect/collector.h"

#include "base/error.h"

#include <fnmatch.h>
#include <string.h>

/* Whatever an administrator wrote; then what these names match, from disk and as systemd puts it together. */
static const char *const unit_files[] = {"/etc/systemd/system",
					 "/etc/systemd/user",
					 "/etc/default/odoo*",
					 "/etc/default/openerp*",
					 "/etc/systemd/system.conf.d/*.conf",
					 NULL};
static const char *const usual_units[] = {
	"odoo*",  "openerp*", "postgresql*", "pgbouncer*", "redis*", "valkey*", "traefik*",
	"nginx*", "haproxy*", "odrbackup*",  "docker.*",   "k3s*",   "cron.*",	NULL,
};

static bool wants_unit(const struct collection *collection, const char *unit)
{
	const char *const *patterns = collection->settings->units;

	for (patterns = patterns ? patterns : usual_units; *patterns; patterns++)
		if (fnmatch(*patterns, unit, 0) == 0)
			return true;
	return false;
}

/* A unit with its drop-ins, as it is in force. */
static bool take_unit(struct collection *collection, const char *unit, GError **error)
{
	const char *const argv[] = {"systemctl", "cat", "--no-pager", "--", unit, NULL};
	g_autofree char *path = g_strdup_printf("units/%s", unit);
	g_autofree char *source = g_strdup_printf("systemctl cat %s", unit);

	return tool_item(collection, &(struct tool){.argv = argv},
			 &(struct collection_item){
				 path, source,
				 "to compare: put back the files below /etc, then systemctl "
				 "daemon-reload"},
			 error);
}

/* "odoo.service enabled enabled": the first word. Where one cannot be shown, none can. */
static bool take_units(struct collection *collection, const char *list, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
	g_autoptr(GError) trouble = NULL;

	for (char **line = lines; *line && !trouble; line++) {
		g_autofree char *unit = g_strndup(*line, strcspn(*line, " \t"));

		/* Templates are no units yet. */
		if (unit[0] && !strstr(unit, "@.") && wants_unit(collection, unit))
			take_unit(collection, unit, &trouble);
	}
	if (!trouble)
		return true;
	if (collection->broken) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(collection, "units as they are in force are not here: %s",
			trouble->message);
	return true;
}

static bool take_list(struct collection *collection, GError **error)
{
	static const char *const argv[] = {"systemctl",	  "list-unit-files", "--no-pager",
					   "--no-legend", "--plain",	     NULL};
	g_autoptr(GError) trouble = NULL;
	g_autofree char *list = NULL;

	if (!tool_text(collection, &(struct tool){.argv = argv}, &list, &trouble)) {
		collection_note(collection, "which units are enabled is not known: %s",
				trouble->message);
		return true;
	}
	return collection_text(
		       collection,
		       &(struct collection_item){.path = "unit-files",
						 .source = "systemctl list-unit-files",
						 .hint = "systemctl enable what was enabled"},
		       list, strlen(list), error) &&
	       take_units(collection, list, error);
}

/* Units of packages and generators, and drop-ins beside them. */
static bool take_unit_files(struct collection *collection, unsigned *found, GError **error)
{
	static const char *const folders[] = {
		"/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/run/systemd/system"};
	const char *const *patterns = collection->settings->units;
	unsigned more = 0;

	if (!collection_files(collection, unit_files, COLLECTION_BUILT_IN, found, error))
		return false;
	for (patterns = patterns ? patterns : usual_units; *patterns; patterns++)
		for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
			g_autofree char *path = g_build_filename(folders[i], *patterns, NULL);
			const char *const paths[] = {path, NULL};

			if (!collection_files(collection, paths, COLLECTION_BUILT_IN, &more, error))
				return false;
			*found += more;
		}
	return true;
}

bool systemd_collect(struct collection *collection, GError **error)
{
	unsigned found = 0;

	/* What is enabled is a link to what a package brings. */
	collection->links_alone = true;
	if (!take_unit_files(collection, &found, error))
		return false;
	if (!tool_exists("systemctl") && found == 0)
		return collection_absent(collection, "there is no systemd");
	return !tool_exists("systemctl") || take_list(collection, error);
}

static const char *const cron_files[] = {
	"/etc/crontab",
	"/etc/anacrontab",
	"/etc/cron.d",
	"/etc/cron.hourly",
	"/etc/cron.daily",
	"/etc/cron.weekly",
	"/etc/cron.monthly",
	"/etc/cron.allow",
	"/etc/cron.deny",
	"/var/spool/cron/crontabs",
	"/etc/logrotate.conf",
	"/etc/logrotate.d",
	NULL,
};

bool cron_collect(struct collection *collection, GError **error)
{
	unsigned found = 0;

	if (!collection_paths(collection, cron_files, &found, error))
		return false;
	if (found == 0)
		return collection_absent(collection, "there are no tables of cron");
	return true;
}
