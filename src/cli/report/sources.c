#include "cli/report/sources.h"

#include "base/error.h"
#include "cli/drill/evidence_trust.h"
#include "cli/drill/plan.h"
#include "cli/report/service_status.h"
#include "cli/run/run.h"

#include <string.h>

#define DRILL_AGE_DEFAULT (31 * USEC_PER_DAY)

/* ---- release ------------------------------------------------------------------------------------- */

static void business_free(void *data)
{
	struct quarter_business *business = data;

	g_strfreev(business->checks);
	g_strfreev(business->lacking);
	if (business->events)
		g_array_unref(business->events);
	g_free(business);
}

static void service_release(void *data)
{
	struct quarter_service *service = data;
	struct status *status = (struct status *)service->status;

	for (int i = 0; i < QUARTER_COMPONENTS; i++)
		if (service->events[i])
			g_array_unref(service->events[i]);
	if (service->restores)
		g_ptr_array_unref((GPtrArray *)service->restores);
	if (service->incidents)
		g_ptr_array_unref((GPtrArray *)service->incidents);
	if (status)
		status_clear(status);
	g_free(status);
	g_clear_pointer(&service->businesses, g_ptr_array_unref);
	g_clear_pointer(&service->exemptions, g_array_unref);
	g_clear_pointer(&service->plans, g_array_unref);
	g_clear_pointer(&service->repositories, g_ptr_array_unref);
	g_clear_pointer(&service->strata, g_ptr_array_unref);
	g_free(service);
}

void report_sources_clear(struct report_sources *sources)
{
	g_clear_pointer(&sources->services, g_ptr_array_unref);
	g_clear_pointer(&sources->readings, g_ptr_array_unref);
	g_clear_pointer(&sources->incidents, g_ptr_array_unref);
	g_clear_pointer(&sources->custody, g_ptr_array_unref);
	stored_chain_clear(&sources->chain);
	g_clear_pointer(&sources->troubles, g_ptr_array_unref);
	g_clear_pointer(&sources->plans, g_ptr_array_unref);
	g_clear_pointer(&sources->contexts, g_ptr_array_unref);
}

/* ---- exposure ------------------------------------------------------------------------------------ */

/* Whose points those of a component are: jobs, mail and cursors stand in the database. */
static const char *source_of(const char *component)
{
	return strcmp(component, "integration") == 0 ? quarter_component_name(QUARTER_DATABASE)
						     : component;
}

/* In one repository, of all that is named as one. */
static bool read_repository(Catalog *catalog, const char *service, const char *repository,
			    char *const *components, usec_t since, GArray **events, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (; *components; components++) {
		g_autoptr(GArray) claimed = NULL;

		if (!catalog_exposure(catalog, service, repository, source_of(*components), since,
				      &claimed, error))
			return false;
		g_ptr_array_add(all, exposure_revise(claimed));
	}
	*events = exposure_worst((GArray **)all->pdata, all->len);
	return true;
}

/* Of the best repository at every time; NULL where none is known. */
static bool read_events(Catalog *catalog, const struct settings_service *service,
			char *const *components, usec_t since, GArray **events, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);

	for (guint i = 0; i < service->repositories->len; i++) {
		const struct settings_repository *repository = service->repositories->pdata[i];
		GArray *some = NULL;

		if (!read_repository(catalog, service->name, repository->name, components, since,
				     &some, error))
			return false;
		g_ptr_array_add(all, some);
	}
	*events = exposure_best((GArray **)all->pdata, all->len);
	if ((*events)->len == 0)
		g_clear_pointer(events, g_array_unref);
	return true;
}

static bool read_restores(Catalog *catalog, const char *service, usec_t since, usec_t until,
			  const GPtrArray **restores, GError **error)
{
	g_autoptr(GPtrArray) runs = NULL;

	if (!catalog_runs(catalog, service, "restore", 10000, &runs, error))
		return false;
	for (guint i = runs->len; i-- > 0;) {
		const struct catalog_run *run = runs->pdata[i];

		if (run->started < since || run->started >= until)
			g_ptr_array_remove_index(runs, i);
	}
	*restores = g_steal_pointer(&runs);
	return true;
}

/* ---- what the configuration says ----------------------------------------------------------------- */

usec_t report_drill_age(const struct settings_tier *tier)
{
	if (tier->max_drill_age > 0)
		return tier->max_drill_age;
	return tier->drill_every > 0 ? 2 * tier->drill_every : DRILL_AGE_DEFAULT;
}

