/* How far back a filestore lacks what its database names. */
#include "base/error.h"
#include "drill/engine/engine.h"

/* Found missing here, and neither at the source nor built again by Odoo. */
static bool is_lost(const struct proof_finding *finding)
{
	return finding->trouble == PROOF_MISSING && !finding->baseline && !finding->regenerable;
}

/* The oldest row of each. */
static char *rows_of(const struct filestore_proof *proof)
{
	GString *rows = g_string_new(NULL);

	for (guint i = 0; i < proof->findings->len; i++) {
		const struct proof_finding *finding = proof->findings->pdata[i];

		if (is_lost(finding))
			g_string_append_printf(rows, "%s%" G_GINT64_FORMAT, rows->len ? "," : "",
					       finding->first_id);
	}
	return g_string_free(rows, FALSE);
}

/* Of more than are listed nothing is known, nor where rows do not say when they were written. */
usec_t drill_files_lost_since(Session *session, const struct filestore_proof *proof)
{
	g_autofree char *rows = rows_of(proof);
	g_autofree char *query = g_strdup_printf(
		"SELECT to_char(min(write_date), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM "
		"public.ir_attachment WHERE id IN (%s)",
		rows);
	g_autofree char *text = NULL;
	usec_t time;

	if (!*rows && proof->findings->len < PROOF_FINDINGS_MAX)
		return 0;
	if (proof->findings->len >= PROOF_FINDINGS_MAX ||
	    !session_value(session, query, &text, NULL) || !text || !clock_parse(text, &time, NULL))
		return -1;
	return time;
}

usec_t drill_filestore_gap(const Drill *drill)
{
	const struct restore_target *target = &drill->target.target;
	usec_t moment = target->type == RECOVERY_TIME ? target->time : drill->arrival.last_commit;
	usec_t gap = -1;

	for (guint i = 0; drill->databases && i < drill->databases->len; i++) {
		const struct drill_database *database = drill->databases->pdata[i];

		if (!database->has_proof)
			continue;
		if (database->lost_since < 0 || (database->lost_since > 0 && moment <= 0))
			return -1;
		gap = MAX(gap,
			  database->lost_since > 0 ? MAX(moment - database->lost_since, 0) : 0);
	}
	return gap;
}
