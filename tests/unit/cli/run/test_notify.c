#include "cli/run/notify.h"

#include "base/json.h"

#include <string.h>

static const char text[] = "[repository main]\npath=/srv/backup\n"
			   "[service erp-prod]\nrepositories=main\n"
			   "[notify chat]\ntype=http\nurl=https://chat.example.org/\n"
			   "[notify pager]\ntype=command\ncommand=/usr/bin/page\n"
			   "[notify checks]\ntype=healthchecks\nurl=https://hc.example.org/a\n";

static char *names_of(const GPtrArray *chosen)
{
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < chosen->len; i++)
		g_string_append_printf(names, "%s%s", i ? " " : "",
				       ((const struct settings_notify *)chosen->pdata[i])->name);
	return g_string_free(names, FALSE);
}

static void who_is_told(void)
{
	static const struct {
		const char *outcome, *names;
	} cases[] = {
		{NULL, "checks"},
		{"pass", "chat checks"},
		{"pass-with-warnings", "chat checks"},
		{"fail-restore", "pager checks"},
		{"fail-check", "pager checks"},
		{"incomplete", "pager checks"},
		{"refused", "pager checks"},
		{"aborted", "pager checks"},
		{"error", "pager checks"},
		{"nobody knows this one", "pager checks"},
		{"fail-objective", "chat pager"},
		{"abandoned", "pager"},
		{"skipped", ""},
	};
	g_auto(GStrv) pass = g_strsplit("chat checks checks", " ", -1);
	g_auto(GStrv) fail = g_strsplit("pager checks", " ", -1);
	g_auto(GStrv) missed = g_strsplit("chat pager", " ", -1);
	g_auto(GStrv) abandoned = g_strsplit("pager gone", " ", -1);
	const struct plan_notify plan = {pass, fail, missed, abandoned};
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = settings_parse(text, strlen(text), "test.conf", &error);

	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) chosen = notify_chosen(settings, &plan, cases[i].outcome);
		g_autofree char *names = names_of(chosen);

		g_assert_cmpstr(names, ==, cases[i].names);
	}
}

static void what_is_posted(void)
{
	g_autofree char *body =
		notify_body(&(struct notify_message){.service = "erp-prod",
						     .plan = "weekly",
						     .run = "20261114T030000Z-6f1d20aa",
						     .outcome = "fail-check",
						     .exit_status = 4,
						     .summary = "one \"check\" failed"},
			    "drill-1", 1794625204 * USEC_PER_SEC);

	g_assert_cmpstr(
		body, ==,
		"{\"exit_status\":4,\"format\":\"1.0\",\"host\":\"drill-1\","
		"\"invocation\":null,\"outcome\":\"fail-check\",\"plan\":\"weekly\","
		"\"result\":null,\"run\":\"20261114T030000Z-6f1d20aa\",\"service\":\"erp-prod\","
		"\"summary\":\"one \\\"check\\\" failed\","
		"\"time\":\"2026-11-14T03:00:04Z\",\"type\":\"odrbackup-notification\","
		"\"unit\":null}");
}

static void runs_as_uuids(void)
{
	g_autofree char *one = notify_run_uuid("20261114T030000Z-6f1d20aa");
	g_autofree char *other = notify_run_uuid("20261114T030000Z-6f1d20ab");

	g_assert_true(g_uuid_string_is_valid(one));
	g_assert_cmpstr(one, !=, other);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/notify/who-is-told", who_is_told);
	g_test_add_func("/cli/notify/what-is-posted", what_is_posted);
	g_test_add_func("/cli/notify/runs-as-uuids", runs_as_uuids);
	return g_test_run();
}
