/* Whether a plan can be carried out as it says, and is no less than the configuration asks for. */
#include "drill/plan/lint.h"

#include "base/error.h"
#include "base/suggest.h"
#include "repo/layout.h"

#include <string.h>

#define DATABASE_NAME_MAX 63 /* NAMEDATALEN - 1 */

bool plan_is_written(const struct plan_reading *reading, const char *group, const char *key)
{
	return g_key_file_has_key(reading->keyfile->values, group, key, NULL);
}

static bool has_group(const struct plan_reading *reading, const char *group)
{
	return keyfile_group(reading->keyfile, group) != NULL;
}

static bool lint_name(const struct plan_reading *reading, GError **error)
{
	const DrillPlan *plan = reading->plan;
	g_autofree char *file = g_path_get_basename(plan->path);
	g_autofree char *right = g_strconcat(plan->name, PLAN_SUFFIX, NULL);

	if (!keyfile_name_valid(plan->name))
		return plan_fail(
			reading, "plan", "name", error,
			"'%s' is no name; names are 1 to %d of A-Z, a-z, 0-9, '.', '_' and "
			"'-', and begin with a letter or digit",
			plan->name, KEYFILE_NAME_MAX);
	if (!keyfile_name_valid(plan->service))
		return plan_fail(reading, "plan", "service", error, "'%s' is no name of a service",
				 plan->service);
	return strcmp(file, right) == 0 ||
	       plan_fail(reading, "plan", "name", error,
			 "name is '%s', but the file is '%s'; make them the same", plan->name,
			 file);
}

/* ---- what goes together -------------------------------------------------------------------------- */

static bool lint_verify(const struct plan_reading *reading, GError **error)
{
	static const char *const useless[] = {"sandbox",  "isolation",	"postgresql", "requeue",
					      "extended", "neutralize", "odoo"};

	if (reading->plan->select.database)
		return plan_fail(reading, "select", "database", error,
				 "kind=verify recovers no database; leave database out");
	for (size_t i = 0; i < G_N_ELEMENTS(useless); i++)
		if (has_group(reading, useless[i]))
			return plan_fail(
				reading, useless[i], "", error,
				"kind=verify starts no server, and has no [%s]; leave it out",
				useless[i]);
	for (guint i = 0; i < reading->keyfile->groups->len; i++) {
		const struct keyfile_group *group = reading->keyfile->groups->pdata[i];

		if (strchr(group->name, ' '))
			return keyfile_fail(
				reading->keyfile, group->line, error,
				"kind=verify starts no server, and has no [%s]; leave it "
				"out",
				group->name);
	}
	return true;
}

static bool is_set(const char *text)
{
	static const char *const words[] = {"auto", "latest", "oldest", "random", NULL};

	return g_strv_contains(words, text) || set_id_valid(text);
}

static bool lint_select(const struct plan_reading *reading, GError **error)
{
	static const char *const drawing[] = {"mix", "window", "nonce-file"};
	const struct plan_select *select = &reading->plan->select;
	bool drawn = select->target.kind <= PLAN_TARGET_EDGE ||
		     select->target.kind == PLAN_TARGET_ANCHOR_RANDOM;

	if (select->database && strlen(select->database) > DATABASE_NAME_MAX)
		return plan_fail(reading, "select", "database", error,
				 "'%s' is no name of a database, which has 1 to %d bytes",
				 select->database, DATABASE_NAME_MAX);
	if (plan_is_written(reading, "select", "mix") && select->target.kind != PLAN_TARGET_RANDOM)
		return plan_fail(reading, "select", "mix", error,
				 "mix is for target=random; leave it out");
	for (size_t i = 0; i < G_N_ELEMENTS(drawing); i++)
		if (!drawn && plan_is_written(reading, "select", drawing[i]))
			return plan_fail(reading, "select", drawing[i], error,
					 "%s is for a moment that is drawn, and target=%s is not; "
					 "leave it out",
					 drawing[i], select->target.text);
	if (!drawn && strcmp(select->set, "random") == 0)
		return plan_fail(reading, "select", "set", error,
				 "set=random is for a moment that is drawn, and target=%s is not; "
				 "leave it out, or name a set",
				 select->target.text);
	if (!is_set(select->set))
		return plan_fail(reading, "select", "set", error,
				 "set is auto, latest, oldest, random or the id of a set, not '%s'",
				 select->set);
	if (drawn && strcmp(select->set, "auto") != 0 && strcmp(select->set, "random") != 0)
		return plan_fail(
			reading, "select", "set", error,
			"set=%s is for a moment that is said; one that is drawn has a set of "
			"its own: leave it out, or say set=random",
			select->set);
	if (2 * select->margin >= select->window)
		return plan_fail(reading, "select", "margin", error,
				 "margin leaves nothing of window; make it smaller");
	return true;
}

