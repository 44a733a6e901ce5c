#ifndef ODR_CLI_LINE_COMMANDS_H
#define ODR_CLI_LINE_COMMANDS_H

#include "cli/line/arguments.h"

/* What the commands run: a file of cli/commands per family. */
bool cmd_key_new_owner(const struct arguments *arguments, GError **error);
bool cmd_key_new_identity(const struct arguments *arguments, GError **error);
bool cmd_key_new_evidence(const struct arguments *arguments, GError **error);
bool cmd_key_endorse(const struct arguments *arguments, GError **error);
bool cmd_key_add_recipient(const struct arguments *arguments, GError **error);
bool cmd_key_list(const struct arguments *arguments, GError **error);
bool cmd_key_test(const struct arguments *arguments, GError **error);
bool cmd_init(const struct arguments *arguments, GError **error);
bool cmd_kit_create(const struct arguments *arguments, GError **error);
bool cmd_kit_test(const struct arguments *arguments, GError **error);
bool cmd_config_show(const struct arguments *arguments, GError **error);
bool cmd_config_check(const struct arguments *arguments, GError **error);
bool cmd_backup(const struct arguments *arguments, GError **error);
bool cmd_archive_push(const struct arguments *arguments, GError **error);
bool cmd_archive_get(const struct arguments *arguments, GError **error);
bool cmd_export(const struct arguments *arguments, GError **error);
bool cmd_verify_filestore(const struct arguments *arguments, GError **error);
bool cmd_heartbeat(const struct arguments *arguments, GError **error);
bool cmd_hold_add(const struct arguments *arguments, GError **error);
bool cmd_hold_release(const struct arguments *arguments, GError **error);
bool cmd_hold_list(const struct arguments *arguments, GError **error);
bool cmd_notify_unit(const struct arguments *arguments, GError **error);
bool cmd_metrics(const struct arguments *arguments, GError **error);
bool cmd_report_drill(const struct arguments *arguments, GError **error);
bool cmd_report_incident(const struct arguments *arguments, GError **error);
bool cmd_report_quarterly(const struct arguments *arguments, GError **error);
bool cmd_report_posture(const struct arguments *arguments, GError **error);
bool cmd_restore(const struct arguments *arguments, GError **error);
bool cmd_incident_open(const struct arguments *arguments, GError **error);
bool cmd_incident_mark(const struct arguments *arguments, GError **error);
bool cmd_incident_note(const struct arguments *arguments, GError **error);
bool cmd_incident_link(const struct arguments *arguments, GError **error);
bool cmd_incident_close(const struct arguments *arguments, GError **error);
bool cmd_incident_export(const struct arguments *arguments, GError **error);
bool cmd_incident_list(const struct arguments *arguments, GError **error);
bool cmd_incident_show(const struct arguments *arguments, GError **error);
bool cmd_list(const struct arguments *arguments, GError **error);
bool cmd_anchor_create(const struct arguments *arguments, GError **error);
bool cmd_anchor_list(const struct arguments *arguments, GError **error);
bool cmd_anchor_show(const struct arguments *arguments, GError **error);
bool cmd_mark(const struct arguments *arguments, GError **error);
bool cmd_diff(const struct arguments *arguments, GError **error);
bool cmd_drill_run(const struct arguments *arguments, GError **error);
bool cmd_drill_coverage(const struct arguments *arguments, GError **error);
bool cmd_drill_due(const struct arguments *arguments, GError **error);
bool cmd_drill_show(const struct arguments *arguments, GError **error);
bool cmd_drill_clean(const struct arguments *arguments, GError **error);
bool cmd_drill_lint(const struct arguments *arguments, GError **error);
bool cmd_drill_explain(const struct arguments *arguments, GError **error);
bool cmd_drill_list(const struct arguments *arguments, GError **error);
bool cmd_drill_check(const struct arguments *arguments, GError **error);
bool cmd_show(const struct arguments *arguments, GError **error);
bool cmd_status(const struct arguments *arguments, GError **error);
bool cmd_check(const struct arguments *arguments, GError **error);
bool cmd_expire(const struct arguments *arguments, GError **error);
bool cmd_evidence_list(const struct arguments *arguments, GError **error);
bool cmd_evidence_verify(const struct arguments *arguments, GError **error);
bool cmd_evidence_export(const struct arguments *arguments, GError **error);
bool cmd_audit_log(const struct arguments *arguments, GError **error);
bool cmd_audit_verify(const struct arguments *arguments, GError **error);
bool cmd_audit_checkpoint(const struct arguments *arguments, GError **error);
bool cmd_catalog_rebuild(const struct arguments *arguments, GError **error);

#endif
