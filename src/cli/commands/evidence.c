/* odrbackup evidence …: what drills left, in the folder of the host's state or one that was exported. */
#include "cli/views/evidence.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/drill/evidence_trust.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/trail.h"
#include "cli/site/context.h"
#include "cli/site/filling.h"
#include "drill/evidence/record.h"
#include "repo/layout.h"

#include <string.h>

/* [SERVICE] [RUN]: what looks like the id of a run is one. */
struct subject {
	const char *service, *run;
};
static bool subject_of(const struct arguments *arguments, struct subject *subject, GError **error)
{
	for (unsigned i = 0; i < arguments->positional->len; i++) {
		const char *word = arguments_positional(arguments, i);
		const char **place = set_id_valid(word) ? &subject->run : &subject->service;

		if (*place)
			return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no id of a run", word);
		*place = word;
	}
	return true;
}

/* --from DIR, else the state folder of the configuration. */
static char *folder_of(const struct arguments *arguments, const Context *context)
{
	char *from = arguments_path(arguments, "from");

	return from ? from : g_strdup(context->settings->state);
}

static char *text_of(const json_t *object, const char *name)
{
	return g_strdup(json_string_value(json_object_get(object, name)));
}

static bool has(const char *state, const char *run, const char *name)
{
	g_autofree char *folder = evidence_folder(state, run);
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static struct evidence_row *row_of(const char *state, const char *run)
{
	struct evidence_row *row = g_new0(struct evidence_row, 1);
	g_autofree char *folder = evidence_folder(state, run);
	g_autofree char *path = g_build_filename(folder, EVIDENCE_RECORD, NULL);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(Record) record = NULL;
	g_autoptr(GError) trouble = NULL;

	row->run = g_strdup(run);
	row->signed_ = has(state, run, EVIDENCE_RECORD EVIDENCE_SIGNATURE);
	row->stored = has(state, run, EVIDENCE_RECEIPT EVIDENCE_SIGNATURE);
	if (!file_read(path, RECORD_MAX, &content, &trouble) ||
	    !record_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), &record,
			  &trouble)) {
		row->trouble = g_strdup(trouble->message);
		return row;
	}
	row->plan = g_strdup(record->plan);
	row->service = g_strdup(record->service);
	row->slot = g_strdup(record->slot);
	row->outcome = g_strdup(record->outcome);
	row->drawn = text_of(record->draw, "drawn");
	return row;
}

bool cmd_evidence_list(const struct arguments *arguments, GError **error)
{
	g_autoptr(GPtrArray) rows =
		g_ptr_array_new_with_free_func((GDestroyNotify)evidence_row_free);
	const char *service = arguments_positional(arguments, 0);
	g_autoptr(GPtrArray) contexts = context_open_all(arguments, service, error);
	g_autoptr(GPtrArray) runs = NULL;
	const char *state;

	if (!contexts)
		return false;
	state = ((Context *)contexts->pdata[0])->settings->state;
	if (!evidence_runs(state, &runs, error))
		return false;
	for (guint i = 0; i < runs->len; i++) {
		struct evidence_row *row = row_of(state, runs->pdata[i]);

		if (service && g_strcmp0(row->service, service) != 0)
			evidence_row_free(row);
		else
			g_ptr_array_add(rows, row);
	}
	if (arguments_flag(arguments, "json"))
		json_out(evidence_list_json(rows));
	else
		evidence_list_print(rows);
	return true;
}

/* What was found is shown; the first error is also the command's. */
static bool report(const struct arguments *arguments, const struct evidence_verdict *verdict,
		   GError **error)
{
	if (arguments_flag(arguments, "json"))
		json_out(evidence_verdict_json(verdict));
	else
		evidence_verdict_print(verdict, arguments_flag(arguments, "quiet"));
	if (verdict->errors > 0) {
		g_autofree char *count = count_format(verdict->errors, "error");

		return odr_fail(error, ODR_ERROR_CORRUPT, "the evidence does not hold: %s", count);
	}
	if (verdict->warnings > 0 && arguments_flag(arguments, "strict"))
		*arguments->exit_status = 3;
	return true;
}

