#include "cli/command.h"

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/program.h"

#include <stdio.h>
#include <string.h>

static const struct command_option key_new_owner_options[] = {
	{"service", 0, OPTION_TEXT, "NAME", "service the keys are for"},
	{"unprotected", 0, OPTION_FLAG, NULL, "write the file without a passphrase"},
	{NULL},
};

static const struct command_option key_new_identity_options[] = {
	{"owner", 0, OPTION_TEXT, "OWNER", "file with the owner key"},
	{"name", 0, OPTION_TEXT, "TEXT", "what people call it (the file's name)"},
	{"scope", 0, OPTION_TEXT, "all|wal", "what it opens: everything, or WAL only (all)"},
	{"new-passphrase-file", 0, OPTION_TEXT, "FILE",
	 "take the passphrase of the new file from here"},
	{"unprotected", 0, OPTION_FLAG, NULL, "write the file without a passphrase"},
	{NULL},
};

static const struct command_option key_new_evidence_options[] = {
	{"owner", 0, OPTION_TEXT, "OWNER", "file with the owner key"},
	{"valid-for", 0, OPTION_TEXT, "DURATION", "how long the endorsement holds (without end)"},
	{"new-passphrase-file", 0, OPTION_TEXT, "FILE",
	 "take the passphrase of the new file from here"},
	{"unprotected", 0, OPTION_FLAG, NULL, "write the file without a passphrase"},
	{NULL},
};

static const struct command_option key_endorse_options[] = {
	{"owner", 0, OPTION_TEXT, "OWNER", "file with the owner key"},
	{"role", 0, OPTION_TEXT, "writer|keeper", "what the bundle's key may sign"},
	{"recipient", 0, OPTION_LIST, "PUB",
	 "an identity that can open: its .pub, itself, or a recovery kit"},
	{"valid-for", 0, OPTION_TEXT, "DURATION", "how long the endorsement holds (without end)"},
	{NULL},
};

static const struct command_option init_options[] = {
	{"single-recipient", 0, OPTION_FLAG, NULL,
	 "accept that one identity alone opens everything"},
	{NULL},
};

static const struct command_option kit_create_options[] = {
	{"owner", 0, OPTION_TEXT, "OWNER", "file with the owner key"},
	{"new-passphrase-file", 0, OPTION_TEXT, "FILE",
	 "take the passphrase of the new file from here"},
	{"unprotected", 0, OPTION_FLAG, NULL, "write the keys without a passphrase"},
	{NULL},
};

static const struct command_option config_show_options[] = {
	{"origin", 0, OPTION_FLAG, NULL, "also tell where each value comes from"},
	{NULL},
};