static void set_objectives(const struct settings_service *settings, struct quarter_service *service)
{
	const struct settings_tier *tier = settings->tier;

	service->name = settings->name;
	service->tier = tier->name;
	for (int i = 0; i < QUARTER_COMPONENTS; i++)
		service->rpo[i] = tier->rpo_component[i] ? tier->rpo_component[i] : tier->rpo;
	service->rpo_required = tier->rpo_percent < 100 ? tier->rpo_percent / 100.0 : 0;
	service->unknown_allowance = tier->unknown_allowance;
	service->verify_cycle = tier->verify_cycle;
	service->rto = tier->rto;
	service->max_drill_age = report_drill_age(tier);
	service->min_drills = tier->min_drills;
	service->retain = tier->retain;
	service->has[QUARTER_DATABASE] = settings->postgres != NULL;
	service->has[QUARTER_FILESTORE] = settings->filestore != NULL;
	service->has[QUARTER_CONFIG] = settings->config != NULL;
}

static void add_exemptions(const Settings *settings, struct quarter_service *service)
{
	service->exemptions = g_array_new(FALSE, FALSE, sizeof(struct quarter_exemption));
	for (guint i = 0; i < settings->exemptions->len; i++) {
		const struct settings_exemption *exemption = settings->exemptions->pdata[i];
		struct quarter_exemption found = {
			.process = exemption->process,
			.exemption = {exemption->reason, exemption->approver, exemption->expires}};

		if (strcmp(exemption->service, service->name) == 0 &&
		    quarter_kind_parse(exemption->objective, &found.kind))
			g_array_append_val(service->exemptions, found);
	}
}

/* Of those that the service has. */
static GPtrArray *components_of(const struct settings_process *process,
				const struct quarter_service *service)
{
	g_auto(GStrv) named = settings_split(process->components);
	GPtrArray *components = g_ptr_array_new_with_free_func(g_free);

	for (char **name = named; name && *name; name++)
		for (int i = 0; i < QUARTER_COMPONENTS; i++)
			if (service->has[i] &&
			    strcmp(source_of(*name),
				   quarter_component_name((enum quarter_component)i)) == 0)
				g_ptr_array_add(components, g_strdup(*name));
	g_ptr_array_add(components, NULL);
	return components;
}

static bool add_business(Catalog *catalog, const struct settings_service *settings,
			 const struct settings_process *process, const GPtrArray *plans,
			 usec_t since, struct quarter_service *service, GError **error)
{
	struct quarter_business *business = g_new0(struct quarter_business, 1);
	g_autoptr(GPtrArray) components = components_of(process, service);

	*business =
		(struct quarter_business){.name = process->name,
					  .owner = process->owner,
					  .components = process->components,
					  .rpo = process->rpo ? process->rpo : settings->tier->rpo,
					  .rto = process->rto ? process->rto : settings->tier->rto,
					  .checks = settings_split(process->checks),
					  .lacking = drill_plans_lacking(plans, process)};
	g_ptr_array_add(service->businesses, business);
	return components->len == 1 ||
	       read_events(catalog, settings, (char *const *)components->pdata, since,
			   &business->events, error);
}

static bool add_businesses(const Context *context, Catalog *catalog, const GPtrArray *plans,
			   usec_t since, struct quarter_service *service, GError **error)
{
	const GPtrArray *processes = context->settings->processes;

	service->businesses = g_ptr_array_new_with_free_func(business_free);
	for (guint i = 0; i < processes->len; i++) {
		const struct settings_process *process = processes->pdata[i];

		if (strcmp(process->service, service->name) == 0 &&
		    !add_business(catalog, context->service, process, plans, since, service, error))
			return false;
	}
	return true;
}

/* ---- coverage ------------------------------------------------------------------------------------ */

static bool add_coverage(const Context *context, const GPtrArray *plans, const GPtrArray *readings,
			 struct quarter_service *service, GError **error)
{
	const GPtrArray *repositories = context->service->repositories;

	service->plans = g_array_new(FALSE, FALSE, sizeof(struct coverage_plan));
	for (guint i = 0; i < plans->len; i++) {
		const DrillPlan *plan = plans->pdata[i];
		struct coverage_plan found = {plan->name, plan->hash, plan->schedule.max_age};

		if (strcmp(plan->service, service->name) == 0)
			g_array_append_val(service->plans, found);
	}
	service->repositories = g_ptr_array_new();
	for (guint i = 0; i < repositories->len; i++)
		g_ptr_array_add(service->repositories,
				((struct settings_repository *)repositories->pdata[i])->name);
	return coverage_strata_load(context->settings->state, readings, service->name,
				    &service->strata, error);
}

