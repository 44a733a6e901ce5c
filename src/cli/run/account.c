#include "cli/run/account.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/run/run.h"
#include "drill/incident/incident.h"

#include <string.h>

void account_begin(struct account *account)
{
	*account = (struct account){.began = clock_now(),
				    .from = clock_monotonic(),
				    .spans = g_array_new(FALSE, FALSE, sizeof(struct drill_span)),
				    .facts = json_object()};
}

void account_clear(struct account *account)
{
	g_clear_pointer(&account->spans, g_array_unref);
	g_clear_pointer(&account->facts, json_decref);
	g_free(account->incident);
}

static bool check_incident(const Incident *incident, const Context *context, GError **error)
{
	const char *service = context->service->name;

	if (!incident_check_open(incident, error))
		return false;
	return !incident->service || strcmp(incident->service, service) == 0 ||
	       odr_fail(error, ODR_ERROR_REFUSED, "incident %s is of service %s, and this is of %s",
			incident->id, incident->service, service);
}

bool account_incident(const Context *context, char **id, GError **error)
{
	const char *name = arguments_text(context->arguments, "incident");
	const char *state = context->settings->state;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(Incident) incident = NULL;
	g_autoptr(GError) cause = NULL;

	if (!name)
		return true;
	if (incident_load(state, name, &incident, troubles, &cause)) {
		if (!check_incident(incident, context, error))
			return odr_context(error, "--incident");
		*id = g_strdup(incident->id);
		return true;
	}
	if (odr_error_is(cause, ODR_ERROR_USAGE) || strcmp(name, "latest") == 0) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return odr_context(error, "--incident");
	}
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		log_warning("incident %s is not known on this host: what this run tells of "
			    "itself is in '%s/audit.log', and comes to it with odrbackup incident "
			    "link %s --chain",
			    name, state, name);
	else
		log_warning("incident %s: %s", name, cause->message);
	*id = g_strdup(name);
	return true;
}

void account_add(struct account *account, const struct account_phase *phase)
{
	usec_t now = clock_monotonic();
	struct drill_span span = {.phase = phase->phase,
				  .component = phase->component,
				  .began = clock_now() - (now - phase->from),
				  .from = phase->from,
				  .to = now,
				  .bytes = phase->bytes,
				  .failed = phase->failed};

	g_array_append_val(account->spans, span);
}

void account_located(struct account *account, bool failed)
{
	account_add(account, &(struct account_phase){.phase = PHASE_LOCATE,
						     .component = "",
						     .from = account->from,
						     .failed = failed});
}

void account_failed(struct account *account, const Context *context, const char *command,
		    const GError *error)
{
	if (!account->incident)
		return;
	account_located(account, true);

	g_autoptr(Run) run = run_begin_recovery(context, command, account);

	run_finish(run, error, &(struct run_result){.set_id = NULL});
}

static json_t *spans_json(const GArray *spans)
{
	json_t *list = json_array();

	for (guint i = 0; i < spans->len; i++) {
		const struct drill_span *span = &g_array_index(spans, struct drill_span, i);
		json_t *object = json_object();

		json_set_string(object, "phase", drill_phase_name(span->phase));
		json_set_string(object, "component", span->component);
		json_set_time(object, "began", span->began);
		json_set_int(object, "mono_us", span->to - span->from);
		json_set_int(object, "bytes", (int64_t)span->bytes);
		json_set_string(object, "outcome", span->failed ? "failed" : "ok");
		json_array_append_new(list, object);
	}
	return list;
}

void account_tell(const struct account *account, bool ended, json_t *data)
{
	json_set_string(data, "incident", account->incident);
	json_set_time(data, "began", account->began);
	if (!ended)
		return;
	json_object_update_missing(data, account->facts);
	json_set(data, "spans", spans_json(account->spans));
}