static bool lint_probe(const struct plan_reading *reading, const char *probe, GError **error)
{
	const char *colon = strrchr(probe, ':');
	guint64 port;

	if (colon && colon > probe &&
	    g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL) &&
	    (probe[0] == '[') == (colon[-1] == ']') &&
	    (probe[0] == '[' || colon == strchr(probe, ':')))
		return true;
	return plan_fail(reading, "isolation", "probe", error,
			 "probe: '%s' is no address to try; write HOST:PORT or [ADDRESS]:PORT",
			 probe);
}

static bool lint_isolation(const struct plan_reading *reading, GError **error)
{
	const struct plan_isolation *isolation = &reading->plan->isolation;
	bool host = isolation->network == PLAN_NETWORK_HOST;

	if (host && !isolation->reason)
		return plan_fail(
			reading, "isolation", "network", error,
			"network=host lets the copy reach everything; say why, with reason=");
	if (!host && isolation->reason)
		return plan_fail(reading, "isolation", "reason", error,
				 "reason is for network=host; leave it out");
	if (host && plan_is_written(reading, "isolation", "namespace"))
		return plan_fail(reading, "isolation", "namespace", error,
				 "network=host needs no namespace; leave it out");
	if (host && isolation->probe[0])
		return plan_fail(reading, "isolation", "probe", error,
				 "with network=host a probe would be reached; leave it out");
	for (char **probe = isolation->probe; *probe; probe++)
		if (!lint_probe(reading, *probe, error))
			return false;
	return true;
}

static bool lint_sandbox(const struct plan_reading *reading, GError **error)
{
	const struct plan_sandbox *sandbox = &reading->plan->sandbox;

	if (!sandbox->directory)
		return plan_fail(reading, "sandbox", "directory", error,
				 "[sandbox] needs directory=: folder to restore into, of a file "
				 "system of its own");
	if (strcmp(sandbox->directory, "/") == 0)
		return plan_fail(reading, "sandbox", "directory", error,
				 "directory cannot be '/'; name a folder of its own");
	if (strchr(sandbox->marker, '/') || strcmp(sandbox->marker, ".") == 0 ||
	    strcmp(sandbox->marker, "..") == 0)
		return plan_fail(reading, "sandbox", "marker", error,
				 "marker is the name of a file in directory, not '%s'",
				 sandbox->marker);
	if (sandbox->postgres_bin && !g_path_is_absolute(sandbox->postgres_bin))
		return plan_fail(reading, "sandbox", "postgres-bin", error,
				 "postgres-bin is auto or an absolute path, not '%s'",
				 sandbox->postgres_bin);
	return true;
}

static bool lint_neutralize(const struct plan_reading *reading, GError **error)
{
	const struct plan_neutralizing *neutralize = &reading->plan->neutralize;
	bool none = neutralize->mode == PLAN_NEUTRALIZE_NONE;

	if (none && !neutralize->reason)
		return plan_fail(reading, "neutralize", "mode", error,
				 "mode=none leaves the copy able to act; say why, with reason=");
	if (!none && neutralize->reason)
		return plan_fail(reading, "neutralize", "reason", error,
				 "reason is for mode=none; leave it out");
	if (none && reading->plan->odoo.given)
		return plan_fail(reading, "odoo", "", error,
				 "Odoo may not be started on a copy that is not neutralized; leave "
				 "[odoo] out, or mode=none");
	if (none && neutralize->files[0])
		return plan_fail(reading, "neutralize", "files", error,
				 "mode=none runs no files; leave them out");
	if (none && plan_is_written(reading, "neutralize", "after"))
		return plan_fail(reading, "neutralize", "after", error,
				 "mode=none runs no files; leave after out");
	return true;
}

bool plan_starts_odoo(const DrillPlan *plan)
{
	return plan->odoo.given && plan->odoo.start;
}

