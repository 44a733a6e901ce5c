#include "cli/line/commands.h"
#include "cli/tables/tables.h"

static const struct command_option list_options[] = {
	{"as-of", 0, OPTION_TEXT, "TIME", "the sets that were there at that time (with a zone)"},
	{"marks", 0, OPTION_FLAG, NULL, "list the marks instead"},
	{NULL},
};

static const struct command_option show_options[] = {
	{"as-of", 0, OPTION_TEXT, "TIME", "of the sets that were there at that time (with a zone)"},
	{"part", 0, OPTION_LIST, "PART", "list what this part holds: config"},
	{"item", 0, OPTION_LIST, "ITEM", "print this item of the configuration"},
	{NULL},
};

static const struct command_option diff_options[] = {
	{"part", 0, OPTION_LIST, "PART", "compare only this part: database, filestore, config"},
	{"brief", 0, OPTION_FLAG, NULL, "only tell which items changed"},
	{NULL},
};

static const struct command_option status_options[] = {
	{"strict", 0, OPTION_FLAG, NULL,
	 "exit as check does, with 3 where there are only warnings"},
	{NULL},
};

static const struct command_option check_options[] = {
	{"repository-scan", 0, OPTION_FLAG, NULL, "read every object of the repositories"},
	{"prove-lock", 0, OPTION_FLAG, NULL, "prove that what is locked cannot be deleted"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 3 when there are only warnings"},
	{"nagios", 0, OPTION_FLAG, NULL, "one line for a monitoring system, and its exit status"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (workers= of the configuration)"},
	{NULL},
};

/* clang-format off */
const struct command watching[] = {
	{"status", "[SERVICE] [--strict]", "how far back and how near to now one can recover; what to do",
	 "status\n"
	 "status erp-prod --json",
	 "odrbackup-status(1)", 0, 1, status_options, cmd_status},
	{"list", "[SERVICE] [--marks] [--as-of TIME]", "list the sets, or the marks",
	 "list\n"
	 "list --marks\n"
	 "list --kit /media/usb/erp-prod.kit\n"
	 "list --as-of '2026-11-21 14:30:00+01'",
	 "odrbackup-list(1)", 0, 1, list_options, cmd_list},
	{"show", "[SERVICE] SET [--part PART] [--item ITEM]… [--as-of TIME]", "show everything about one set",
	 "show latest\n"
	 "show erp-prod 20261121T230501Z-1a2b3c4d --json\n"
	 "show latest --part config\n"
	 "show latest --item odoo.conf",
	 "odrbackup-list(1)", 1, 2, show_options, cmd_show},
	{"diff", "[SERVICE] SET SET [--part PART] [--brief]", "show what changed between two sets",
	 "diff oldest latest\n"
	 "diff 20261121T230501Z-1a2b3c4d latest --part config",
	 "odrbackup-list(1)", 2, 3, diff_options, cmd_diff},
	{"check", "[SERVICE] [--repository-scan] [--prove-lock] [--strict] [--nagios]",
	 "check that what is needed for recovery is there, and within reach",
	 "check\n"
	 "check erp-prod --repository-scan\n"
	 "check erp-prod --prove-lock\n"
	 "check erp-prod --nagios",
	 "odrbackup-check(1)", 0, 1, check_options, cmd_check},
	{"notify unit", "UNIT", "tell that a unit of systemd failed",
	 "notify unit odrbackup-backup@erp-prod.service",
	 "odrbackup-notify(1)", 1, 1, NULL, cmd_notify_unit},
	{"catalog rebuild", "[SERVICE]", "make the local catalog anew from the repositories",
	 "catalog rebuild erp-prod",
	 "odrbackup-catalog(1)", 0, 1, NULL, cmd_catalog_rebuild},
	{NULL},
};
/* clang-format on */
