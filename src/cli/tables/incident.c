#include "cli/line/commands.h"
#include "cli/tables/tables.h"

#define STATE_OPTION                                                             \
 {                                                                               \
  "state", 0, OPTION_TEXT, "DIR",                                                \
	  "folder of the timeline, where there is neither configuration nor kit" \
 }

static const struct command_option open_options[] = {
	{"title", 0, OPTION_TEXT, "TEXT", "what happened, in a line"},
	{"loss", 0, OPTION_TEXT, "TIME", "since when nothing of the source counts (with a zone)"},
	{"detected", 0, OPTION_TEXT, "TIME", "when it was noticed (with a zone)"},
	STATE_OPTION,
	{NULL},
};

static const struct command_option mark_options[] = {
	{"at", 0, OPTION_TEXT, "TIME", "when it was, if not now (with a zone)"},
	{"correct", 0, OPTION_TEXT, "REASON", "why the time that is marked already is wrong"},
	{"postgres", 0, OPTION_TEXT, "CONNINFO",
	 "the recovered server: it is asked for the newest commit it brought back"},
	{"log", 0, OPTION_TEXT, "FILE",
	 "the log of the recovered server: how long it replayed, and started up"},
	STATE_OPTION,
	{NULL},
};

static const struct command_option note_options[] = {
	{"lost", 0, OPTION_FLAG, NULL, "the note names what was lost"},
	{"later", 0, OPTION_FLAG, NULL, "the note is written after the incident was closed"},
	STATE_OPTION,
	{NULL},
};

static const struct command_option link_options[] = {
	{"chain", 0, OPTION_TEXT, "DIR",
	 "state folder of another host, or what incident export wrote there"},
	STATE_OPTION,
	{NULL},
};

static const struct command_option close_options[] = {
	{"summary", 0, OPTION_TEXT, "TEXT", "what it was, and what became of it"},
	STATE_OPTION,
	{NULL},
};

static const struct command_option export_options[] = {
	{"output", 0, OPTION_TEXT, "DIR", "folder to write; empty, or not there"},
	{"key", 0, OPTION_LIST, "FILE",
	 "public part of the key that signed checkpoints (evidence-key= of the service)"},
	STATE_OPTION,
	{NULL},
};

static const struct command_option reading_options[] = {
	STATE_OPTION,
	{NULL},
};

/* clang-format off */
const struct command incidents[] = {
	{"incident open", "[SERVICE] --title TEXT [--loss TIME] [--detected TIME] [--state DIR]",
	 "begin the timeline of a real recovery",
	 "incident open erp-prod --title 'database host does not answer' --loss '2026-11-28 14:02:00+01'\n"
	 "incident open erp-prod --title 'host lost' --kit /media/usb/erp-prod.kit",
	 "odrbackup-incident(1)", 0, 1, open_options, cmd_incident_open},
	{"incident mark", "[ID] MARK [--at TIME] [--correct REASON] [--postgres CONNINFO] [--log FILE] [--state DIR]",
	 "say when something happened",
	 "incident mark decision\n"
	 "incident mark detected --at '2026-11-28 14:10:00+01'\n"
	 "incident mark db-ready --postgres 'host=/tmp dbname=postgres'\n"
	 "incident mark detected --at '2026-11-28 14:08:00+01' --correct 'the alert was earlier'",
	 "odrbackup-incident(1)", 1, 2, mark_options, cmd_incident_mark},
	{"incident note", "[ID] TEXT [--lost] [--later] [--state DIR]", "write down what should not be forgotten",
	 "incident note 'switch of rack 3 replaced'\n"
	 "incident note --lost 'invoices INV/2026/1204 to 1207'",
	 "odrbackup-incident(1)", 1, 2, note_options, cmd_incident_note},
	{"incident link", "[ID] RUN | ID --chain DIR [--state DIR]",
	 "count a restore, or the timeline of another host, among it",
	 "incident link 20261128T133501Z-6f1d20aa\n"
	 "incident link 20261128T131000Z-0b77c2d1 --chain /mnt/usb/incident",
	 "odrbackup-incident(1)", 0, 2, link_options, cmd_incident_link},
	{"incident close", "[ID] [--summary TEXT] [--state DIR]", "end the timeline; afterwards only notes are added",
	 "incident close --summary 'disk replaced, service recovered from the second site'",
	 "odrbackup-incident(1)", 0, 1, close_options, cmd_incident_close},
	{"incident export", "[ID] --output DIR [--key FILE] [--state DIR]",
	 "write report and chain for who looks at it elsewhere",
	 "incident export --output /mnt/usb/incident",
	 "odrbackup-incident(1)", 0, 1, export_options, cmd_incident_export},
	{"incident list", "[SERVICE] [--state DIR]", "list incidents",
	 "incident list",
	 "odrbackup-incident(1)", 0, 1, reading_options, cmd_incident_list},
	{"incident show", "[ID] [--state DIR]", "show the timeline, and what follows from it",
	 "incident show\n"
	 "incident show 20261128T131000Z-0b77c2d1 --json",
	 "odrbackup-incident(1)", 0, 1, reading_options, cmd_incident_show},
	{NULL},
};
/* clang-format on */
