/* The steps that a drill which was abandoned has still to take (drill/abandoned.h), each where it was not taken yet. */
#include "drill/engine/abandoned.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"

#include <string.h>
#include <unistd.h>

#define ASIDE ".odr-" /* what base/file.h writes first */

static struct evidence evidence_of(const struct abandoned_means *means, const GPtrArray *repos,
				   const DrillPlan *plan)
{
	static const usec_t retain = 7 * 365 * USEC_PER_DAY;

	return (struct evidence){.state = means->state,
				 .repos = repos,
				 .key = means->key,
				 .retain = plan ? plan->evidence.retain : retain};
}

static bool append(const struct abandoned_means *means, const Abandoned *drill,
		   enum audit_event event, json_t *taken, GError **error)
{
	g_autoptr(JsonValue) data = taken;

	return audit_append(means->audit,
			    &(struct audit_entry){.event = event, .run = drill->run, .data = data},
			    NULL, error);
}

static const char *scheduled_text(const Abandoned *drill, const char *name)
{
	return json_string_value(json_object_get(drill->schedule, name));
}

static const DrillPlan *plan_of(const struct abandoned_means *means, const Abandoned *drill)
{
	const char *name = scheduled_text(drill, "plan");

	return name && means->plan ? means->plan(means->plan_data, name) : NULL;
}

static bool is_there(const struct abandoned_means *means, const Abandoned *drill, const char *name)
{
	g_autofree char *path = evidence_path(means->state, drill->run, name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* ---- what it left of its evidence ---------------------------------------------------------------- */

static void say(struct abandoned_beside *beside, const char *what, const char *name)
{
	g_ptr_array_add(beside->deviations, g_strdup_printf("%s: %s", name, what));
}

/* By killing it nobody hides what it found. */
static void tell_verdict(const Abandoned *drill, struct abandoned_beside *beside)
{
	if (drill->verdict)
		g_ptr_array_add(beside->deviations,
				g_strdup_printf("it was judged %s by itself, which it did not sign",
						drill->verdict));
}

/* What is not signed, or not whole, was never evidence. */
static bool leave_out(const struct abandoned_means *means, const Abandoned *drill,
		      struct abandoned_beside *beside, GError **error)
{
	g_autofree char *folder = evidence_folder(means->state, drill->run);
	g_autofree char *record = evidence_path(means->state, drill->run, EVIDENCE_RECORD);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (!g_str_has_prefix(name, ASIDE))
			continue;
		say(beside, "it was being written when the process ended, and is left out", name);
		if (!file_remove_tree(path, error))
			return false;
	}
	if (!is_there(means, drill, EVIDENCE_RECORD))
		return true;
	say(beside, "it was not signed when the process ended, and is left out", EVIDENCE_RECORD);
	return file_remove_tree(record, error);
}

/* The digest of a file, "" where it is not there. */
static bool digest_of(const struct abandoned_means *means, const Abandoned *drill, const char *name,
		      char digest[2 * SHA256_SIZE + 1], GError **error)
{
	g_autofree char *path = evidence_path(means->state, drill->run, name);
	g_autoptr(GBytes) content = NULL;

	*digest = '\0';
	if (!is_there(means, drill, name))
		return true;
	if (!file_read(path, EVIDENCE_FILE_MAX, &content, error))
		return false;
	evidence_digest(content, digest);
	return true;
}

static bool list_files(const struct abandoned_means *means, const Abandoned *drill,
		       struct abandoned_beside *beside, GError **error)
{
	g_autoptr(GPtrArray) names = NULL;
	char digest[2 * SHA256_SIZE + 1];

	if (!evidence_files(means->state, drill->run, &names, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];

		if (!digest_of(means, drill, name, digest, error))
			return false;
		json_array_append_new(beside->files,
				      json_pack("{s:s,s:s}", "name", name, "sha256", digest));
	}
	return true;
}

/* What the chain says of them is what the verifier will hold them to. */
static bool compare_files(const struct abandoned_means *means, const Abandoned *drill,
			  struct abandoned_beside *beside, GError **error)
{
	static const struct {
		const char *member, *name;
	} all[] = {{"population_sha256", EVIDENCE_POPULATION},
		   {"holdings_sha256", EVIDENCE_HOLDINGS},
		   {"inputs_sha256", EVIDENCE_DRAW}};
	char digest[2 * SHA256_SIZE + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		const char *due = json_string_value(json_object_get(drill->drawn, all[i].member));

		if (!due)
			continue;
		if (!digest_of(means, drill, all[i].name, digest, error))
			return false;
		if (!*digest)
			say(beside, "the audit chain names it, and it is not there", all[i].name);
		else if (strcmp(digest, due) != 0)
			say(beside, "it is not the file that the audit chain names", all[i].name);
	}
	return true;
}

/* "<digest>  <name>" a line; the hash of the plan is that of all of them. */
static void take_digests(json_t *files, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, "  ", 2);

		if (words[0] && words[1])
			json_array_append_new(files, json_pack("{s:s,s:s}", "name", words[1],
							       "sha256", words[0]));
	}
}

