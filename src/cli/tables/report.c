#include "cli/line/commands.h"
#include "cli/tables/tables.h"

static const struct command_option report_drill_options[] = {
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv|junit",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, or into that folder, not to stdout"},
	{NULL},
};

static const struct command_option report_quarterly_options[] = {
	{"quarter", 0, OPTION_TEXT, "YYYY-QN",
	 "the period, or last: that before (the quarter we are in)"},
	{"tier", 0, OPTION_TEXT, "NAME", "only services of this tier"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 5 if an objective was missed, 3 if not proven"},
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv|junit",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, or into that folder, not to stdout"},
	{NULL},
};

static const struct command_option report_posture_options[] = {
	{"tier", 0, OPTION_TEXT, "NAME", "only services of this tier"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 5 if an objective was missed, 3 if not proven"},
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv|junit",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, or into that folder, not to stdout"},
	{NULL},
};

static const struct command_option report_incident_options[] = {
	{"strict", 0, OPTION_FLAG, NULL, "exit with 5 if an objective was missed, 3 if not proven"},
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, or into that folder, not to stdout"},
	{"state", 0, OPTION_TEXT, "DIR",
	 "folder of the timeline, or what incident export wrote, instead of this host's"},
	{NULL},
};

/* clang-format off */
const struct command reporting[] = {
	{"report drill", "[SERVICE] RUN [--render FORMAT] [--output FILE]", "what one drill proved, and what it did not",
	 "report drill latest\n"
	 "report drill 20261114T030000Z-6f1d20aa --output drill.html\n"
	 "report drill latest --render junit --output drill.xml",
	 "odrbackup-report(1)", 1, 2, report_drill_options, cmd_report_drill},
	{"report incident", "[ID] [--strict] [--render FORMAT] [--output FILE] [--state DIR]",
	 "what a real recovery lost, and how long it took",
	 "report incident --output incident.html\n"
	 "report incident 20261128T131000Z-0b77c2d1 --render json",
	 "odrbackup-report(1)", 0, 1, report_incident_options, cmd_report_incident},
	{"report quarterly", "[SERVICE] [--quarter YYYY-QN] [--tier NAME] [options]",
	 "what a quarter proved, for who decides and who audits",
	 "report quarterly --quarter 2026-Q4 --output 2026-Q4.html\n"
	 "report quarterly --tier gold --strict --render json",
	 "odrbackup-report(1)", 0, 1, report_quarterly_options, cmd_report_quarterly},
	{"report posture", "[SERVICE] [--tier NAME] [options]", "how things stand now, over the last 90 days",
	 "report posture --output posture.html",
	 "odrbackup-report(1)", 0, 1, report_posture_options, cmd_report_posture},
	{"metrics", "", "write what the catalog and the drills know for Prometheus",
	 "metrics",
	 "odrbackup-report(1)", 0, 0, NULL, cmd_metrics},
	{NULL},
};
/* clang-format on */
