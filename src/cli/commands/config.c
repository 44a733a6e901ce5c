/* odrbackup config show and check. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/drill/plan.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/collectors.h"
#include "cli/site/context.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_FOR (10 * USEC_PER_SEC) /* somebody waits */

static Settings *load(const struct arguments *arguments, GError **error)
{
	const char *file = arguments_text(arguments, "config");
	const char *kit_file = arguments_text(arguments, "kit");
	g_autoptr(Kit) kit = NULL;

	if (!kit_file)
		return settings_load(file ? file : SETTINGS_FILE, error);
	kit = kit_load(kit_file, error);
	return kit ? settings_parse(kit->settings, strlen(kit->settings), kit_file, error) : NULL;
}

static void show_json(const Settings *settings)
{
	json_t *document = json_object();
	json_t *values = json_array();

	for (guint i = 0; i < settings->origins->len; i++) {
		const struct settings_origin *origin = settings->origins->pdata[i];
		json_t *value = json_object();

		json_set_string(value, "group", origin->group);
		json_set_string(value, "key", origin->key);
		json_set_string(value, "value", origin->value);
		json_set_string(value, "origin", origin->origin);
		json_array_append_new(values, value);
	}
	json_set_string(document, "file", settings->file);
	json_set(document, "settings", values);
	json_out(document);
}

/* In the syntax of the file; the origin stands in a comment above its line. */
static void show_text(const Settings *settings, bool with_origin)
{
	const char *group = NULL;

	for (guint i = 0; i < settings->origins->len; i++) {
		const struct settings_origin *origin = settings->origins->pdata[i];
		g_autofree char *value = origin->value ? text_escape(origin->value) : NULL;

		if (!group || strcmp(group, origin->group) != 0)
			printf("%s[%s]\n", group ? "\n" : "", origin->group);
		group = origin->group;
		if (with_origin)
			printf("# %s\n", origin->origin);
		if (value)
			printf("%s=%s\n", origin->key, value);
		else
			printf("#%s=\n", origin->key);
	}
}

bool cmd_config_show(const struct arguments *arguments, GError **error)
{
	g_autoptr(Settings) settings = load(arguments, error);

	if (!settings)
		return false;
	if (arguments_flag(arguments, "json"))
		show_json(settings);
	else
		show_text(settings, arguments_flag(arguments, "origin"));
	return true;
}

enum outcome { OUTCOME_OK, OUTCOME_WARNING, OUTCOME_PROBLEM };
static const char *const outcomes[] = {"ok", "warning", "problem"};

/* What was found; the first problem's error decides the exit status. */
struct findings {
	TableOut *table;
	json_t *list;
	unsigned problems;
	GError *first;
};

static void find(struct findings *findings, enum outcome outcome, const char *subject,
		 const char *text)
{
	json_t *finding = json_object();

	json_set_string(finding, "outcome", outcomes[outcome]);
	json_set_string(finding, "subject", subject);
	json_set_string(finding, "text", text);
	json_array_append_new(findings->list, finding);
	table_out_row(findings->table, outcomes[outcome], subject, text);
	findings->problems += outcome == OUTCOME_PROBLEM;
}

/* Takes the error. */
static void find_problem(struct findings *findings, const char *subject, GError *error)
{
	find(findings, OUTCOME_PROBLEM, subject, error->message);
	if (findings->first)
		g_error_free(error);
	else
		findings->first = error;
}

static void check_folder(struct findings *findings, const char *subject, const char *path)
{
	GError *error = NULL;

	if (g_file_test(path, G_FILE_TEST_IS_DIR) && access(path, W_OK | X_OK) == 0) {
		find(findings, OUTCOME_OK, subject, path);
		return;
	}
	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_autofree char *text =
			g_strdup_printf("%s is not there yet; 'odrbackup init' makes it", path);

		find(findings, OUTCOME_WARNING, subject, text);
		return;
	}
	odr_fail(&error, ODR_ERROR_AUTH, "%s is no folder that this user may write to", path);
	find_problem(findings, subject, error);
}