/* As it was kept with the draw, or as the plan is still: by the hash either is the one that was carried out. */
static void find_plan_files(const struct abandoned_means *means, const Abandoned *drill,
			    struct abandoned_beside *beside)
{
	const char *hash = scheduled_text(drill, "plan_hash");
	const DrillPlan *plan = plan_of(means, drill);
	g_autofree char *path = evidence_path(means->state, drill->run, EVIDENCE_PLAN_FILES);
	g_autofree char *text = NULL;
	g_autofree char *digest = NULL;

	if (file_read_text(path, EVIDENCE_FILE_MAX, &text, NULL))
		digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	if (digest && g_strcmp0(digest, hash) == 0) {
		take_digests(beside->plan_files, text);
	} else if (plan && g_strcmp0(plan->hash, hash) == 0) {
		g_autofree char *digests = drill_plan_digests(plan);

		take_digests(beside->plan_files, digests);
	}
}

/* ---- its record ---------------------------------------------------------------------------------- */

static GBytes *bytes_of(json_t *taken)
{
	g_autoptr(JsonValue) document = taken;
	char *text = json_print_pretty(document);

	return g_bytes_new_take(text, strlen(text));
}

static bool judge(const struct abandoned_means *means, const Abandoned *drill, GError **error)
{
	return drill->is_judged ||
	       append(means, drill, AUDIT_DRILL_JUDGED,
		      json_pack("{s:s}", "outcome", drill_outcome_name(OUTCOME_ABANDONED)), error);
}

static bool sign_beside(const struct abandoned_means *means, const Abandoned *drill,
			struct abandoned_beside *beside, GError **error)
{
	struct evidence evidence = evidence_of(means, NULL, NULL);
	char previous[2 * SHA256_SIZE + 1];
	g_autoptr(GBytes) record = NULL;

	if (!leave_out(means, drill, beside, error) || !list_files(means, drill, beside, error) ||
	    !compare_files(means, drill, beside, error) || !judge(means, drill, error) ||
	    !evidence_previous(means->state, drill->run, drill->scheduled_seq, previous, error))
		return false;
	find_plan_files(means, drill, beside);
	tell_verdict(drill, beside);
	beside->previous = *previous ? previous : NULL;
	record = bytes_of(abandoned_record(drill, beside));
	return evidence_sign(&evidence, drill->run, record, error);
}

static bool sign(const struct abandoned_means *means, const Abandoned *drill, GError **error)
{
	g_autoptr(JsonValue) files = json_array(), plan_files = json_array();
	g_autoptr(GPtrArray) deviations = g_ptr_array_new_with_free_func(g_free);
	struct abandoned_beside beside = {
		.files = files, .plan_files = plan_files, .deviations = deviations};

	if (drill->is_signed)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the audit chain says that its record was signed, and it is not "
				"there: odrbackup evidence verify %s tells more",
				drill->run);
	return sign_beside(means, drill, &beside, error);
}

/* Signed by our key, or one that the service had before; *record is ours to say to the chain. */
static bool read_record(const struct abandoned_means *means, const Abandoned *drill,
			GBytes **content, Record **record, GError **error)
{
	struct evidence_trust trust = {.owners = &means->key->service, .owner_count = 1};
	g_autofree char *path = evidence_path(means->state, drill->run, EVIDENCE_RECORD);

	if (!evidence_file_read(path, &trust, NULL, content, error) ||
	    !record_parse(g_bytes_get_data(*content, NULL), g_bytes_get_size(*content), record,
			  error))
		return false;
	return strcmp((*record)->run, drill->run) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is of run %s", path, (*record)->run);
}