/* clang-format off */
static const struct command setting_up[] = {
	{"key new owner", "FILE --service NAME [--unprotected]",
	 "make the key that endorses all others of a service",
	 "key new owner /root/keys/erp-prod.owner --service erp-prod",
	 "odrbackup-key(1)", 1, 1, key_new_owner_options, cmd_key_new_owner},
	{"key new identity", "FILE --owner OWNER [--name TEXT] [--scope all|wal] [options]",
	 "make a key that opens sets, and FILE.pub, to which they are sealed",
	 "key new identity /root/keys/alice --owner /root/keys/erp-prod.owner\n"
	 "key new identity /root/keys/standby --owner /root/keys/erp-prod.owner --scope wal --unprotected",
	 "odrbackup-key(1)", 1, 1, key_new_identity_options, cmd_key_new_identity},
	{"key new evidence", "FILE --owner OWNER [--valid-for DURATION] [options]",
	 "make the key that signs evidence of drills, and FILE.pub and FILE.pem for who verifies it",
	 "key new evidence /root/keys/erp-prod.evidence --owner /root/keys/erp-prod.owner",
	 "odrbackup-key(1)", 1, 1, key_new_evidence_options, cmd_key_new_evidence},
	{"key endorse", "BUNDLE --owner OWNER --role writer|keeper --recipient PUB… [options]",
	 "make the key file of a host: it signs and seals, and opens nothing",
	 "key endorse /root/keys/erp-prod.writer --owner /root/keys/erp-prod.owner --role writer "
	 "--recipient /root/keys/alice.pub --recipient /root/keys/vault.pub",
	 "odrbackup-key(1)", 1, 1, key_endorse_options, cmd_key_endorse},
	{"key add-recipient", "BUNDLE PUB", "let a further identity open what is sealed from now on",
	 "key add-recipient " SETTINGS_FOLDER "/erp-prod.writer vault.pub",
	 "odrbackup-key(1)", 2, 2, NULL, cmd_key_add_recipient},
	{"key list", "FILE…", "show what key files hold, without unlocking them",
	 "key list /root/keys/*",
	 "odrbackup-key(1)", 1, G_MAXUINT, NULL, cmd_key_list},
	{"key test", "IDENTITY|KIT [SERVICE] [SET]", "prove that a key opens a set",
	 "key test /root/keys/alice erp-prod\n"
	 "key test /media/usb/erp-prod.kit",
	 "odrbackup-key(1)", 1, 3, NULL, cmd_key_test},
	{"init", "[SERVICE] [--single-recipient]", "make the repositories and local folders of a service",
	 "init erp-prod",
	 "odrbackup-init(1)", 0, 1, init_options, cmd_init},
	{"kit create", "OUT --owner OWNER --identity FILE [SERVICE] [options]",
	 "write the recovery kit, and a runbook to print",
	 "kit create /media/usb/erp-prod.kit --owner /root/keys/erp-prod.owner --identity /root/keys/vault",
	 "odrbackup-kit(1)", 1, 2, kit_create_options, cmd_kit_create},
	{"kit test", "KIT", "prove that a recovery kit reaches and opens the newest set",
	 "kit test /media/usb/erp-prod.kit",
	 "odrbackup-kit(1)", 1, 1, NULL, cmd_kit_test},
	{"config show", "[--origin]", "show the configuration as it is in force",
	 "config show\n"
	 "config show --origin",
	 "odrbackup-config(1)", 0, 0, config_show_options, cmd_config_show},
	{"config check", "", "check the configuration and everything it names",
	 "config check\n"
	 "config check -c odrbackup.conf.new",
	 "odrbackup-config(1)", 0, 0, NULL, cmd_config_check},
	{NULL},
};
/* clang-format on */

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

static const struct command_option expire_options[] = {
	{"plan", 0, OPTION_FLAG, NULL, "show what would go, and end"},
	{NULL},
};

