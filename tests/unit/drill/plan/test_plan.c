#include "base/error.h"
#include "base/file.h"
#include "drill/plan/plan.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD	 "[plan]\nversion=1\nname=test\nservice=erp\n"
#define SCHEDULE "[schedule]\nslot=weekly\n"
#define SANDBOX	 "[sandbox]\ndirectory=/srv/drill\n"
#define START	 HEAD SCHEDULE SANDBOX
#define ODOO	 "[odoo]\ncommand=/o; -c; %c; -d; %d\n[check h]\ntype=http\n"

static char *folder;

static void put(const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static const char *const collectors[] = {"host", "odoo", NULL},
			 *const repositories[] = {"main", NULL},
			 *const listed[] = {"balanced", NULL};
static const char *const rests_on[] = {"database", NULL};
static const struct plan_process processes[] = {
	{.name = "invoicing", .components = rests_on, .checks = listed, .rto = USEC_PER_HOUR},
	{.name = NULL}};

static bool configure(void *data, const char *service, struct plan_defaults *defaults,
		      GError **error)
{
	(void)data, (void)error;
	g_assert_cmpstr(service, ==, "erp");
	*defaults =
		(struct plan_defaults){.service = "erp",
				       .objectives = {.rpo = 15 * USEC_PER_MIN,
						      .rto = 2 * USEC_PER_HOUR,
						      .component_rpo[PLAN_CONFIG] = USEC_PER_DAY,
						      .assume_detect = 20 * USEC_PER_MIN},
				       .max_age = 14 * USEC_PER_DAY,
				       .repositories = repositories,
				       .collectors = collectors,
				       .processes = processes};
	return true;
}

static DrillPlan *parse(const char *text, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "test.plan", NULL);
	g_autofree char *builtin = g_build_filename(folder, "shipped", NULL);

	return drill_plan_parse(text, strlen(text), path,
				&(struct plan_source){builtin, configure, NULL}, error);
}

