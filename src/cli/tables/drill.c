#include "cli/line/commands.h"
#include "cli/tables/tables.h"

static const struct command_option drill_explain_options[] = {
	{"digests", 0, OPTION_FLAG, NULL,
	 "only the digests of its files, as sha256sum prints them"},
	{NULL},
};

static const struct command_option drill_list_options[] = {
	{"checks", 0, OPTION_FLAG, NULL, "list the shipped checks instead"},
	{NULL},
};

static const struct command_option drill_check_options[] = {
	{"database", 0, OPTION_TEXT, "CONNINFO", "the database, in the words of libpq"},
	{"save", 0, OPTION_TEXT, "FILE", "keep what the queries gave, to compare another with"},
	{"compare", 0, OPTION_TEXT, "FILE", "compare with what was kept"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 3 when there are only warnings"},
	{NULL},
};

static const struct command_option drill_run_options[] = {
	{"target", 0, OPTION_TEXT, "TARGET", "another moment than the plan's: never counted"},
	{"if-due", 0, OPTION_FLAG, NULL, "only in its window, and once a slot; else status 8"},
	{"incident", 0, OPTION_TEXT, "ID", "it is made for this incident, or the latest"},
	{"junit", 0, OPTION_TEXT, "FILE", "results as JUnit XML go there, too"},
	{"report", 0, OPTION_TEXT, "FILE",
	 "a report goes there, too: .html, .md, .json, .csv, .xml"},
	{"keep", 0, OPTION_FLAG, NULL, "leave the sandbox for a look"},
	{"lab", 0, OPTION_FLAG, NULL, "a drill that has to fail: it counts for nothing"},
	{"inject", 0, OPTION_TEXT, "FAULT",
	 "what is wrong in the lab: wal-gap, bitflip, slow or expired-credential"},
	{"strict", 0, OPTION_FLAG, NULL, "status 3 where there are warnings"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (jobs= of the plan)"},
	{NULL},
};

static const struct command_option drill_due_options[] = {
	{"exit-code", 0, OPTION_FLAG, NULL, "status 8 where no drill is due"},
	{NULL},
};

static const struct command_option drill_coverage_options[] = {
	{"tier", 0, OPTION_TEXT, "NAME", "services of this tier only"},
	{"strict", 0, OPTION_FLAG, NULL,
	 "status 3 where something was not drilled, or too long ago"},
	{NULL},
};

static const struct command_option drill_clean_options[] = {
	{"all", 0, OPTION_FLAG, NULL, "also what keep-failed= still keeps"},
	{NULL},
};

/* clang-format off */
const struct command drilling[] = {
	{"drill run", "PLAN [--target TARGET] [--keep] [options]",
	 "bring back a moment in isolation, check the business, measure, sign the evidence",
	 "drill run weekly-random\n"
	 "drill run weekly-random --target latest --keep\n"
	 "drill run weekly-random --target latest --incident latest",
	 "odrbackup-drill(1)", 1, 1, drill_run_options, cmd_drill_run},
	{"drill due", "[PLAN…] [--exit-code]", "which drills are to be done in this slot",
	 "drill due",
	 "odrbackup-drill(1)", 0, G_MAXUINT, drill_due_options, cmd_drill_due},
	{"drill coverage", "[SERVICE] [--tier NAME] [--strict]", "what was drilled, and what never",
	 "drill coverage\n"
	 "drill coverage erp-prod --strict",
	 "odrbackup-drill(1)", 0, 1, drill_coverage_options, cmd_drill_coverage},
	{"drill show", "RUN|latest", "what a drill came to",
	 "drill show latest",
	 "odrbackup-drill(1)", 1, 1, NULL, cmd_drill_show},
	{"drill clean", "[PLAN…] [--all]", "remove what drills left to be looked at, or when they died",
	 "drill clean",
	 "odrbackup-drill(1)", 0, G_MAXUINT, drill_clean_options, cmd_drill_clean},
	{"drill lint", "[PLAN…]", "check plans of drills, and everything they name",
	 "drill lint\n"
	 "drill lint ./weekly-random.plan",
	 "odrbackup-drill(1)", 0, G_MAXUINT, NULL, cmd_drill_lint},
	{"drill explain", "PLAN [--digests]", "show a plan as it is in force, its files and its hash",
	 "drill explain weekly-random\n"
	 "drill explain weekly-random --digests",
	 "odrbackup-drill(1)", 1, 1, drill_explain_options, cmd_drill_explain},
	{"drill list", "[--checks]", "list the plans, or the checks that are shipped",
	 "drill list\n"
	 "drill list --checks",
	 "odrbackup-drill(1)", 0, 0, drill_list_options, cmd_drill_list},
	{"drill check", "PLAN --database CONNINFO [--save FILE] [--compare FILE] [--strict]",
	 "run the SQL checks of a plan on any database, which is only read",
	 "drill check weekly-random --database 'host=/var/run/postgresql dbname=shop'\n"
	 "drill check weekly-random --database dbname=shop --save shop.figures\n"
	 "drill check weekly-random --database dbname=shop-copy --compare shop.figures",
	 "odrbackup-drill(1)", 1, 1, drill_check_options, cmd_drill_check},
	{NULL},
};
/* clang-format on */