/* --stored: repositories are opened by what tells which service it is. One that several services share is looked at for each:
 * names of objects are of one of them. */
static bool open_repositories(const struct arguments *arguments, const GPtrArray *contexts,
			      GPtrArray *repos, GPtrArray *identities, GError **error)
{
	if (!arguments_flag(arguments, "stored"))
		return true;
	if (!contexts)
		return odr_fail(error, ODR_ERROR_USAGE, "--stored and --from exclude each other");
	for (guint i = 0; i < contexts->len; i++) {
		Context *context = contexts->pdata[i];

		if (!filling_keys(context, error) || !context_repos(context, error))
			return false;
		for (guint k = 0; k < context->repos->len; k++) {
			g_ptr_array_add(repos, context->repos->pdata[k]);
			g_ptr_array_add(identities, context->identity);
		}
	}
	return true;
}

/* Of all services, whichever is named: they have one chain. */
static bool open_contexts(const struct arguments *arguments, GPtrArray **contexts, GError **error)
{
	if (arguments_text(arguments, "from"))
		return true;
	*contexts = context_open_all(arguments, NULL, error);
	return *contexts != NULL;
}

bool cmd_evidence_verify(const struct arguments *arguments, GError **error)
{
	struct subject subject = {0};
	g_autoptr(GPtrArray) contexts = NULL, named = NULL;
	g_autoptr(GPtrArray) repos = g_ptr_array_new(), identities = g_ptr_array_new();
	g_autoptr(Trust) trust = NULL;
	g_autofree char *folder = NULL;
	struct evidence_verdict verdict = {0};
	bool good;

	if (!subject_of(arguments, &subject, error) || !open_contexts(arguments, &contexts, error))
		return false;
	trust = trust_chosen(arguments, contexts, error);
	if (!trust || !trust_required(trust, error))
		return false;
	if (contexts && !(named = context_open_all(arguments, subject.service, error)))
		return false;
	if (!open_repositories(arguments, named, repos, identities, error))
		return false;
	folder = folder_of(arguments, contexts ? contexts->pdata[0] : NULL);
	if (!evidence_verify(
		    &(struct evidence_verify){
			    .folder = folder,
			    .trust = &trust->is,
			    .run = subject.run,
			    .repos = repos->len > 0 ? repos : NULL,
			    .identities = identities,
		    },
		    &verdict, error))
		return false;
	good = report(arguments, &verdict, error);
	evidence_verdict_clear(&verdict);
	return good;
}

bool cmd_evidence_export(const struct arguments *arguments, GError **error)
{
	struct subject subject = {0};
	const char *output;
	g_autofree char *to = arguments_path(arguments, "output");
	g_autoptr(GPtrArray) contexts = NULL;
	g_autoptr(GPtrArray) keys = NULL;
	const Context *context;

	if (!subject_of(arguments, &subject, error) ||
	    !arguments_require(arguments, "output", &output, error))
		return false;
	contexts = context_open_all(arguments, subject.service, error);
	keys = contexts ? trust_exported(arguments, contexts, error) : NULL;
	if (!keys)
		return false;
	if (keys->len == 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"with which key is it to be verified? Give --key FILE, or set "
				"evidence-key= in the configuration");
	context = contexts->pdata[0];
	if (!evidence_export(&(struct evidence_export){.state = context->settings->state,
						       .to = to,
						       .run = subject.run,
						       .keys = keys},
			     error))
		return false;
	trail_add(context, AUDIT_EVIDENCE_EXPORTED, NULL, trail_of(context, "folder", to));
	if (!arguments_flag(arguments, "quiet") && !arguments_flag(arguments, "json"))
		printf("%s\nNext: odrbackup evidence verify --from %s --key FILE, with the key from "
		       "elsewhere; or contrib/verify-evidence of the sources\n",
		       to, to);
	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "folder", to);
		json_set_string(document, "run", subject.run);
		json_out(document);
	}
	return true;
}