static void test_refuses_what_cannot_be_carried_out(void)
{
	static const struct {
		const char *text;
		const char *message; /* behind the path */
	} cases[] = {
		{"[plan]\nversion=2\nname=test\nservice=erp\n", ":2: version is 1, not '2'"},
		{"[plan]\nversion=1\nname=other\nservice=erp\n" SCHEDULE SANDBOX,
		 ":3: name is 'other', but the file is 'test.plan'; make them the same"},
		{HEAD, ": [schedule] needs slot=: how often a drill is due"},
		{HEAD "[schedule]\nslot=weekley\n",
		 ":6: slot cannot be 'weekley'; did you mean 'weekly'?"},
		{HEAD SCHEDULE,
		 ": [sandbox] needs directory=: folder to restore into, of a file system of its own"},
		{START "[chek a]\n", ":9: unknown group [chek a]; did you mean [check a]?"},
		{START "[plan x]\n", ":9: [plan] has no name; write [plan]"},
		{START "[check]\n", ":9: a check has a name; write [check NAME]"},
		{START "[check a]\ntype=sql\nsqll=x\n",
		 ":11: unknown key 'sqll' in [check a]; did you mean 'sql'?"},
		{START "[check a]\ntype=sql\nscenario=x\n",
		 ":11: unknown key 'scenario' in [check a]; there are type, title, process, stage, gate, severity, "
		 "database, time-limit, retries, redact, owner, document, sql, expect, allow-empty, tolerance, "
		 "file and ordered"},
		{START "[check a]\ntype=sql\nsql=a.sql\ngate=yes\n",
		 ":12: gate is true or false, not 'yes'"},
		{START "[check a]\ntype=sql\nsql=../a.sql\n",
		 ":11: sql: '../a.sql' is no file beside the plan; files are named relative to its folder, without '..', "
		 "with A-Z, a-z, 0-9, '.', '_', '-' and '/'"},
		{START "[check a]\ntype=sql\nsql=/etc/a.sql\n",
		 ":11: sql: '/etc/a.sql' is no file beside the plan; files are named relative to its folder, without "
		 "'..', with A-Z, a-z, 0-9, '.', '_', '-' and '/'"},
		{START "[check a]\ntype=sql\nsql=link.sql\n",
		 ":11: sql: 'link.sql' is, or is behind, a link; put the file there"},
		{START "[check a]\ntype=sql\nsql=builtin:balancd\n",
		 ":11: sql: there is no builtin:balancd; did you mean 'balanced'?"},
		{START "[check a]\ntype=sql\nsql=plain.sql\n",
		 ":11: 'plain.sql' does not say of what kind it is; add expect=, or a first line '-- id: NAME kind: "
		 "assert'"},
		{START "[check a]\ntype=sql\nsql=builtin:drill-extra-neutralize\n",
		 ":11: sql: 'builtin/drill-extra-neutralize.sql' writes, and is no check"},
		{START "[check a]\ntype=sql\nsql=plain.sql\nexpect=eqq 1\n",
		 ":12: expect: nothing can be expected by 'eqq'; did you mean 'eq'?"},
		{START "[check a]\ntype=sql\nsql=plain.sql\nexpect=between 1\n",
		 ":12: expect: 'between' takes two values"},
		{START "[check a]\ntype=sql\nsql=plain.sql\nexpect=between 2 1\n",
		 ":12: expect: 'between' takes the lower number first"},
		{START "[check a]\ntype=sql\nsql=plain.sql\nexpect=anchor tolerance -1\n",
		 ":12: expect: an anchor is expected as: anchor, anchor exact, anchor bounded or anchor tolerance X"},
		{START "[check a]\ntype=compare\nsql=plain.sql\nsource=dbname=a\nexpect=delta -1\n",
		 ":13: expect: 'delta' takes a number from 0 on"},
		{START
		 "[check a]\ntype=compare\nsql=plain.sql\nsource=dbname=a\nexpect=ratio 2 1\n",
		 ":13: expect: 'ratio' takes the lower number first"},
		{START "[check a]\ntype=sql\nsql=plain.sql\nexpect=empty\ntolerance=1\n",
		 ":13: expect=empty compares no numbers; leave tolerance out"},
		{START
		 "[check a]\ntype=sql\nsql=builtin:balanced\nexpect=empty\nallow-empty=true\n",
		 ":13: allow-empty is for what is judged as assert, baseline or action; leave it out"},
		{START "[check a]\ntype=sql\nsql=two.sql\nexpect=eq 1\n",
		 ":11: sql: 'two.sql' has 2 statements; a query is one"},
		{START "[check a]\ntype=filestore\nsample=0x64%\n",
		 ":11: sample is a share above 0% and up to 100%, not '0x64%'"},
		{START "[check a]\ntype=trend\nfigure=wall\nwithin=4294967346% of median 5\n",
		 ":12: within is P% of median N, as in: 50% of median 5, not '4294967346% of median 5'"},
		{START "[check a]\ntype=span\nfigure=teardown\nat-most=1h\n",
		 ":11: figure: there is no figure 'teardown'; there is restore-only, db-ready, wall, service-ready, "
		 "locate, provision, base, filestore, replay, startup, application, gate and extended"},
		{START "[check a]\ntype=http\nstep-1=GET /; status 200\n",
		 ":9: this check asks Odoo, which the plan does not start; add [odoo] with command="},
		{START "[check a]\ntype=neutralized\ngate=false\n",
		 ":11: type neutralized is a gate in every plan; leave gate=false out"},
		{START "[check postgres]\ntype=sql\nsql=plain.sql\nexpect=eq 1\n",
		 ":9: the name 'postgres' is for the check of that type, which runs in every plan; choose another"},
		{START "[control a]\ncheck=b\nsql=plain.sql\n",
		 ":10: check: there is no check 'b'; there is none"},
		{START ODOO "step-1=GET /a\\nb; status 200\n",
		 ":13: step-1: a step begins with a method and a path, as in: GET /web/login; status 200"},
		{START ODOO "step-1=GET /a; status 200; header X: a\\r\\nY: b\n",
		 ":13: step-1: a header is one line"},
		{START ODOO "step-1=POST /a; status 200; json a.json; form b.form\n",
		 ":13: step-1: a request has one body, of json or form"},
		{START ODOO "step-1=GET /a; status 200; json a.json\n",
		 ":13: step-1: a GET has no body; write POST"},
		{START ODOO "step-1=GET /a; capture id /x\n",
		 ":13: step-1: nothing is expected of the answer; add 'status 200' at least"},
		{START ODOO "step-1=GET /a/${id}; status 200\n",
		 ":13: step-1: nothing captured ${id} before it is used"},
		{START ODOO "step-1=GET /a; status 20\n",
		 ":13: step-1: status is a number from 100 to 599, not '20'"},
		{START ODOO "step-1=GET /a; value x eq 1\n",
		 ":13: step-1: value is POINTER OP V, as in: value /result/uid gt 0"},
		{START ODOO "step-1=GET /a; value /x is 1\n",
		 ":13: step-1: 'is' compares nothing; there are eq, ne, lt, le, gt and ge"},
		{START ODOO "step-1=GET /a; stats 200\n",
		 ":13: step-1: 'stats' says nothing of a request; did you mean 'status'?"},
		{START ODOO "step-1=GET /a; find\n", ":13: step-1: 'find' says nothing of what"},
		{START ODOO "step-1=GET /a; capture Id /x\n",
		 ":13: step-1: capture is NAME POINTER or NAME input:FIELD, as in: capture id /result/0/id; names are "
		 "of a-z, 0-9 and '_'"},
		{START ODOO "step-100=GET /a; status 200\n",
		 ":13: unknown key 'step-100' in [check h]; did you mean 'step-N'?"},
		{START "[odoo]\ncommand=/o; -c; %c\n",
		 ":10: command needs %c, the drill's configuration, and %d, its database; without them Odoo would use "
		 "production's"},
		{START "[odoo]\ncommand=/o; -c; %c; -d; %d\n",
		 ":9: a plan that starts Odoo proves that a wrong password is refused; add a check with type=http and "
		 "scenario=builtin:odoo-login-refused"},
		{START "[isolation]\nnetwork=host\n",
		 ":10: network=host lets the copy reach everything; say why, with reason="},
		{START "[isolation]\nprobe=example.org\n",
		 ":10: probe: 'example.org' is no address to try; write HOST:PORT or [ADDRESS]:PORT"},
		{START "[neutralize]\nmode=none\n",
		 ":10: mode=none leaves the copy able to act; say why, with reason="},
		{START "[neutralize]\nmode=none\nreason=r\nafter=plain.sql\n",
		 ":12: mode=none runs no files; leave after out"},
		{START "[neutralize]\nmode=none\nreason=r\n[odoo]\nstart=false\n",
		 ":12: Odoo may not be started on a copy that is not neutralized; leave [odoo] out, or mode=none"},
		{START "[objectives]\nrpo=1h\n",
		 ":10: rpo is 15 min in the configuration; a plan may ask for less, not for more"},
		{START "[objectives]\nrpo-database=20min\n",
		 ":10: rpo-database is 15 min in the configuration; a plan may ask for less, not for more"},
		{START "[objectives]\nassume-detect=5min\n",
		 ":10: assume-detect is 20 min in the configuration; a plan may assume more, not less"},
		{START "[postgresql]\nset=archive_mode=on\n",
		 ":10: set: 'archive_mode' is the drill's to set; leave it out"},
		{START "[postgresql]\nset=include='/x'\n",
		 ":10: set: 'include' is the drill's to set; leave it out"},
		{START "[postgresql]\nset=zero_damaged_pages=on\n",
		 ":10: set: 'zero_damaged_pages' is the drill's to set; leave it out"},
		{START "[select]\nset=newest\n",
		 ":10: set is auto, latest, oldest, random or the id of a set, not 'newest'"},
		{START "[select]\nset=oldest\n",
		 ":10: set=oldest is for a moment that is said; one that is drawn has a set of its "
		 "own: leave it out, or say set=random"},
		{START "[select]\ntarget=latest\nset=random\n",
		 ":11: set=random is for a moment that is drawn, and target=latest is not; leave it "
		 "out, or name a set"},
		{START "[select]\ntarget=name:a\\nb\n",
		 ":10: a restore point has a name of 1 to 63 bytes, on one line"},
		{START "[select]\ntarget=lates\n",
		 ":10: target cannot be 'lates'; it is random, worst, edge, latest, oldest, immediate, anchor:latest, "
		 "anchor:random, anchor:ID, ago:DURATION, name:TEXT, time:TIME, lsn:X/X or xid:N"},
		{START "[select]\ntarget=latest\nwindow=3d\n",
		 ":11: window is for a moment that is drawn, and target=latest is not; leave it out"},
		{START "[select]\ndatabase=shop\n[check c]\ntype=odoo-database\ndatabase=crm\n",
		 ":13: database: 'crm' is not recovered, only 'shop' is, which is database= of [select]"},
		{START "[select]\ndatabase=shop\n[check beat]\ntype=heartbeat\n",
		 ":12: the heartbeat is in database 'odrbackup', and only 'shop' is recovered, which is database= of "
		 "[select]; leave the check out"},
		{START "[select]\nmix=time 0\n",
		 ":10: every weight of mix is 0; nothing could be drawn"},
		{START "[select]\nrepository=mian\n",
		 ":10: repository: there is no repository 'mian'; did you mean 'main'?"},
		{START "[check c]\ntype=config\nrequire=hots\n",
		 ":11: require: there is no collector 'hots'; did you mean 'host'?"},
		{START "[evidence]\nformats=html\n",
		 ":10: formats needs json: the others are made of it"},
		{HEAD "[schedule]\nslot=daily\nwindow=Sat 02:00-08:00\n" SANDBOX,
		 ":7: a daily drill has a window on every day; leave the days out"},
		{HEAD "[schedule]\nslot=weekly\nwindow=02:00\n" SANDBOX,
		 ":7: window is [DAY[,DAY…] ]HH:MM-HH:MM, as in: Sat 02:00-08:00, not '02:00'"},
		{HEAD "kind=verify\n" SCHEDULE SANDBOX,
		 ":8: kind=verify starts no server, and has no [sandbox]; leave it out"},
	};
	g_autofree char *path = g_build_filename(folder, "test.plan", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(DrillPlan) plan = parse(cases[i].text, &error);
		g_autofree char *expected = g_strconcat(path, cases[i].message, NULL);

		g_assert_null(plan);
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, expected);
	}
}

