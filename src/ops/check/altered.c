/* What was hidden or replaced, and seen through. */
#include "ops/check/check.h"
#include "ops/record.h"

/* How many are told one by one. */
#define ALTERATIONS_TOLD 20

/* What readers saw through: nothing is lost by it, and somebody was there. */
bool check_altered(const struct check_request *request, const Repo *repo, const char *where,
		   GPtrArray *findings, GError **error)
{
	g_autoptr(GPtrArray) found = NULL;

	if (!record_alterations(request->catalog, repo, &found, error))
		return false;
	for (guint i = 0; i < MIN(found->len, ALTERATIONS_TOLD); i++) {
		const struct store_alteration *one = found->pdata[i];

		findings_add(
			findings, FINDING_CRITICAL,
			one->hidden ? "object.hidden" : "object.replaced", where,
			g_strdup(one->what),
			i == 0 ? g_strdup("find out who writes there, and take that right away")
			       : NULL)
			->kind = FINDING_CORRUPTION;
	}
	if (found->len > ALTERATIONS_TOLD) {
		g_autofree char *more = count_format(found->len - ALTERATIONS_TOLD, "object");

		findings_add(findings, FINDING_CRITICAL, "object.altered", where,
			     g_strdup_printf("%s more, hidden or replaced, were read from older "
					     "versions",
					     more),
			     NULL)
			->kind = FINDING_CORRUPTION;
	}
	return true;
}