static const struct command_option restore_options[] = {
	{"set", 0, OPTION_TEXT, "ID", "start from this set: an id, latest, oldest, auto (auto)"},
	{"type", 0, OPTION_TEXT, "default|immediate|time|name|lsn|xid|standby",
	 "what to recover to; default: the end of WAL"},
	{"target", 0, OPTION_TEXT, "T",
	 "the time (with a zone), name, LSN or transaction of --type"},
	{"target-action", 0, OPTION_TEXT, "pause|promote|shutdown",
	 "what follows at the target (pause)"},
	{"target-timeline", 0, OPTION_TEXT, "T", "timeline to follow: a number, current, latest"},
	{"target-exclusive", 0, OPTION_FLAG, NULL, "stop just before the target"},
	{"pgdata", 0, OPTION_TEXT, "DIR", "folder to restore into"},
	{"tablespace-map", 0, OPTION_LIST, "OID=DIR", "put this tablespace there"},
	{"with-config", 0, OPTION_TEXT, "DIR",
	 "put configuration from outside the data directory, or that of --part config, there"},
	{"part", 0, OPTION_LIST, "PART", "restore this part: database, filestore, config"},
	{"filestore", 0, OPTION_TEXT, "DIR", "folder to restore the filestore into"},
	{"in-place", 0, OPTION_FLAG, NULL, "put configuration back to where it was"},
	{"item", 0, OPTION_LIST, "ITEM", "only this item of the configuration"},
	{"as-of", 0, OPTION_TEXT, "TIME",
	 "read the repository as it was at that time (with a zone)"},
	{"delta", 0, OPTION_FLAG, NULL, "keep files that are the same already"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (workers= of the configuration)"},
	{"plan", 0, OPTION_FLAG, NULL, "show the plan, and end"},
	{"verify-with", 0, OPTION_TEXT, "PROGRAM", "check the result with pg_verifybackup"},
	{"database", 0, OPTION_TEXT, "NAME",
	 "only this database, by way of a private server, with --as or --dump"},
	{"as", 0, OPTION_TEXT, "NAME", "load it into the running cluster under this name"},
	{"into", 0, OPTION_TEXT, "CONNINFO", "that cluster (postgres= of the service)"},
	{"dump", 0, OPTION_TEXT, "FILE", "keep it as a dump, for pg_restore"},
	{"sandbox", 0, OPTION_TEXT, "DIR", "where the private server lies meanwhile (spool)"},
	{"postgres-bin", 0, OPTION_TEXT, "DIR", "programs of that version of PostgreSQL"},
	{"unconfined", 0, OPTION_FLAG, NULL,
	 "let the private server write outside its folder: see the manual"},
	{NULL},
};

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

static const struct command_option export_options[] = {
	{"database", 0, OPTION_TEXT, "NAME", "the database"},
	{"output", 0, OPTION_TEXT, "FILE", "the file to write"},
	{"format", 0, OPTION_TEXT, "odoo-zip", "what Odoo's database manager restores (odoo-zip)"},
	{"set", 0, OPTION_TEXT, "ID", "start from this set: an id, latest, oldest, auto (auto)"},
	{"type", 0, OPTION_TEXT, "default|immediate|time|name|lsn|xid|standby",
	 "what to recover to; default: the end of WAL"},
	{"target", 0, OPTION_TEXT, "T",
	 "the time (with a zone), name, LSN or transaction of --type"},
	{"target-timeline", 0, OPTION_TEXT, "T", "timeline to follow: a number, current, latest"},
	{"target-exclusive", 0, OPTION_FLAG, NULL, "stop just before the target"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (workers= of the configuration)"},
	{"plan", 0, OPTION_FLAG, NULL, "show the plan, and end"},
	{"sandbox", 0, OPTION_TEXT, "DIR", "where the private server lies meanwhile (spool)"},
	{"postgres-bin", 0, OPTION_TEXT, "DIR", "programs of that version of PostgreSQL"},
	{"unconfined", 0, OPTION_FLAG, NULL,
	 "let the private server write outside its folder: see odrbackup-restore(1)"},
	{NULL},
};

static const struct command_option verify_filestore_options[] = {
	{"filestore", 0, OPTION_TEXT, "DIR", "folder with a folder for each database"},
	{"postgres", 0, OPTION_TEXT, "CONNINFO", "the cluster (postgres= of the service)"},
	{"database", 0, OPTION_TEXT, "NAME", "only this database"},
	{"set", 0, OPTION_TEXT, "ID",
	 "the set it was restored from: what was damaged then is told apart"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (workers= of the configuration)"},
	{NULL},
};

static const struct command_option report_drill_options[] = {
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv|junit",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, not to stdout"},
	{NULL},
};

static const struct command_option report_quarterly_options[] = {
	{"quarter", 0, OPTION_TEXT, "YYYY-QN", "the period (the quarter we are in)"},
	{"tier", 0, OPTION_TEXT, "NAME", "only services of this tier"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 5 if an objective was missed, 3 if not proven"},
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv|junit",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, not to stdout"},
	{NULL},
};

static const struct command_option report_posture_options[] = {
	{"tier", 0, OPTION_TEXT, "NAME", "only services of this tier"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 5 if an objective was missed, 3 if not proven"},
	{"render", 0, OPTION_TEXT, "html|markdown|json|csv|junit",
	 "as what (by the name of the file; markdown)"},
	{"output", 0, OPTION_TEXT, "FILE", "write it there, not to stdout"},
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

/* clang-format off */
static const struct command protecting[] = {
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
	{"expire", "[SERVICE] [--plan]", "remove sets and WAL that retention no longer keeps",
	 "expire erp-prod --plan\n"
	 "expire erp-prod",
	 "odrbackup-expire(1)", 0, 1, expire_options, cmd_expire},
	{NULL},
};

static const struct command recovering[] = {
	{"restore", "[SERVICE] --pgdata DIR [options]", "bring a cluster, one database of it, or the configuration back to any moment",
	 "restore erp-prod --pgdata /srv/restored --plan\n"
	 "restore erp-prod --pgdata /srv/restored\n"
	 "restore erp-prod --pgdata /srv/restored --type time --target '2026-11-21 14:30:00+01'\n"
	 "restore erp-prod --database shop --as shop-before --type time --target '2026-11-21 14:30:00+01'\n"
	 "restore erp-prod --part config --with-config /srv/restored-config\n"
	 "restore --kit /media/usb/erp-prod.kit --pgdata /srv/restored --target-action promote --type immediate",
	 "odrbackup-restore(1)", 0, 1, restore_options, cmd_restore},
	{"export", "[SERVICE] --database NAME --output FILE [options]",
	 "write one Odoo database, with its files, as a zip",
	 "export erp-prod --database shop --output shop.zip\n"
	 "export erp-prod --database shop --output shop.zip --type time --target '2026-11-21 14:30:00+01'",
	 "odrbackup-export(1)", 0, 1, export_options, cmd_export},
	{"verify filestore", "[SERVICE] --filestore DIR [options]",
	 "prove that every file that an Odoo database names is there and right",
	 "verify filestore erp-prod --filestore /srv/restored/filestore --postgres 'host=/tmp dbname=postgres'",
	 "odrbackup-verify(1)", 0, 1, verify_filestore_options, cmd_verify_filestore},
	{NULL},
};

static const struct command watching[] = {
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
	{"catalog rebuild", "[SERVICE]", "make the local catalog anew from the repositories",
	 "catalog rebuild erp-prod",
	 "odrbackup-catalog(1)", 0, 1, NULL, cmd_catalog_rebuild},
	{NULL},
};

static const struct command reporting[] = {
	{"report drill", "[SERVICE] RUN [--render FORMAT] [--output FILE]", "what one drill proved, and what it did not",
	 "report drill latest\n"
	 "report drill 20261114T030000Z-6f1d20aa --output drill.html\n"
	 "report drill latest --render junit --output drill.xml",
	 "odrbackup-report(1)", 1, 2, report_drill_options, cmd_report_drill},
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

static const struct command_option drill_run_options[] = {
	{"target", 0, OPTION_TEXT, "TARGET", "another moment than the plan's: never counted"},
	{"if-due", 0, OPTION_FLAG, NULL, "only in its window, and once a slot; else status 8"},
	{"keep", 0, OPTION_FLAG, NULL, "leave the sandbox for a look"},
	{"strict", 0, OPTION_FLAG, NULL, "status 3 where there are warnings"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (jobs= of the plan)"},
	{NULL},
};

static const struct command_option drill_due_options[] = {
	{"exit-code", 0, OPTION_FLAG, NULL, "status 8 where no drill is due"},
	{NULL},
};

static const struct command_option drill_clean_options[] = {
	{"all", 0, OPTION_FLAG, NULL, "also what keep-failed= still keeps"},
	{NULL},
};

/* clang-format off */
static const struct command drilling[] = {
	{"drill run", "PLAN [--target TARGET] [--keep] [options]",
	 "bring back a moment in isolation, check the business, measure, sign the evidence",
	 "drill run weekly-random\n"
	 "drill run weekly-random --target latest --keep",
	 "odrbackup-drill(1)", 1, 1, drill_run_options, cmd_drill_run},
	{"drill due", "[PLAN…] [--exit-code]", "which drills are to be done in this slot",
	 "drill due",
	 "odrbackup-drill(1)", 0, G_MAXUINT, drill_due_options, cmd_drill_due},
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

static const struct command_option evidence_verify_options[] = {
	{"key", 0, OPTION_TEXT, "FILE",
	 "public part of the key that signed it (evidence-key= of the service)"},
	{"from", 0, OPTION_TEXT, "DIR", "what evidence export wrote, instead of this host's"},
	{"stored", 0, OPTION_FLAG, NULL, "also compare with what the repositories hold"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 3 when there are only warnings"},
	{NULL},
};

static const struct command_option evidence_export_options[] = {
	{"output", 0, OPTION_TEXT, "DIR", "folder to write; empty, or not there"},
	{"key", 0, OPTION_TEXT, "FILE",
	 "public part of the key that signed it (evidence-key= of the service)"},
	{NULL},
};

static const struct command_option audit_log_options[] = {
	{"run", 0, OPTION_TEXT, "RUN", "only lines of this run"},
	{"last", 0, OPTION_TEXT, "N", "only the last N lines"},
	{"from", 0, OPTION_TEXT, "DIR", "what evidence export wrote, instead of this host's"},
	{NULL},
};

static const struct command_option audit_verify_options[] = {
	{"from", 0, OPTION_TEXT, "DIR", "what evidence export wrote, instead of this host's"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 3 where a crash tore lines"},
	{NULL},
};

static const struct command_option audit_checkpoint_options[] = {
	{"retain", 0, OPTION_TEXT, "DURATION", "how long it is locked in repositories (7y)"},
	{NULL},
};

/* clang-format off */
static const struct command proving[] = {
	{"evidence list", "[SERVICE]", "list the drills of which there is evidence",
	 "evidence list\n"
	 "evidence list erp-prod --json",
	 "odrbackup-evidence(1)", 0, 1, NULL, cmd_evidence_list},
	{"evidence verify", "[SERVICE] [RUN] [--key FILE] [--from DIR] [--stored] [--strict]",
	 "verify signatures, chain, receipts and draws, and judge outcomes again",
	 "evidence verify\n"
	 "evidence verify erp-prod 20261121T230501Z-1a2b3c4d --stored\n"
	 "evidence verify --from /mnt/evidence --key erp-prod.evidence.pub",
	 "odrbackup-evidence(1)", 0, 2, evidence_verify_options, cmd_evidence_verify},
	{"evidence export", "[SERVICE] [RUN] --output DIR [--key FILE]",
	 "copy the evidence for who verifies it elsewhere",
	 "evidence export --output /mnt/evidence",
	 "odrbackup-evidence(1)", 0, 2, evidence_export_options, cmd_evidence_export},
	{"audit log", "[--run RUN] [--last N] [--from DIR]", "show who did what, and when",
	 "audit log --last 20\n"
	 "audit log --run 20261121T230501Z-1a2b3c4d --json",
	 "odrbackup-audit(1)", 0, 0, audit_log_options, cmd_audit_log},
	{"audit verify", "[--from DIR] [--strict]", "check that nothing in the audit chain was altered",
	 "audit verify\n"
	 "audit verify --from /mnt/evidence",
	 "odrbackup-audit(1)", 0, 0, audit_verify_options, cmd_audit_verify},
	{"audit checkpoint", "[SERVICE] [--retain DURATION]", "sign the end of the audit chain, and store that",
	 "audit checkpoint erp-prod",
	 "odrbackup-audit(1)", 0, 1, audit_checkpoint_options, cmd_audit_checkpoint},
	{NULL},
};
/* clang-format on */

static const struct command_section sections[] = {
	{"Set up", setting_up},
	{"Protect", protecting},
	{"Called by PostgreSQL", archive_commands},
	{"Recover", recovering},
	{"Watch", watching},
	{"Drill", drilling},
	{"Report", reporting},
	{"Prove", proving},
	{NULL},
};
const struct command_set all_commands = {sections, global_options};

/* A question about the tool itself; what it prints is the result. */
static int answer(const struct arguments *arguments)
{
	if (arguments_flag(arguments, "version"))
		puts(PACKAGE_STRING);
	else if (arguments_flag(arguments, "dump-options"))
		help_dump_options(&all_commands, stdout);
	else if (arguments_flag(arguments, "dump-completion"))
		help_dump_completion(&all_commands, stdout);
	else if (arguments->command)
		help_command(&all_commands, arguments->command, stdout);
	else if (arguments->positional->len == 0 ||
		 !help_family(&all_commands, arguments->positional, stdout))
		help_overview(&all_commands, stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}

static bool asks(const struct arguments *arguments)
{
	return !arguments->command || arguments_flag(arguments, "help") ||
	       arguments_flag(arguments, "version") || arguments_flag(arguments, "dump-options") ||
	       arguments_flag(arguments, "dump-completion");
}

static void report(const GError *error, int status, bool as_json)
{
	log_error("%s", error->message);
	if (!as_json)
		return;

	g_autoptr(JsonValue) document = json_object();

	json_set_int(document, "code", status);
	json_set_string(document, "message", error->message);

	g_autofree char *text = json_print(document);

	/* The type first, as in the lines on stdout. */
	fprintf(stderr, "{\"message_type\":\"exit_error\",%s\n", text + 1);
}

/* PostgreSQL takes 2 for "no such file": where archive-get may have been meant, be louder. */
static int unparsed_status(int argc, char **argv, const GError *error)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "archive-get") == 0)
			return 126;
	}
	return odr_error_exit_status(error);
}

static bool wants_json(int argc, char **argv)
{
	return g_strv_contains((const char *const *)argv + (argc > 0), "--json");
}

int command_main(int argc, char **argv)
{
	g_auto(Arguments) arguments = {0};
	g_autoptr(GError) error = NULL;
	int status;

	if (argc <= 1) {
		help_overview(&all_commands, stderr);
		return 2;
	}
	if (!arguments_parse(&all_commands, argc, argv, &arguments, &error)) {
		status = unparsed_status(argc, argv, error);
		report(error, status, wants_json(argc, argv));
		return status;
	}
	if (asks(&arguments))
		return answer(&arguments);
	output_begin(&arguments);
	status = program_begin(&arguments, &error) ? program_run(&arguments, &error)
						   : program_failure_status(&arguments, error);
	if (error)
		report(error, status, arguments_flag(&arguments, "json"));
	return status;
}
