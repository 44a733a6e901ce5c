#include "base/error.h"
#include "base/json.h"
#include "cli/line/commands.h"
#include "cli/restore/part.h"
#include "cli/restore/target.h"
#include "cli/restore/tenant.h"
#include "cli/run/trail.h"
#include "repo/manifest.h"

#include <stdio.h>
#include <string.h>

/* Sets and WAL are looked at together, then packs are read by several at once. */
#define CONNECTIONS 3

static const struct restore_part_class *const classes[] = {
	&restore_database_part,
	&restore_filestore_part,
	&restore_config_part,
};
/* What each is a phase of. */
static const enum drill_phase phases[] = {PHASE_BASE, PHASE_FILESTORE, PHASE_BASE};
#define CLASSES G_N_ELEMENTS(classes)

/* Which parts: those of --part, else those that have been given a place; of none of them the database. */
struct parts {
	bool chosen[CLASSES];
	void *objects[CLASSES];
};

static bool is_part(const char *name)
{
	for (size_t i = 0; i < CLASSES; i++)
		if (strcmp(classes[i]->name, name) == 0)
			return true;
	return false;
}

static bool check_names(const struct arguments *arguments, GError **error)
{
	const GPtrArray *names = arguments_list(arguments, "part");

	for (guint i = 0; names && i < names->len; i++)
		if (!is_part(names->pdata[i]))
			return odr_fail(error, ODR_ERROR_USAGE,
					"--part is " PART_DATABASE ", " PART_FILESTORE
					" or " PART_CONFIG ", not '%s'",
					(char *)names->pdata[i]);
	return true;
}

/* What says how a database is restored says nothing of files. */
static bool check_without_database(const struct arguments *arguments, GError **error)
{
	static const char *const of_database[] = {
		"pgdata",	   "tablespace-map",   "delta", "verify-with", "target-action",
		"target-timeline", "target-exclusive", NULL};
	struct restore_target target = {0};
	bool current;

	for (const char *const *name = of_database; *name; name++)
		if (g_hash_table_contains(arguments->values, *name))
			return odr_fail(error, ODR_ERROR_USAGE, "--%s is for --part " PART_DATABASE,
					*name);
	if (!restore_target_parse(arguments, &target, &current, error))
		return false;
	return target.type == RECOVERY_DEFAULT || target.type == RECOVERY_TIME ||
	       target.type == RECOVERY_NAME ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"without --part " PART_DATABASE " there is no WAL that would lead to "
			"--type %s: files are restored from their newest capture, from that of "
			"--type time or name (a mark), or from --set",
			recovery_type_name(target.type));
}

static bool choose(const struct arguments *arguments, struct parts *parts, GError **error)
{
	bool files = arguments_text(arguments, "filestore") != NULL;
	bool named = arguments_list(arguments, "part") != NULL;

	if (!check_names(arguments, error))
		return false;
	for (size_t i = 0; i < CLASSES; i++)
		parts->chosen[i] = restore_wants(arguments, classes[i]->name);
	if (!named) {
		parts->chosen[0] = arguments_text(arguments, "pgdata") || !files;
		parts->chosen[1] = files;
	}
	if (!parts->chosen[2] &&
	    (arguments_flag(arguments, "in-place") || arguments_list(arguments, "item")))
		return odr_fail(error, ODR_ERROR_USAGE,
				"--in-place and --item are for --part " PART_CONFIG);
	if (!parts->chosen[1] && files)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--filestore is for --part " PART_FILESTORE);
	return parts->chosen[0] || check_without_database(arguments, error);
}

static bool parse(struct parts *parts, struct restore_site *site, GError **error)
{
	unsigned count = 0;

	for (size_t i = 0; i < CLASSES; i++)
		count += parts->chosen[i];
	site->several = count > 1;
	for (size_t i = 0; i < CLASSES; i++) {
		if (!parts->chosen[i])
			continue;
		parts->objects[i] = classes[i]->parse(site, error);
		if (!parts->objects[i])
			return false;
	}
	return true;
}

