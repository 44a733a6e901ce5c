#include "cli/line/commands.h"
#include "cli/tables/tables.h"

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
	{"incident", 0, OPTION_TEXT, "ID", "it is made for this incident, or the latest"},
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
	{"incident", 0, OPTION_TEXT, "ID", "it is made for this incident, or the latest"},
	{"sandbox", 0, OPTION_TEXT, "DIR", "where the private server lies meanwhile (spool)"},
	{"postgres-bin", 0, OPTION_TEXT, "DIR", "programs of that version of PostgreSQL"},
	{"unconfined", 0, OPTION_FLAG, NULL,
	 "let the private server write outside its folder: see odrbackup-restore(1)"},
	{NULL},
};

static const struct command_option verify_filestore_options[] = {
	{"filestore", 0, OPTION_TEXT, "DIR", "folder with a folder for each database"},
	{"pgdata", 0, OPTION_TEXT, "DIR", "the cluster whose server runs in this data directory"},
	{"postgres", 0, OPTION_TEXT, "CONNINFO", "the cluster (postgres= of the service)"},
	{"database", 0, OPTION_TEXT, "NAME", "only this database"},
	{"set", 0, OPTION_TEXT, "ID",
	 "the set it was restored from: what was damaged then is told apart"},
	{"jobs", 0, OPTION_TEXT, "N", "worker threads (workers= of the configuration)"},
	{NULL},
};

/* clang-format off */
const struct command recovering[] = {
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
	 "verify filestore erp-prod --filestore /srv/restored/filestore --pgdata /srv/restored/main --set latest",
	 "odrbackup-verify(1)", 0, 1, verify_filestore_options, cmd_verify_filestore},
	{NULL},
};
/* clang-format on */
