/* However a drill ended: its record is made, signed, stored and attested, and the chain says so. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "drill/engine/engine.h"

#include <string.h>

static GBytes *document_of(const json_t *value)
{
	char *text = json_print_pretty(value);

	return g_bytes_new_take(text, strlen(text));
}

static json_t *digest_data(GBytes *document)
{
	gsize size;
	const void *bytes = g_bytes_get_data(document, &size);
	json_t *data = json_object();
	uint8_t digest[SHA256_SIZE];

	sha256(bytes, size, digest);
	g_autofree char *hex = hex_encode(digest, SHA256_SIZE);

	json_set_string(data, "record_sha256", hex);
	return data;
}

/* What it all comes to is in the chain before it is signed, and signed before it is stored. */
static bool sign(Drill *drill, GError **error)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(GBytes) document = document_of(drill->record);
	json_t *data = json_object();

	json_set_string(data, "outcome", drill_outcome_name(drill->outcome));
	return drill_append(drill, AUDIT_DRILL_JUDGED, data, error) &&
	       evidence_sign(&evidence, drill->request->run_id, document, error) &&
	       drill_append(drill, AUDIT_DRILL_SIGNED, digest_data(document), error);
}

static bool store(Drill *drill, GError **error)
{
	struct evidence evidence = drill_evidence(drill);

	if (drill->plan->evidence.store && !drill->means.evidence_repos)
		g_ptr_array_add(drill->notes,
				g_strdup("the evidence is on this host alone: no repository could "
					 "be opened to store it"));
	return !drill->plan->evidence.store || !drill->means.evidence_repos ||
	       (evidence_store(&evidence, drill->request->run_id, error) &&
		drill_append(drill, AUDIT_DRILL_STORED, json_object(), error));
}

static bool attest(Drill *drill, GError **error)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(GBytes) document = document_of(drill->teardown);

	return evidence_attest(&evidence, drill->request->run_id, document, error);
}

static bool close_run(Drill *drill, GError **error)
{
	json_t *data = json_object();

	json_set_string(data, "outcome", drill_outcome_name(drill->outcome));
	json_set_string(data, "plan", drill->plan->name);
	json_set_string(data, "incident", drill->request->incident);
	return drill_append(drill, AUDIT_DRILL_CLOSED, data, error);
}

/* The end of the chain is signed and stored, so that it cannot be cut off before this drill. The drill has its record in
 * any case. */
static void checkpoint(Drill *drill)
{
	struct evidence evidence = drill_evidence(drill);
	g_autoptr(Checkpoint) made = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!checkpoint_make(&evidence, drill->request->audit, &made, &trouble))
		g_ptr_array_add(drill->notes,
				g_strdup_printf("%s; then run odrbackup audit checkpoint",
						trouble->message));
}

/* The chain is written to whatever else went wrong; the first thing that did is what is said. */
static void in_chain(bool done, GError *cause, GError **trouble)
{
	if (done)
		return;
	odr_context(&cause, "the audit chain");
	if (*trouble)
		g_error_free(cause);
	else
		*trouble = cause;
}

static void tear_down(Drill *drill, GError **trouble)
{
	GError *cause = NULL;
	bool done = drill_tear_down(drill, &cause);

	in_chain(done, cause, trouble);
}

static void close_chain(Drill *drill, GError **trouble)
{
	GError *cause = NULL;
	bool done = close_run(drill, &cause);

	in_chain(done, cause, trouble);
}

/* The first thing that goes wrong decides what is said, the rest is still done. */
void drill_conclude(Drill *drill, GError **error)
{
	bool evidence = drill->request->key != NULL;
	int stopped_by = stop_signal();
	g_autoptr(GError) trouble = NULL;

	drill_limits_end(drill);
	drill_judge(drill);
	/* A stop request has had its effect: what follows is to be done all the same. */
	stop_request(0);
	if (evidence && !sign(drill, &trouble))
		odr_context(&trouble, "the record cannot be signed");
	else if (evidence && !store(drill, &trouble))
		odr_context(&trouble, "the evidence cannot be stored, and the drill does not count "
				      "until it is");
	tear_down(drill, &trouble);
	if (evidence && !trouble)
		drill_write_reports(drill);
	if (evidence && !trouble && !attest(drill, &trouble))
		odr_context(&trouble, "what was removed cannot be attested");
	close_chain(drill, &trouble);
	if (evidence && !trouble && drill->plan->evidence.store)
		checkpoint(drill);
	drill_note_configuration(drill);
	stop_request(stopped_by);
	if (trouble)
		g_propagate_error(error, g_steal_pointer(&trouble));
}