static bool plan(const struct parts *parts, struct restore_site *site, GError **error)
{
	site->context =
		context_open(site->arguments, arguments_positional(site->arguments, 0), error);
	if (site->context)
		site->context->connections = CONNECTIONS;
	if (!site->context || !account_incident(site->context, &site->account.incident, error) ||
	    !trail_identity(site->context, error) || !context_repos(site->context, error))
		return false;
	for (size_t i = 0; i < CLASSES; i++)
		if (parts->chosen[i] && !classes[i]->plan(parts->objects[i], site, error))
			return false;
	return true;
}

/* What comes next where an incident is measured. */
static void advise(const struct restore_site *site)
{
	if (site->account.incident && !arguments_flag(site->arguments, "json") &&
	    !arguments_flag(site->arguments, "quiet"))
		printf("When the server answers: odrbackup incident mark %s db-ready --postgres "
		       "CONNINFO\n",
		       site->account.incident);
}

static void show(const struct parts *parts, const struct restore_site *site)
{
	bool json = arguments_flag(site->arguments, "json");
	bool first = true;

	for (size_t i = 0; i < CLASSES; i++) {
		if (!parts->chosen[i])
			continue;
		if (site->several && !json)
			printf("%sPart %s\n", first ? "" : "\n", classes[i]->name);
		classes[i]->show(parts->objects[i], site);
		first = false;
	}
	fflush(stdout);
}

static bool run_part(const struct parts *parts, size_t i, struct restore_site *site, GError **error)
{
	struct account_phase phase = {.phase = phases[i],
				      .component = classes[i]->name,
				      .from = clock_monotonic(),
				      .bytes = classes[i]->result(parts->objects[i]).bytes};

	classes[i]->tell(parts->objects[i], site->account.facts);
	phase.failed = !classes[i]->run(parts->objects[i], site, error);
	account_add(&site->account, &phase);
	return !phase.failed;
}

static bool run_parts(const struct parts *parts, struct restore_site *site, GError **error)
{
	for (size_t i = 0; i < CLASSES; i++)
		if (parts->chosen[i] && !run_part(parts, i, site, error))
			return false;
	return true;
}

static struct run_result result_of(const struct parts *parts)
{
	struct run_result all = {0};

	for (size_t i = 0; i < CLASSES; i++) {
		if (!parts->chosen[i])
			continue;
		struct run_result result = classes[i]->result(parts->objects[i]);

		all.bytes += result.bytes;
		if (!all.set_id)
			all.set_id = result.set_id;
	}
	return all;
}

static bool run(const struct parts *parts, struct restore_site *site, GError **error)
{
	struct run_result result = result_of(parts);
	bool done;

	account_located(&site->account, false);
	site->run = run_begin_recovery(site->context, "restore", &site->account);
	done = run_parts(parts, site, error);
	run_finish(site->run, done ? NULL : *error, &result);
	run_free(site->run);
	if (done)
		advise(site);
	return done;
}

bool cmd_restore(const struct arguments *arguments, GError **error)
{
	if (arguments_text(arguments, "database"))
		return restore_tenant(arguments, error);

	struct restore_site site = {.arguments = arguments};
	struct parts parts = {0};

	account_begin(&site.account);

	bool plan_only = arguments_flag(arguments, "plan");
	bool done = choose(arguments, &parts, error) && parse(&parts, &site, error) &&
		    plan(&parts, &site, error);

	if (done && (plan_only || !arguments_flag(arguments, "quiet")))
		show(&parts, &site);
	if (done && !plan_only)
		done = run(&parts, &site, error);
	else if (!done && !plan_only)
		account_failed(&site.account, site.context, "restore", *error);
	for (size_t i = 0; i < CLASSES; i++)
		classes[i]->free(parts.objects[i]);
	account_clear(&site.account);
	context_free(site.context);
	return done;
}
