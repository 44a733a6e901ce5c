#include "cli/restore/part.h"

#include "base/error.h"
#include "base/log.h"
#include "cli/line/output.h"

#include <stdio.h>
#include <string.h>

void restore_part_json(const struct restore_site *site, struct json_t *plan)
{
	if (arguments_flag(site->arguments, "plan") && !site->several)
		json_out(plan);
	else
		json_line("plan", plan);
}

static bool fail_as_of(const Context *context, GError **error)
{
	g_autofree char *time = clock_format(context->as_of);

	return context->as_of ? odr_context(error, "as of %s", time) : false;
}

bool restore_part_from(const Context *context, restore_part_try try, void *part, GError **error)
{
	const GPtrArray *repos = context->repos;

	for (guint i = 0; i < repos->len; i++) {
		g_autoptr(GError) trouble = NULL;

		if (try(part, repos->pdata[i], &trouble))
			return true;
		if (i + 1 == repos->len) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return fail_as_of(context, error);
		}
		log_warning("%s", trouble->message);
	}
	return odr_fail(error, ODR_ERROR_USAGE, "the service has no repository");
}

bool restore_wants(const struct arguments *arguments, const char *part)
{
	const GPtrArray *parts = arguments_list(arguments, "part");

	for (guint i = 0; parts && i < parts->len; i++)
		if (strcmp(parts->pdata[i], part) == 0)
			return true;
	return false;
}