static void check_repository(struct findings *findings,
			     const struct settings_repository *repository)
{
	g_autofree char *subject = g_strconcat("repository ", repository->name, NULL);
	struct store_settings settings = context_store(repository);
	GError *error = NULL;
	g_autoptr(Store) store = NULL;

	settings.retry_for = MIN(settings.retry_for, RETRY_FOR);
	store = store_open(&settings, &error);

	if (store && repo_check_format(store, &error)) {
		find(findings, OUTCOME_OK, subject, store_describe(store));
		return;
	}
	if (odr_error_is(error, ODR_ERROR_UNREACHABLE) && repository->path &&
	    !g_file_test(repository->path, G_FILE_TEST_EXISTS)) {
		g_clear_error(&error);
		odr_fail(&error, ODR_ERROR_UNREACHABLE,
			 "there is no '%s': if it is new, 'odrbackup init' makes it; if not, is it "
			 "mounted?",
			 repository->path);
	}
	find_problem(findings, subject, error);
}

static void check_validity(struct findings *findings, const char *subject, const Bundle *bundle)
{
	usec_t until = bundle->endorsement.valid_until;
	g_autofree char *date = clock_format(until);
	g_autofree char *text = g_strdup_printf("the endorsement ends %s; make a new bundle with "
						"'odrbackup key endorse'",
						date);
	GError *error = NULL;

	if (until == 0 || until > clock_now() + 30 * USEC_PER_DAY)
		return;
	if (until > clock_now()) {
		find(findings, OUTCOME_WARNING, subject, text);
		return;
	}
	odr_fail(&error, ODR_ERROR_AUTH, "the endorsement ended %s", date);
	find_problem(findings, subject, error);
}

static void check_bundle(struct findings *findings, const struct settings_service *service)
{
	g_autofree char *subject = g_strdup_printf("writer bundle of %s", service->name);
	GError *error = NULL;
	g_autoptr(Bundle) bundle = NULL;

	if (!service->bundle) {
		find(findings, OUTCOME_WARNING, subject,
		     "none: this host can neither back up nor archive the service");
		return;
	}
	bundle = unlock_bundle(service->bundle, &error);
	if (bundle && strcmp(bundle->service.name, service->name) != 0)
		odr_fail(&error, ODR_ERROR_AUTH, "'%s' is a bundle of service '%s'",
			 service->bundle, bundle->service.name);
	if (error) {
		find_problem(findings, subject, error);
		return;
	}
	find(findings, OUTCOME_OK, subject, service->bundle);
	check_validity(findings, subject, bundle);
	if (bundle->recipients->len == 1)
		find(findings, OUTCOME_WARNING, subject,
		     "a single recipient: if that identity is lost, every set is lost");
}

static void check_identity(struct findings *findings, const struct settings_service *service)
{
	g_autofree char *subject = g_strdup_printf("identity of %s", service->name);
	GError *error = NULL;
	g_autoptr(KeyText) text = NULL;
	struct key_facts facts = {0};

	if (!service->identity) {
		find(findings, OUTCOME_OK, subject,
		     "none here; a restore needs --identity or --kit");
		return;
	}
	if (!key_text_read(service->identity, &text, &error) ||
	    !key_facts_read(text, service->identity, &facts, &error)) {
		find_problem(findings, subject, error);
		return;
	}
	if (strcmp(facts.type, "identity") != 0 || strcmp(facts.service_name, service->name) != 0)
		odr_fail(&error, ODR_ERROR_AUTH, "'%s' is no identity of service '%s'",
			 service->identity, service->name);
	if (error)
		find_problem(findings, subject, error);
	else
		find(findings, OUTCOME_OK, subject, service->identity);
	key_facts_clear(&facts);
}

static void check_collectors(struct findings *findings, const Settings *settings,
			     const struct settings_service *service)
{
	g_autofree char *subject = g_strdup_printf("config of %s", service->name);
	g_autoptr(GString) names = g_string_new(NULL);
	GError *error = NULL;

	for (guint i = 0; i < service->collectors->len && !error; i++) {
		const struct settings_collect *collect = service->collectors->pdata[i];

		g_string_append_printf(names, "%s%s", i ? ", " : "", collect->name);
		collectors_check(settings, collect, &error);
	}
	if (error)
		find_problem(findings, subject, error);
	else if (service->config)
		find(findings, OUTCOME_OK, subject, names->str);
	else
		find(findings, OUTCOME_WARNING, subject, "none: the configuration is not captured");
}

