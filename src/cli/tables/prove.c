#include "cli/line/commands.h"
#include "cli/tables/tables.h"

static const struct command_option evidence_verify_options[] = {
	{"key", 0, OPTION_LIST, "FILE", "public part of a key that signed it"},
	{"endorsed-by", 0, OPTION_LIST, "FILE",
	 "a key file of the service whose owner has to have endorsed the key (those of the services)"},
	{"from", 0, OPTION_TEXT, "DIR", "what evidence export wrote, instead of this host's"},
	{"stored", 0, OPTION_FLAG, NULL, "also compare with what the repositories hold"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 3 when there are only warnings"},
	{NULL},
};

static const struct command_option evidence_export_options[] = {
	{"output", 0, OPTION_TEXT, "DIR", "folder to write; empty, or not there"},
	{"key", 0, OPTION_LIST, "FILE",
	 "public part of a key that signed it (those of the services)"},
	{NULL},
};

static const struct command_option audit_log_options[] = {
	{"run", 0, OPTION_TEXT, "RUN", "only lines of this run"},
	{"last", 0, OPTION_TEXT, "N", "only the last N lines"},
	{"from", 0, OPTION_TEXT, "DIR", "what evidence export wrote, instead of this host's"},
	{NULL},
};

static const struct command_option audit_verify_options[] = {
	{"key", 0, OPTION_LIST, "FILE", "public part of a key that signed it"},
	{"endorsed-by", 0, OPTION_LIST, "FILE",
	 "a key file of the service whose owner has to have endorsed the key (those of the services)"},
	{"from", 0, OPTION_TEXT, "DIR", "what evidence export wrote, instead of this host's"},
	{"strict", 0, OPTION_FLAG, NULL, "exit with 3 where a crash tore lines"},
	{NULL},
};

static const struct command_option audit_checkpoint_options[] = {
	{"retain", 0, OPTION_TEXT, "DURATION", "how long it is locked in repositories (7y)"},
	{NULL},
};

/* clang-format off */
const struct command proving[] = {
	{"evidence list", "[SERVICE]", "list the drills of which there is evidence",
	 "evidence list\n"
	 "evidence list erp-prod --json",
	 "odrbackup-evidence(1)", 0, 1, NULL, cmd_evidence_list},
	{"evidence verify", "[SERVICE] [RUN] [--key FILE] [--endorsed-by FILE] [--from DIR] [--stored]",
	 "verify signatures, chain, receipts and draws, and judge outcomes again",
	 "evidence verify\n"
	 "evidence verify erp-prod 20261121T230501Z-1a2b3c4d --stored\n"
	 "evidence verify --from /mnt/evidence --endorsed-by alice.pub",
	 "odrbackup-evidence(1)", 0, 2, evidence_verify_options, cmd_evidence_verify},
	{"evidence export", "[SERVICE] [RUN] --output DIR [--key FILE]",
	 "copy the evidence for who verifies it elsewhere",
	 "evidence export --output /mnt/evidence",
	 "odrbackup-evidence(1)", 0, 2, evidence_export_options, cmd_evidence_export},
	{"audit log", "[--run RUN] [--last N] [--from DIR]", "show who did what, and when",
	 "audit log --last 20\n"
	 "audit log --run 20261121T230501Z-1a2b3c4d --json",
	 "odrbackup-audit(1)", 0, 0, audit_log_options, cmd_audit_log},
	{"audit verify", "[--key FILE] [--endorsed-by FILE] [--from DIR] [--strict]", "check that nothing in the audit chain was altered",
	 "audit verify\n"
	 "audit verify --from /mnt/evidence",
	 "odrbackup-audit(1)", 0, 0, audit_verify_options, cmd_audit_verify},
	{"audit checkpoint", "[SERVICE] [--retain DURATION]", "sign the end of the audit chain, and store that",
	 "audit checkpoint erp-prod",
	 "odrbackup-audit(1)", 0, 1, audit_checkpoint_options, cmd_audit_checkpoint},
	{NULL},
};
/* clang-format on */
