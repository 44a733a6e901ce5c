#include "cli/views/proof.h"

#include "base/clock.h"
#include "base/json.h"
#include "cli/line/output.h"

#include <stdio.h>

#define NAME_WIDTH 14
#define SHOWN_MAX  20

static const char *judgement(const struct proof_finding *finding)
{
	if (finding->baseline)
		return "as at the source";
	return finding->regenerable ? "Odoo builds it again" : "NEW";
}

static void print_findings(const struct filestore_proof *proof)
{
	TableOut *table = table_out_new(
		(const char *const[]){"FILE", "IS", "JUDGEMENT", ">ROWS", "FIRST ROW", "OF", NULL});
	guint shown = MIN(proof->findings->len, SHOWN_MAX);

	for (guint i = 0; i < shown; i++) {
		const struct proof_finding *finding = proof->findings->pdata[i];
		g_autofree char *rows = g_strdup_printf("%" G_GUINT64_FORMAT, finding->rows);
		g_autofree char *first = g_strdup_printf("%" G_GINT64_FORMAT, finding->first_id);

		table_out_row(table, finding->name, proof_trouble_name(finding->trouble),
			      judgement(finding), rows, first, finding->model);
	}
	table_out_print(table, stdout);
	if (proof->findings->len > shown)
		printf("and more: --json lists up to %d\n", PROOF_FINDINGS_MAX);
}

void proof_view_print(const struct proof_view *view)
{
	const struct filestore_proof *proof = view->proof;
	uint64_t wrong = filestore_proof_new_damage(proof);
	g_autofree char *elsewhere = attachments_elsewhere(view->attachments);
	g_autofree char *named = count_format(proof->named, "file");
	g_autofree char *size = size_format(proof->bytes);
	g_autofree char *verdict =
		wrong ? g_strdup_printf("%" G_GUINT64_FORMAT " missing or damaged", wrong)
		      : g_strdup("every file that the database names is there and right");

	output_line(NAME_WIDTH, "database", "%s, files in '%s'", view->database, view->folder);
	output_line(NAME_WIDTH, "named", "%s, %s read", named, size);
	if (proof->baseline || proof->regenerable)
		output_line(NAME_WIDTH, "not counted",
			    "%" G_GUINT64_FORMAT " that were so at the source, %" G_GUINT64_FORMAT
			    " that Odoo builds again",
			    proof->baseline, proof->regenerable);
	if (elsewhere)
		output_line(NAME_WIDTH, "elsewhere", "%s: not looked at", elsewhere);
	output_line(NAME_WIDTH, "verdict", "%s", verdict);
	if (proof->findings->len)
		print_findings(proof);
}

static json_t *finding_json(const struct proof_finding *finding)
{
	json_t *object = json_object();

	json_set_string(object, "name", finding->name);
	json_set_string(object, "is", proof_trouble_name(finding->trouble));
	json_set_bool(object, "at_source", finding->baseline);
	json_set_bool(object, "regenerable", finding->regenerable);
	json_set_int(object, "rows", (int64_t)finding->rows);
	json_set_int(object, "first_id", finding->first_id);
	json_set_string(object, "model", finding->model);
	return object;
}

json_t *proof_view_json(const struct proof_view *view)
{
	const struct filestore_proof *proof = view->proof;
	json_t *object = json_object();
	json_t *findings = json_array();

	for (guint i = 0; i < proof->findings->len; i++)
		json_array_append_new(findings, finding_json(proof->findings->pdata[i]));
	json_set_string(object, "database", view->database);
	json_set_string(object, "folder", view->folder);
	json_set_int(object, "named", (int64_t)proof->named);
	json_set_int(object, "bytes_read", (int64_t)proof->bytes);
	json_set_int(object, "missing", (int64_t)proof->missing);
	json_set_int(object, "wrong_size", (int64_t)proof->wrong_size);
	json_set_int(object, "wrong_content", (int64_t)proof->wrong_content);
	json_set_int(object, "wrong_name", (int64_t)proof->wrong_name);
	json_set_int(object, "at_source", (int64_t)proof->baseline);
	json_set_int(object, "regenerable", (int64_t)proof->regenerable);
	json_set_int(object, "new_damage", (int64_t)filestore_proof_new_damage(proof));
	json_set(object, "attachments", attachments_json(view->attachments));
	json_set(object, "findings", findings);
	return object;
}
