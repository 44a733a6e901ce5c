#include "drill/plan/plan.h"
#include "drill/plan/sql_file.h"

#include <string.h>

/* Plans of drills, whose files are nowhere; steps and SQL files. What parses has a hash and a check of every kind. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sql_variable variables[] = {
		{"run", "a'b\\c"}, {"target", NULL}, {NULL, NULL}};
	struct plan_source source = {.builtin = "/nonexistent"};
	g_autoptr(DrillPlan) plan =
		drill_plan_parse((const char *)data, size, "/nonexistent/fuzz.plan", &source, NULL);
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(GHashTable) known = http_step_variables();
	g_autoptr(HttpStep) step = http_step_parse(text, known, NULL);
	g_autofree char *expanded = sql_file_expand(text, variables, NULL);
	g_autoptr(SqlFile) file = NULL;
	struct plan_expect expect = {0};

	if (plan && (!plan->hash[0] || plan->files->len == 0))
		__builtin_trap();
	if (step && (step->path[0] != '/' || step->directives->len == 0))
		__builtin_trap();
	if (sql_file_parse(text, strlen(text), &file, NULL) && file->last < file->first)
		__builtin_trap();
	plan_expect_parse(text, false, &expect, NULL);
	plan_expect_clear(&expect);
	return 0;
}
