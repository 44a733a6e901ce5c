/* odrbackup audit …: the chain of what was done on this host. */
#include "cli/views/audit.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/drill/abandoned.h"
#include "cli/drill/evidence_trust.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/site/context.h"
#include "drill/evidence/evidence.h"
#include "repo/layout.h"

#include <string.h>

#define LAST_MAX	  1000000
#define CHECKPOINT_RETAIN (7 * 365 * USEC_PER_DAY)

/* --from DIR, else the state folder of the configuration; g_free. */
static char *chain_of(const struct arguments *arguments, GError **error)
{
	g_autofree char *from = arguments_path(arguments, "from");
	g_autoptr(GPtrArray) contexts = NULL;

	if (from)
		return audit_path(from);
	contexts = context_open_all(arguments, NULL, error);
	return contexts ? audit_path(((Context *)contexts->pdata[0])->settings->state) : NULL;
}

struct listing {
	const char *run;
	uint64_t from; /* seq of the first to be shown */
	json_t *lines; /* NULL: they are printed */
};

static bool show(void *data, const struct audit_line *line)
{
	const struct listing *listing = data;

	if (line->seq < listing->from || (listing->run && g_strcmp0(line->run, listing->run) != 0))
		return true;
	if (listing->lines)
		json_array_append_new(listing->lines, audit_line_json(line));
	else
		audit_line_show(line);
	return true;
}

/* Where the chain is broken, what is listed is not what was written. */
static bool judge(const struct audit_report *report, const char *path, GError **error)
{
	return !report->broken || odr_fail(error, ODR_ERROR_CORRUPT,
					   "the audit chain '%s' is broken: odrbackup audit verify "
					   "tells where",
					   path);
}

/* --last N: the chain is read once to count. */
static bool first_of(const struct arguments *arguments, const char *path, uint64_t *from,
		     GError **error)
{
	struct audit_report report = {0};
	unsigned last = 0;

	if (!arguments_count(arguments, "last", LAST_MAX, &last, error))
		return false;
	*from = 0;
	if (last == 0)
		return true;
	if (!audit_read(path, NULL, NULL, &report, error))
		return false;
	*from = report.head.seq >= last ? report.head.seq - last + 1 : 0;
	audit_report_clear(&report);
	return true;
}

bool cmd_audit_log(const struct arguments *arguments, GError **error)
{
	g_autofree char *path = chain_of(arguments, error);
	struct listing listing = {.run = arguments_text(arguments, "run")};
	g_autoptr(JsonValue) lines = json_array();
	struct audit_report report = {0};
	bool good;

	if (!path)
		return false;
	if (listing.run && !set_id_valid(listing.run))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no id of a run", listing.run);
	if (!first_of(arguments, path, &listing.from, error))
		return false;
	if (arguments_flag(arguments, "json"))
		listing.lines = lines;
	if (!audit_read(path, show, &listing, &report, error))
		return false;
	if (listing.lines) {
		json_t *document = json_object();

		json_set(document, "lines", json_incref(lines));
		json_out(document);
	}
	good = judge(&report, path, error);
	audit_report_clear(&report);
	return good;
}

static bool has_chain(const struct evidence_verdict *verdict, const char *folder, GError **error)
{
	const struct evidence_finding *first =
		verdict->findings->len > 0 ? verdict->findings->pdata[0] : NULL;

	return !first || first->code != EVIDENCE_CHAIN_MISSING ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND,
			"there is no audit chain in '%s': nothing that is kept there was done yet",
			folder);
}

static bool tell_verdict(const struct arguments *arguments, const struct evidence_verdict *verdict,
			 const char *folder, GError **error)
{
	if (!has_chain(verdict, folder, error))
		return false;
	if (arguments_flag(arguments, "json"))
		json_out(audit_verdict_json(verdict));
	else
		audit_verdict_print(verdict, arguments_flag(arguments, "quiet"));
	if (verdict->errors > 0)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the audit chain '%s/audit.log' does not hold", folder);
	if (verdict->warnings > 0 && arguments_flag(arguments, "strict"))
		*arguments->exit_status = 3;
	return true;
}

bool cmd_audit_verify(const struct arguments *arguments, GError **error)
{
	g_autofree char *from = arguments_path(arguments, "from");
	g_autoptr(GPtrArray) contexts = from ? NULL : context_open_all(arguments, NULL, error);
	const char *folder = from;
	struct evidence_verdict verdict = {0};
	g_autoptr(Trust) trust = NULL;
	bool good;

	if (!from && !contexts)
		return false;
	if (contexts)
		folder = ((Context *)contexts->pdata[0])->settings->state;
	/* Without anybody to trust checkpoints are not looked at. */
	trust = trust_chosen(arguments, contexts, error);
	if (!trust || !evidence_verify(
			      &(struct evidence_verify){
				      .folder = folder,
				      .trust = trust_required(trust, NULL) ? &trust->is : NULL,
				      .only_chain = true},
			      &verdict, error))
		return false;
	good = tell_verdict(arguments, &verdict, folder, error);
	evidence_verdict_clear(&verdict);
	return good;
}

static void tell_checkpoint(const struct arguments *arguments, const Checkpoint *checkpoint,
			    guint repositories)
{
	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "checkpoint", checkpoint->id);
		json_set_string(document, "sha256", checkpoint->sha256);
		json_set_int(document, "seq", (int64_t)checkpoint->head.seq);
		json_set_string(document, "head", checkpoint->head.sha256);
		json_set_int(document, "repositories", repositories);
		json_out(document);
	} else if (!arguments_flag(arguments, "quiet")) {
		printf("checkpoint %s\n  line %" G_GUINT64_FORMAT ", head %s\n  stored: %u\n",
		       checkpoint->id, checkpoint->head.seq, checkpoint->head.sha256, repositories);
	}
}

bool cmd_audit_checkpoint(const struct arguments *arguments, GError **error)
{
	g_autoptr(Context) context =
		context_open(arguments, arguments_positional(arguments, 0), error);
	usec_t retain = CHECKPOINT_RETAIN;
	g_autoptr(Audit) audit = NULL;
	g_autoptr(Checkpoint) checkpoint = NULL;

	if (!context || !arguments_duration(arguments, "retain", &retain, error) ||
	    !context_evidence_key(context, error) || !context_repos_to_write(context, error))
		return false;
	audit = audit_open(context->settings->state, error);
	if (!audit || !abandoned_close(context->settings, audit, error) ||
	    !checkpoint_make(&(struct evidence){.state = context->settings->state,
						.repos = context->repos,
						.key = context->evidence_key,
						.retain = retain},
			     audit, &checkpoint, error))
		return false;
	tell_checkpoint(arguments, checkpoint, context->repos->len);
	return true;
}