static void test_a_plan_is_typed(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DrillPlan) plan = parse(
		HEAD
		"[schedule]\nslot=weekly\nwindow=Sat,Sun 22:00-04:00\ntime-zone=Europe/Vienna\n" SANDBOX
		"[select]\nmix=wal 2;time 1\n[objectives]\nrpo=5min\nassume-detect=1h\n"
		"[check balanced]\ntype=sql\nsql=builtin:balanced\ngate=true\n"
		"[check value]\ntype=sql\nsql=plain.sql\nexpect=in a;b\n"
		"[control lost]\ncheck=balanced\nsql=plain.sql\n",
		&error);
	const struct plan_check *check;

	g_assert_no_error(error);
	g_assert_cmpint(plan->schedule.slot, ==, PLAN_WEEKLY);
	g_assert_cmpuint(plan->schedule.window.days, ==, 0x60);
	g_assert_cmpuint(plan->select.mix->len, ==, 2);
	g_assert_cmpint(g_array_index(plan->select.mix, struct draw_weight, 0).method, ==,
			DRAW_WAL);
	g_assert_cmpint(plan->objectives.rpo, ==, 5 * USEC_PER_MIN);
	g_assert_cmpint(plan->objectives.component_rpo[PLAN_FILESTORE], ==, 5 * USEC_PER_MIN);
	g_assert_cmpint(plan->objectives.component_rpo[PLAN_CONFIG], ==, USEC_PER_DAY);
	g_assert_cmpint(plan->objectives.rto, ==, 2 * USEC_PER_HOUR);
	g_assert_cmpint(plan->schedule.max_age, ==, 14 * USEC_PER_DAY);
	g_assert_cmpuint(plan->checks->len, ==, 6 + 2);
	check = drill_plan_check(plan, "balanced");
	g_assert_true(check->gate);
	g_assert_cmpstr(check->sql, ==, "builtin/balanced.sql");
	g_assert_cmpstr(check->process[0], ==, "invoicing");
	g_assert_cmpuint(plan->processes->len, ==, 1);

	const struct plan_process *process = plan->processes->pdata[0];

	g_assert_cmpstr(process->name, ==, "invoicing");
	g_assert_cmpstr(process->components[0], ==, "database");
	g_assert_cmpint(process->rto, ==, USEC_PER_HOUR);
	g_assert_true(((struct plan_control *)plan->controls->pdata[0])->of == check);
	check = drill_plan_check(plan, "value");
	g_assert_cmpint(check->expect.kind, ==, PLAN_EXPECT_IN);
	g_assert_cmpstr(check->expect.values[1], ==, "b");
	g_assert_true(drill_plan_check(plan, "neutralized")->gate);
	/* A variant comes along, and counts. */
	g_assert_nonnull(drill_plan_file(plan, "builtin/balanced.v14-15.sql"));
}

