#include "cli/line/commands.h"
#include "cli/tables/tables.h"

static const struct command_option backup_options[] = {
	{"part", 0, OPTION_LIST, "PART", "capture only this part: database, filestore, config"},
	{"full", 0, OPTION_FLAG, NULL, "store everything anew"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (workers= of the configuration)"},
	{NULL},
};

static const struct command_option heartbeat_options[] = {
	{"create", 0, OPTION_FLAG, NULL, "make the database for it where it is missing"},
	{NULL},
};

static const struct command_option mark_options[] = {
	{"note", 0, OPTION_TEXT, "TEXT", "what the mark is for"},
	{"wait", 0, OPTION_FLAG, NULL, "until its WAL is durable in every repository"},
	{NULL},
};

static const struct command_option anchor_options[] = {
	{"drill", 0, OPTION_LIST, "PLAN",
	 "take the figures of this plan of a drill (every plan of the service)"},
	{"sql", 0, OPTION_LIST, "FILE", "take what this query gives: a file, or builtin:NAME"},
	{"note", 0, OPTION_TEXT, "TEXT", "what the mark is for"},
	{"wait", 0, OPTION_FLAG, NULL, "until its WAL is durable in every repository"},
	{NULL},
};

static const struct command_option expire_options[] = {
	{"plan", 0, OPTION_FLAG, NULL, "show what would go, and end"},
	{NULL},
};

static const struct command_option hold_add_options[] = {
	{"reason", 0, OPTION_TEXT, "TEXT", "why; it is in the repository in the clear"},
	{"until", 0, OPTION_TEXT, "TIME", "held until then (with a zone), if not until released"},
	{NULL},
};

static const struct command_option hold_release_options[] = {
	{"reason", 0, OPTION_TEXT, "TEXT", "why, for the audit chain"},
	{NULL},
};

/* clang-format off */
const struct command protecting[] = {
	{"backup", "[SERVICE] [--part PART]… [--full] [--jobs N]", "capture a set",
	 "backup\n"
	 "backup erp-prod --jobs 4 --progress plain",
	 "odrbackup-backup(1)", 0, 1, backup_options, cmd_backup},
	{"heartbeat", "[SERVICE] [--create]", "a sign of life in the WAL, so that an idle server can be judged",
	 "heartbeat erp-prod --create\n"
	 "-q heartbeat erp-prod",
	 "odrbackup-heartbeat(1)", 0, 1, heartbeat_options, cmd_heartbeat},
	{"mark", "[SERVICE] NAME [--note TEXT] [--wait]", "make a named point to come back to",
	 "mark erp-prod before-upgrade --note 'Odoo 17 to 18' --wait",
	 "odrbackup-mark(1)", 1, 2, mark_options, cmd_mark},
	{"anchor create", "SERVICE [NAME] [--drill PLAN]… [--sql FILE]… [--note TEXT] [--wait]",
	 "make a mark, and keep what the business's figures are there",
	 "anchor create erp-prod\n"
	 "anchor create erp-prod before-upgrade --drill weekly-random --wait",
	 "odrbackup-anchor(1)", 1, 2, anchor_options, cmd_anchor_create},
	{"anchor list", "[SERVICE]", "list the anchors",
	 "anchor list",
	 "odrbackup-anchor(1)", 0, 1, NULL, cmd_anchor_list},
	{"anchor show", "[SERVICE] ANCHOR", "the figures of an anchor: its id, its name, or latest",
	 "anchor show latest",
	 "odrbackup-anchor(1)", 1, 2, NULL, cmd_anchor_show},
	{"expire", "[SERVICE] [--plan]", "remove sets and WAL that retention no longer keeps",
	 "expire erp-prod --plan\n"
	 "expire erp-prod",
	 "odrbackup-expire(1)", 0, 1, expire_options, cmd_expire},
	{"hold add", "[SERVICE] SET --reason TEXT [--until TIME]", "keep a set whatever retention says",
	 "hold add erp-prod 20261121T230501Z-1a2b3c4d --reason 'lawsuit 4711'\n"
	 "hold add latest --reason 'before the audit' --until '2027-03-31 00:00:00+01'",
	 "odrbackup-hold(1)", 1, 2, hold_add_options, cmd_hold_add},
	{"hold release", "[SERVICE] SET [--reason TEXT]", "let retention have a set again",
	 "hold release erp-prod 20261121T230501Z-1a2b3c4d --confirm erp-prod",
	 "odrbackup-hold(1)", 1, 2, hold_release_options, cmd_hold_release},
	{"hold list", "[SERVICE]", "list the sets that are held",
	 "hold list",
	 "odrbackup-hold(1)", 0, 1, NULL, cmd_hold_list},
	{NULL},
};
/* clang-format on */