static bool has_word(char **list, const char *word)
{
	for (; *list; list++)
		if (strstr(*list, word))
			return true;
	return false;
}

static bool lint_odoo(const struct plan_reading *reading, GError **error)
{
	const DrillPlan *plan = reading->plan;
	const struct plan_odoo *odoo = &plan->odoo;

	if (!plan_starts_odoo(plan))
		return true;
	if (!odoo->command[0])
		return plan_fail(reading, "odoo", "command", error,
				 "[odoo] needs command=: program and its arguments, as in: "
				 "/opt/odoo/odoo-bin; -c; %%c; -d; %%d");
	if (!g_path_is_absolute(odoo->command[0]) && !g_str_has_prefix(odoo->command[0], "%s/"))
		return plan_fail(reading, "odoo", "command", error,
				 "command begins with an absolute path, or with %%s/ for what was "
				 "captured, not '%s'",
				 odoo->command[0]);
	if (!has_word(odoo->command, "%c") || !has_word(odoo->command, "%d"))
		return plan_fail(reading, "odoo", "command", error,
				 "command needs %%c, the drill's configuration, and %%d, its "
				 "database; without them Odoo would use production's");
	if (odoo->health[0] != '/')
		return plan_fail(reading, "odoo", "health", error,
				 "health is a path, as /web/health, not '%s'", odoo->health);
	return true;
}

/* ---- names of the configuration ------------------------------------------------------------------ */

bool plan_lint_known(const struct plan_reading *reading, const struct plan_naming *naming,
		     const char *name, GError **error)
{
	if (!naming->known || g_strv_contains(naming->known, name))
		return true;

	g_autofree char *near = suggest_phrase(name, naming->known);
	g_autofree char *list = suggest_list(naming->known);

	if (*near)
		return plan_fail(reading, naming->group, naming->key, error,
				 "%s: there is no %s '%s'%s", naming->key, naming->what, name,
				 near);
	return plan_fail(reading, naming->group, naming->key, error,
			 "%s: there is no %s '%s'; there is %s", naming->key, naming->what, name,
			 *list ? list : "none");
}

bool plan_lint_all_known(const struct plan_reading *reading, const struct plan_naming *naming,
			 char **names, GError **error)
{
	for (; *names; names++)
		if (!plan_lint_known(reading, naming, *names, error))
			return false;
	return true;
}

static bool lint_named(const struct plan_reading *reading, GError **error)
{
	const struct plan_defaults *defaults = &reading->defaults;
	const DrillPlan *plan = reading->plan;
	struct plan_naming repository = {"select", "repository", "repository",
					 defaults->repositories};
	const struct {
		const char *key;
		char **names;
	} notify[] = {{"on-pass", plan->notify.on_pass},
		      {"on-fail", plan->notify.on_fail},
		      {"on-missed", plan->notify.on_missed},
		      {"on-abandoned", plan->notify.on_abandoned}};

	if (plan->select.repository &&
	    !plan_lint_known(reading, &repository, plan->select.repository, error))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(notify); i++) {
		struct plan_naming naming = {"notify", notify[i].key, "[notify] group",
					     defaults->notifications};

		if (!plan_lint_all_known(reading, &naming, notify[i].names, error))
			return false;
	}
	return true;
}

static bool lint_evidence(const struct plan_reading *reading, GError **error)
{
	static const char *const formats[] = {"json", "html", "markdown", "junit", "csv", NULL};
	struct plan_naming naming = {"evidence", "formats", "format", formats};
	char **chosen = reading->plan->evidence.formats;

	if (!plan_lint_all_known(reading, &naming, chosen, error))
		return false;
	return g_strv_contains((const char *const *)chosen, "json") ||
	       plan_fail(reading, "evidence", "formats", error,
			 "formats needs json: the others are made of it");
}

bool plan_lint(struct plan_reading *reading, GError **error)
{
	if (!lint_name(reading, error) || !lint_select(reading, error) ||
	    !plan_lint_objectives(reading, error) || !lint_named(reading, error) ||
	    !lint_evidence(reading, error))
		return false;
	if (reading->plan->kind == PLAN_VERIFY)
		return lint_verify(reading, error);
	return lint_sandbox(reading, error) && lint_isolation(reading, error) &&
	       lint_neutralize(reading, error) && lint_odoo(reading, error) &&
	       plan_lint_checks(reading, error) && plan_lint_controls(reading, error);
}
