#include "drill/evidence/history.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

static char *state;

static void append(Audit *audit, enum audit_event event, const char *run, const char *text)
{
	g_autoptr(JsonValue) data = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(json_parse(text, strlen(text), "the data", &data, &error));
	g_assert_true(audit_append(audit,
				   &(struct audit_entry){.event = event, .run = run, .data = data},
				   NULL, &error));
}

#define RUN(n) "20261128T00000" #n "Z-0000000" #n

static void no_chain(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(History) history = history_read(state, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(history->drills->len, ==, 0);
	g_assert_null(history_last(history, "weekly"));
}

static void slots(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Audit) audit = audit_open(state, &error);
	static const char *const scheduled = "{\"plan\":\"weekly\",\"slot\":\"2026-W48\"}";

	g_assert_no_error(error);
	/* Chosen by the operator. */
	append(audit, AUDIT_DRILL_SCHEDULED, RUN(1), scheduled);
	append(audit, AUDIT_DRILL_DRAWN, RUN(1), "{\"operator_chosen\":true}");
	append(audit, AUDIT_DRILL_CLOSED, RUN(1), "{\"outcome\":\"pass\"}");
	/* Died. */
	append(audit, AUDIT_DRILL_SCHEDULED, RUN(2), scheduled);
	append(audit, AUDIT_DRILL_DRAWN, RUN(2), "{\"operator_chosen\":false}");
	append(audit, AUDIT_DRILL_ABANDONED, RUN(2), "{}");

	g_autoptr(History) before = history_read(state, &error);

	g_assert_no_error(error);
	g_assert_false(history_has(before, "weekly", "2026-W48"));
	g_assert_cmpstr(history_last(before, "weekly")->outcome, ==, "abandoned");

	/* Drawn, and failed: it was carried out. */
	append(audit, AUDIT_DRILL_SCHEDULED, RUN(3), scheduled);
	append(audit, AUDIT_DRILL_DRAWN, RUN(3),
	       "{\"operator_chosen\":false,\"repository\":\"main\",\"stratum\":\"main:0-1d\"}");
	append(audit, AUDIT_DRILL_CLOSED, RUN(3), "{\"outcome\":\"fail-check\"}");

	g_autoptr(History) after = history_read(state, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(after->drills->len, ==, 3);
	g_assert_true(history_has(after, "weekly", "2026-W48"));
	g_assert_false(history_has(after, "weekly", "2026-W49"));
	g_assert_false(history_has(after, "monthly", "2026-W48"));
	g_assert_cmpstr(history_last(after, "weekly")->stratum, ==, "main:0-1d");
}

/* Changed in the middle. */
static void a_broken_chain_tells_nothing(void)
{
	g_autofree char *path = audit_path(state);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	memcpy(strstr(text, "2026-W48"), "2026-W47", strlen("2026-W47"));
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_null(history_read(state, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	state = g_dir_make_tmp("odr-history-XXXXXX", NULL);
	g_test_add_func("/history/no-chain", no_chain);
	g_test_add_func("/history/slots", slots);
	g_test_add_func("/history/a-broken-chain-tells-nothing", a_broken_chain_tells_nothing);
	result = g_test_run();
	file_remove_tree(state, NULL);
	g_free(state);
	return result;
}