static bool say_signed(const struct abandoned_means *means, const Abandoned *drill, GBytes *content,
		       GError **error)
{
	char digest[2 * SHA256_SIZE + 1];

	evidence_digest(content, digest);
	return drill->is_signed || append(means, drill, AUDIT_DRILL_SIGNED,
					  json_pack("{s:s}", "record_sha256", digest), error);
}

/* ---- and what follows ---------------------------------------------------------------------------- */

static bool store(const struct abandoned_means *means, const Abandoned *drill, GError **error)
{
	const DrillPlan *plan = plan_of(means, drill);
	struct evidence evidence = evidence_of(means, means->repos, plan);

	if (drill->is_stored || !means->repos || (plan && !plan->evidence.store))
		return true;
	return evidence_store(&evidence, drill->run, error) &&
	       append(means, drill, AUDIT_DRILL_STORED, json_object(), error);
}

/* As it was attested, or now. One that is not signed tells of what is gone, and is made again. */
static GBytes *attestation(const struct abandoned_means *means, const Abandoned *drill,
			   GError **error)
{
	g_autofree char *path = evidence_path(means->state, drill->run, EVIDENCE_TEARDOWN);
	GBytes *content = NULL;
	json_t *document;

	if (is_there(means, drill, EVIDENCE_TEARDOWN EVIDENCE_SIGNATURE))
		return file_read(path, EVIDENCE_FILE_MAX, &content, error) ? content : NULL;
	document = abandoned_remove(means, drill, error);
	if (!document)
		return NULL;
	if (file_remove_tree(path, error))
		return bytes_of(document);
	json_decref(document);
	return NULL;
}

static bool tear_down(const struct abandoned_means *means, const Abandoned *drill, GError **error)
{
	const DrillPlan *plan = plan_of(means, drill);
	g_autoptr(GPtrArray) nowhere = g_ptr_array_new();
	bool stores = means->repos && (!plan || plan->evidence.store);
	struct evidence evidence = evidence_of(means, stores ? means->repos : nowhere, plan);
	g_autoptr(GBytes) document = attestation(means, drill, error);

	return document && evidence_attest(&evidence, drill->run, document, error);
}

/* What could not be stored keeps it open. */
static bool close_run(const struct abandoned_means *means, const Abandoned *drill,
		      const Record *record, GError **error)
{
	const DrillPlan *plan = plan_of(means, drill);
	json_t *data;

	if (!means->repos && (!plan || plan->evidence.store))
		return true;
	data = json_object();
	json_set_string(data, "outcome", record->outcome);
	json_set_string(data, "plan", scheduled_text(drill, "plan"));
	json_set_string(data, "incident", scheduled_text(drill, "incident"));
	return append(means, drill, AUDIT_DRILL_CLOSED, data, error);
}

static bool go_through(const struct abandoned_means *means, const Abandoned *drill, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(Record) record = NULL;

	if (!is_there(means, drill, EVIDENCE_RECORD EVIDENCE_SIGNATURE) &&
	    !sign(means, drill, error))
		return odr_context(error, "its record cannot be signed");
	if (!read_record(means, drill, &content, &record, error) ||
	    !say_signed(means, drill, content, error))
		return odr_context(error, "its record");
	if (!store(means, drill, error))
		return odr_context(error, "its evidence cannot be stored");
	if (!tear_down(means, drill, error))
		return odr_context(error, "what it left cannot be attested");
	return close_run(means, drill, record, error);
}

/* What another process did meanwhile is in the chain. */
static bool look_again(const struct abandoned_means *means, const char *service, const char *run,
		       GError **error)
{
	g_autoptr(GPtrArray) drills = abandoned_find(means->state, service, error);

	for (guint i = 0; drills && i < drills->len; i++) {
		const Abandoned *drill = drills->pdata[i];

		if (strcmp(drill->run, run) == 0)
			return go_through(means, drill, error) ||
			       odr_context(error, "drill %s was abandoned", run);
	}
	return drills != NULL;
}

bool abandoned_end(const struct abandoned_means *means, const char *service, const char *run,
		   GError **error)
{
	g_autoptr(GError) cause = NULL;
	bool done;

	if (!audit_hold(means->audit, run, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_BUSY))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	done = look_again(means, service, run, error);
	audit_release(means->audit, run);
	return done;
}
