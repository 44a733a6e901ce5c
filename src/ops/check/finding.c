#include "ops/check/finding.h"

void finding_free(struct finding *finding)
{
	if (!finding)
		return;
	g_free(finding->code);
	g_free(finding->where);
	g_free(finding->text);
	g_free(finding->advice);
	g_clear_pointer(&finding->lost, g_ptr_array_unref);
	g_free(finding);
}

GPtrArray *findings_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
}

struct finding *findings_add(GPtrArray *findings, enum finding_severity severity, const char *code,
			     const char *where, char *text, char *advice)
{
	struct finding *finding = g_new0(struct finding, 1);

	finding->severity = severity;
	finding->code = g_strdup(code);
	finding->where = g_strdup(where);
	finding->text = text;
	finding->advice = advice;
	g_ptr_array_add(findings, finding);
	return finding;
}

void finding_add_lost(struct finding *finding, const char *name)
{
	if (!finding->lost)
		finding->lost = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(finding->lost, g_strdup(name));
}

const char *finding_severity_name(enum finding_severity severity)
{
	static const char *const names[] = {[FINDING_OK] = "ok",
					    [FINDING_WARNING] = "warning",
					    [FINDING_CRITICAL] = "critical"};

	return names[severity];
}

enum finding_severity findings_worst(const GPtrArray *findings)
{
	enum finding_severity worst = FINDING_OK;

	for (guint i = 0; i < findings->len; i++)
		worst = MAX(worst, ((const struct finding *)findings->pdata[i])->severity);
	return worst;
}

unsigned findings_count(const GPtrArray *findings, enum finding_severity severity)
{
	unsigned count = 0;

	for (guint i = 0; i < findings->len; i++)
		count += ((const struct finding *)findings->pdata[i])->severity == severity;
	return count;
}

/* Later ones outrank earlier ones. */
static unsigned finding_rank(const struct finding *finding, bool strict)
{
	if (finding->severity == FINDING_OK)
		return 0;
	if (finding->kind == FINDING_CORRUPTION)
		return 5;
	if (finding->severity == FINDING_WARNING)
		return strict ? 1 : 0;
	return finding->kind == FINDING_NO_SET ? 4 : finding->kind == FINDING_OBJECTIVE ? 2 : 3;
}

int findings_exit_status(const GPtrArray *findings, bool strict)
{
	static const int statuses[] = {0, 3, 5, 4, 7, 13};
	unsigned rank = 0;

	for (guint i = 0; i < findings->len; i++)
		rank = MAX(rank, finding_rank(findings->pdata[i], strict));
	return statuses[rank];
}
