#include "cli/run/trail.h"

#include "base/log.h"

#include <string.h>

static const struct {
	const char *command;
	enum audit_event begins; /* AUDIT_EVENTS: nothing is said */
	enum audit_event ends;
	bool only_with_set; /* it ends with one, or there is nothing to tell */
} told[] = {
	{"backup", AUDIT_EVENTS, AUDIT_SET_PUBLISHED, true},
	{"restore", AUDIT_RESTORE_PLANNED, AUDIT_RESTORE_ENDED, false},
	{"export", AUDIT_RESTORE_PLANNED, AUDIT_RESTORE_ENDED, false},
};

bool trail_append(const char *state, enum audit_event event, const char *run, json_t *data)
{
	g_autoptr(JsonValue) said = data;
	g_autoptr(GError) trouble = NULL;
	g_autoptr(Audit) audit = audit_open(state, &trouble);

	if (audit &&
	    audit_append(audit, &(struct audit_entry){.event = event, .run = run, .data = said},
			 NULL, &trouble))
		return true;
	log_warning("%s is not in the audit chain: %s", audit_event_name(event), trouble->message);
	return false;
}

bool trail_add(const Context *context, enum audit_event event, const char *run, json_t *data)
{
	return trail_append(context->settings->state, event, run, data);
}

json_t *trail_of(const Context *context, const char *member, const char *value)
{
	json_t *data = json_object();

	json_set_string(data, "service", context->service->name);
	json_set_string(data, member, value);
	return data;
}

bool trail_confirm(const Run *run, const char *question, GError **error)
{
	const Context *context = run->context;
	json_t *data;

	if (!context_confirm(context, question, error))
		return false;
	data = trail_of(context, "question", question);
	json_set_string(data, "answered",
			arguments_text(context->arguments, "confirm") ? "option" : "terminal");
	trail_add(context, AUDIT_RESTORE_APPROVED, run->run_id, data);
	return true;
}

void trail_begin(const Run *run)
{
	for (size_t i = 0; i < G_N_ELEMENTS(told); i++) {
		json_t *data;

		if (strcmp(told[i].command, run->command) != 0 || told[i].begins == AUDIT_EVENTS)
			continue;
		data = trail_of(run->context, "command", run->command);
		if (run->account)
			account_tell(run->account, false, data);
		trail_add(run->context, told[i].begins, run->run_id, data);
	}
}

void trail_end(const Run *run, const char *outcome, const struct run_result *result)
{
	for (size_t i = 0; i < G_N_ELEMENTS(told); i++) {
		json_t *data;

		if (strcmp(told[i].command, run->command) != 0 ||
		    (told[i].only_with_set && !result->set_id))
			continue;
		data = trail_of(run->context, "command", run->command);
		json_set_string(data, "set", result->set_id);
		json_set_string(data, "outcome", outcome);
		if (run->account)
			account_tell(run->account, true, data);
		trail_add(run->context, told[i].ends, run->run_id, data);
	}
}
