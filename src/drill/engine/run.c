/* A drill from its beginning to its end (drill.h), and what its states use. */
#include "base/error.h"
#include "drill/engine/code.h"
#include "drill/engine/engine.h"

#include <stdarg.h>

/* ---- what states use ----------------------------------------------------------------------------- */

usec_t drill_span_begin(void)
{
	return clock_monotonic();
}

void drill_span_end(Drill *drill, enum drill_phase phase, const char *component, usec_t from,
		    bool drill_only)
{
	usec_t to = clock_monotonic();
	struct drill_span span = {.phase = phase,
				  .component = component,
				  .began = clock_now() - (to - from),
				  .from = from,
				  .to = to,
				  .drill_only = drill_only};

	g_array_append_val(drill->spans, span);
}

void drill_progress(const Drill *drill, const struct restore_progress *progress)
{
	if (drill->request->progress)
		drill->request->progress(drill->request->progress_data, drill->state, progress);
}

void drill_deviate(Drill *drill, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(drill->deviations, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

char *drill_plan_text(const Drill *drill, const char *name)
{
	const struct plan_file *file = name ? drill_plan_file(drill->plan, name) : NULL;
	gsize size = 0;
	const char *bytes = file ? g_bytes_get_data(file->content, &size) : NULL;

	return bytes ? g_strndup(bytes, size) : NULL;
}

bool drill_append(const Drill *drill, enum audit_event event, json_t *data, GError **error)
{
	bool done = audit_append(
		drill->request->audit,
		&(struct audit_entry){.event = event, .run = drill->request->run_id, .data = data},
		NULL, error);

	json_decref(data);
	return done;
}

struct evidence drill_evidence(const Drill *drill)
{
	return (struct evidence){.state = drill->request->state,
				 .repos = drill->means.evidence_repos ? drill->means.evidence_repos
								      : drill->nowhere,
				 .key = drill->request->key,
				 .retain = drill->plan->evidence.retain};
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static void drill_clear(Drill *drill)
{
	task_wait(g_steal_pointer(&drill->files.task), NULL);
	replica_free(drill->replica);
	replica_arrival_clear(&drill->arrival);
	isolation_clear(&drill->isolation);
	isolation_clear(&drill->server_isolation);
	g_clear_pointer(&drill->sockets, g_ptr_array_unref);
	drill_limits_clear(&drill->limits);
	restore_result_clear(&drill->restored);
	filestore_choice_clear(&drill->files.choice);
	filestore_holdings_clear(&drill->files.holdings);
	drill_captured_clear(&drill->captured);
	g_free(drill->files.folder);
	g_clear_pointer(&drill->files.names, g_hash_table_unref);
	if (drill->planned)
		restore_plan_clear(&drill->restore);
	restore_holdings_clear(&drill->holdings);
	g_clear_pointer(&drill->databases, g_ptr_array_unref);
	g_clear_pointer(&drill->left_out, g_ptr_array_unref);
	g_clear_pointer(&drill->results, g_ptr_array_unref);
	g_clear_pointer(&drill->deviations, g_ptr_array_unref);
	g_clear_pointer(&drill->spans, g_array_unref);
	g_clear_pointer(&drill->requeue, json_decref);
	g_clear_pointer(&drill->neutralization, json_decref);
	g_clear_pointer(&drill->controls, json_decref);
	g_clear_pointer(&drill->teardown, json_decref);
	sandbox_clear(&drill->sandbox);
	g_clear_pointer(&drill->nowhere, g_ptr_array_unref);
	g_free(drill->server_sha256);
	g_free(drill->parameters);
	g_free(drill->odoo_log);
	g_free(drill->target.text);
	g_free(drill->target.repository);
	g_free(drill->target.set);
	g_free(drill->target.name);
	g_free(drill->target.anchor);
	drill_anchor_clear(&drill->anchor);
	g_clear_pointer(&drill->target.draw, json_decref);
	g_clear_error(&drill->failure);
	audit_release(drill->request->audit, drill->request->run_id);
}

static json_t *schedule_data(const struct drill_request *request)
{
	json_t *data = json_object();

	json_set_string(data, "plan", request->plan->name);
	json_set_string(data, "plan_hash", request->plan->hash);
	json_set_string(data, "service", request->service);
	json_set_string(data, "slot", request->slot);
	json_set_string(data, "trigger", request->trigger);
	json_set_string(data, "incident", request->incident);
	json_set_string(data, "target", request->target ? request->target->text : NULL);
	/* For who has to clean up behind it. */
	json_set_string(data, "sandbox", request->plan->sandbox.directory);
	json_set_string(data, "discard", drill_discard_name(request->plan));
	return data;
}

static bool begin(Drill *drill, GError **error)
{
	const struct drill_request *request = drill->request;
	g_autoptr(JsonValue) scheduled = schedule_data(request);
	struct audit_head head;

	drill->plan = request->plan;
	drill->begun = drill->t_loss = clock_now();
	drill->commanded = clock_monotonic();
	drill->state = "opening";
	drill->spans = g_array_new(FALSE, TRUE, sizeof(struct drill_span));
	drill->results = g_ptr_array_new_with_free_func((GDestroyNotify)drill_check_result_free);
	drill->deviations = g_ptr_array_new_with_free_func(g_free);
	drill->notes = g_ptr_array_new_with_free_func(g_free);
	drill->left_out = g_ptr_array_new_with_free_func(g_free);
	drill->nowhere = g_ptr_array_new();
	if (!audit_hold(request->audit, request->run_id, error) ||
	    !audit_append(request->audit,
			  &(struct audit_entry){.event = AUDIT_DRILL_SCHEDULED,
						.run = request->run_id,
						.data = scheduled},
			  &head, error))
		return false;
	return !request->key ||
	       evidence_previous(request->state, request->run_id, head.seq, drill->previous, error);
}

static void give(Drill *drill, struct drill_result *result)
{
	*result = (struct drill_result){
		.outcome = drill->outcome,
		.exit_status =
			drill_exit_status(drill->outcome, drill->failure, drill->request->strict),
		.record = g_steal_pointer(&drill->record),
		.folder = evidence_folder(drill->request->state, drill->request->run_id),
		.kept = g_steal_pointer(&drill->kept),
		.notes = g_steal_pointer(&drill->notes),
	};
}

void drill_result_clear(struct drill_result *result)
{
	g_clear_pointer(&result->record, json_decref);
	g_clear_pointer(&result->folder, g_free);
	g_clear_pointer(&result->kept, g_free);
	g_clear_pointer(&result->notes, g_ptr_array_unref);
}

bool drill_run(const struct drill_request *request, struct drill_result *result, GError **error)
{
	Drill drill = {.request = request};
	g_autoptr(GError) trouble = NULL;

	if (begin(&drill, error)) {
		drill_go_through(&drill);
		drill_conclude(&drill, &trouble);
		give(&drill, result);
	} else {
		g_clear_pointer(&drill.notes, g_ptr_array_unref);
		drill_clear(&drill);
		return false;
	}
	drill_clear(&drill);
	if (!trouble)
		return true;
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}
