#include "cli/line/commands.h"
#include "cli/settings/settings.h"
#include "cli/tables/tables.h"

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
const struct command setting_up[] = {
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