static void test_windows_and_slots(void)
{
	static const struct {
		const char *time;
		bool inside;
		const char *slot;
	} cases[] = {
		{"2026-11-28T20:59:00Z", false, "2026-W48"}, /* Saturday, 21:59 in Vienna */
		{"2026-11-28T21:00:00Z", true, "2026-W48"},
		{"2026-11-30T02:59:00Z", true, "2026-W49"}, /* Monday, after Sunday's midnight */
		{"2026-11-30T03:00:00Z", false, "2026-W49"},
		{"2027-01-01T12:00:00Z", false, "2026-W53"},
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(DrillPlan) plan =
		parse(HEAD "[schedule]\nslot=weekly\nwindow=Sat,Sun 22:00-04:00\n"
			   "time-zone=Europe/Vienna\n" SANDBOX,
		      &error);

	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *slot = NULL;
		usec_t time;

		g_assert_true(clock_parse(cases[i].time, &time, NULL));
		slot = drill_plan_slot(plan, time);
		g_assert_cmpint(drill_plan_in_window(plan, time), ==, cases[i].inside);
		g_assert_cmpstr(slot, ==, cases[i].slot);
	}
}

static void test_the_hash_is_of_every_file(void)
{
	g_autoptr(DrillPlan) first =
		parse(START "[check a]\ntype=sql\nsql=plain.sql\nexpect=eq 1\n", NULL);
	g_autoptr(DrillPlan) second = NULL;

	g_assert_nonnull(first);
	put("plain.sql", "SELECT 2;\n");
	second = parse(START "[check a]\ntype=sql\nsql=plain.sql\nexpect=eq 1\n", NULL);
	put("plain.sql", "SELECT 1;\n");
	g_assert_cmpstr(first->hash, !=, second->hash);
}