/* ---- incidents ----------------------------------------------------------------------------------- */

static const GPtrArray *incidents_of(const GPtrArray *all, const char *service)
{
	GPtrArray *some = g_ptr_array_new();

	for (guint i = 0; i < all->len; i++)
		if (g_strcmp0(((const Incident *)all->pdata[i])->service, service) == 0)
			g_ptr_array_add(some, all->pdata[i]);
	return some;
}

/* What cannot be read is said, and the rest is reported all the same. */
static void read_incidents(struct report_sources *sources, const char *state)
{
	g_autoptr(GError) trouble = NULL;

	if (!incident_load_all(state, NULL, &sources->incidents, sources->troubles, &trouble))
		g_ptr_array_add(sources->troubles,
				g_strdup_printf("incidents are not known: %s", trouble->message));
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static bool read_catalog(Context *context, Catalog *catalog, const GPtrArray *plans, usec_t since,
			 usec_t until, struct quarter_service *service, GError **error)
{
	for (int i = 0; i < QUARTER_COMPONENTS; i++) {
		char *components[] = {(char *)quarter_component_name((enum quarter_component)i),
				      NULL};

		if (!read_events(catalog, context->service, components, since, &service->events[i],
				 error))
			return false;
	}
	return service_read_back(context, catalog, &service->read_back, error) &&
	       add_businesses(context, catalog, plans, since, service, error) &&
	       read_restores(catalog, service->name, since, until, &service->restores, error);
}

static bool read_service(Context *context, const struct report_sources *sources, usec_t since,
			 usec_t until, struct quarter_service *service, GError **error)
{
	struct status *status = g_new0(struct status, 1);
	bool renewed;

	set_objectives(context->service, service);
	add_exemptions(context->settings, service);
	service->status = status;
	if (sources->incidents)
		service->incidents = incidents_of(sources->incidents, service->name);
	if (!service_status(context, status, error))
		return false;

	g_autoptr(Catalog) catalog = run_catalog(context, &renewed, error);

	return catalog &&
	       read_catalog(context, catalog, sources->plans, since, until, service, error) &&
	       add_coverage(context, sources->plans, sources->readings, service, error);
}

struct report_scope report_scope_of(const struct arguments *arguments, usec_t since, usec_t until)
{
	return (struct report_scope){arguments_positional(arguments, 0),
				     arguments_text(arguments, "tier"), since, until};
}

bool report_sources_read(const struct arguments *arguments, const struct report_scope *scope,
			 struct report_sources *sources, GError **error)
{
	const Settings *settings;

	sources->troubles = g_ptr_array_new_with_free_func(g_free);
	sources->services = g_ptr_array_new_with_free_func(service_release);
	sources->contexts = context_open_all(arguments, scope->service, error);
	if (!sources->contexts)
		return false;
	settings = ((Context *)sources->contexts->pdata[0])->settings;
	sources->plans = drill_plans_load(settings, sources->troubles);
	if (!reading_load_all(settings->state, &sources->readings, sources->troubles, error))
		return false;
	read_incidents(sources, settings->state);
	for (guint i = 0; i < sources->contexts->len; i++) {
		Context *context = sources->contexts->pdata[i];
		struct quarter_service *service;

		if (scope->tier && strcmp(context->service->tier->name, scope->tier) != 0)
			continue;
		service = g_new0(struct quarter_service, 1);
		g_ptr_array_add(sources->services, service);
		if (!read_service(context, sources, scope->since, scope->until, service, error))
			return false;
	}
	return sources->services->len > 0 ||
	       odr_fail(error, ODR_ERROR_USAGE, "no service is of tier '%s'", scope->tier);
}

void report_sources_chain(struct report_sources *sources)
{
	const Context *context = sources->contexts->pdata[0];

	const char *state = context->settings->state;
	g_autoptr(GError) trouble = NULL, unknown = NULL;
	g_autoptr(Trust) trust = trust_chosen(context->arguments, sources->contexts, &unknown);

	if (!trust)
		g_ptr_array_add(
			sources->troubles,
			g_strdup_printf("receipts cannot be verified: %s", unknown->message));
	reading_prove_receipts(state, sources->readings, trust ? &trust->is : NULL);
	stored_chain_read(state, trust ? &trust->is : NULL, &sources->chain);
	if (!custody_read(state, &sources->custody, &trouble))
		g_ptr_array_add(sources->troubles,
				g_strdup_printf("what was done with keys is not known: %s",
						trouble->message));
}