static void check_service(struct findings *findings, const Settings *settings,
			  const struct settings_service *service)
{
	g_autofree char *subject = g_strdup_printf("state of %s", service->name);
	g_autofree char *state = settings_state(settings, service);

	check_folder(findings, subject, state);
	check_bundle(findings, service);
	check_identity(findings, service);
	check_collectors(findings, settings, service);
}

/* What stands for a process and is in no plan will never be proven. */
static void check_process(struct findings *findings, const GPtrArray *plans,
			  const struct settings_process *process)
{
	g_autofree char *subject = g_strconcat("process ", process->name, NULL);
	g_auto(GStrv) lacking = drill_plans_lacking(plans, process);
	g_autofree char *names = g_strjoinv(", ", lacking);
	g_autofree char *text = g_strdup_printf(
		"no plan of service %s has its %s %s: the process stays NOT PROVEN until one has",
		process->service, g_strv_length(lacking) == 1 ? "check" : "checks", names);

	if (*names)
		find(findings, OUTCOME_WARNING, subject, text);
	else if (process->checks)
		find(findings, OUTCOME_OK, subject, process->checks);
	else
		find(findings, OUTCOME_WARNING, subject,
		     "it has no checks=: nothing will prove that it works");
}

static void check_exemption(struct findings *findings, const struct settings_exemption *exemption)
{
	g_autofree char *subject = g_strconcat("exemption ", exemption->name, NULL);
	g_autofree char *date = clock_format(exemption->expires);
	g_autofree char *text =
		exemption->expires > clock_now()
			? g_strdup_printf("until %s, by %s: %s", date, exemption->approver,
					  exemption->reason)
			: g_strdup_printf("it expired at %s and changes nothing; remove it", date);

	find(findings, exemption->expires > clock_now() ? OUTCOME_OK : OUTCOME_WARNING, subject,
	     text);
}

static void check_drills(struct findings *findings, const Settings *settings)
{
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) plans = drill_plans_load(settings, troubles);

	for (guint i = 0; i < troubles->len; i++)
		find(findings, OUTCOME_WARNING, "plans of drills", troubles->pdata[i]);
	for (guint i = 0; i < settings->processes->len; i++)
		check_process(findings, plans, settings->processes->pdata[i]);
	for (guint i = 0; i < settings->exemptions->len; i++)
		check_exemption(findings, settings->exemptions->pdata[i]);
}

static void check_all(struct findings *findings, const Settings *settings)
{
	find(findings, OUTCOME_OK, "configuration", settings->file);
	for (guint i = 0; i < settings->warnings->len; i++)
		find(findings, OUTCOME_WARNING, "configuration", settings->warnings->pdata[i]);
	if (settings->services->len == 0)
		find(findings, OUTCOME_WARNING, "configuration", "there is no [service NAME]");
	for (guint i = 0; i < settings->repositories->len; i++)
		check_repository(findings, settings->repositories->pdata[i]);
	for (guint i = 0; i < settings->services->len; i++)
		check_service(findings, settings, settings->services->pdata[i]);
	check_drills(findings, settings);
}

static void print_findings(const struct arguments *arguments, struct findings *findings)
{
	bool as_json = arguments_flag(arguments, "json");
	bool silent = arguments_flag(arguments, "quiet") && findings->problems == 0;

	table_out_print(findings->table, as_json || silent ? NULL : stdout);
	if (as_json) {
		json_t *document = json_object();

		json_set(document, "findings", json_incref(findings->list));
		json_out(document);
	}
	json_decref(findings->list);
}

bool cmd_config_check(const struct arguments *arguments, GError **error)
{
	static const char *const headings[] = {"result", "what", "detail", NULL};
	g_autoptr(Settings) settings = load(arguments, error);
	struct findings findings = {0};

	if (!settings)
		return false;
	findings.table = table_out_new(headings);
	findings.list = json_array();
	check_all(&findings, settings);
	print_findings(arguments, &findings);
	if (!findings.first)
		return true;
	if (findings.problems > 1)
		odr_context(&findings.first, "%u problems, the first", findings.problems);
	g_propagate_error(error, findings.first);
	return false;
}