int main(int argc, char **argv)
{
	static const char *const always[] = {"neutralized", "modules-settled", "sequences-ahead"};
	g_autofree char *shipped = NULL, *link = NULL;
	int status;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("odr-plan-XXXXXX", NULL);
	shipped = g_build_filename(folder, "shipped", NULL);
	link = g_build_filename(folder, "link.sql", NULL);
	g_assert_cmpint(g_mkdir(shipped, 0700), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(always); i++) {
		g_autofree char *name = g_strconcat("shipped/", always[i], ".sql", NULL);

		put(name, "-- id: x kind: assert\nSELECT 0 AS bad, 1 AS total;\n");
	}
	put("shipped/balanced.sql",
	    "-- id: b kind: assert odoo: 16-18\nSELECT 0 AS bad, 1 AS total;\n");
	put("shipped/balanced.v14-15.sql",
	    "-- id: b kind: assert odoo: 14-15\nSELECT 0 AS bad, 1 AS total;\n");
	put("shipped/queue-job-requeue.sql", "-- id: q kind: repair\nUPDATE q SET s = 1;\n");
	put("shipped/drill-extra-neutralize.sql", "-- id: d kind: repair\nUPDATE q SET s = 1;\n");
	put("plain.sql", "SELECT 1;\n");
	put("two.sql", "SELECT 1; SELECT 2;\n");
	g_assert_cmpint(symlink("plain.sql", link), ==, 0);
	g_test_add_func("/plan/refuses-what-cannot-be-carried-out",
			test_refuses_what_cannot_be_carried_out);
	g_test_add_func("/plan/a-plan-is-typed", test_a_plan_is_typed);
	g_test_add_func("/plan/windows-and-slots", test_windows_and_slots);
	g_test_add_func("/plan/the-hash-is-of-every-file", test_the_hash_is_of_every_file);
	status = g_test_run();
	g_assert_true(file_remove_tree(folder, NULL));
	g_free(folder);
	return status;
}
