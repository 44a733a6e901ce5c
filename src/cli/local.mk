noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/anchor_plans.c \
	src/cli/anchor_plans.h \
	src/cli/arguments.c \
	src/cli/arguments.h \
	src/cli/backup_parts.c \
	src/cli/backup_parts.h \
	src/cli/collectors.c \
	src/cli/collectors.h \
	src/cli/command.c \
	src/cli/command.h \
	src/cli/commands.h \
	src/cli/commands/anchor.c \
	src/cli/commands/archive.c \
	src/cli/commands/audit.c \
	src/cli/commands/backup.c \
	src/cli/commands/catalog.c \
	src/cli/commands/check.c \
	src/cli/commands/config.c \
	src/cli/commands/diff.c \
	src/cli/commands/drill.c \
	src/cli/commands/drill_coverage.c \
	src/cli/commands/drill_history.c \
	src/cli/commands/drill_run.c \
	src/cli/commands/evidence.c \
	src/cli/commands/expire.c \
	src/cli/commands/export.c \
	src/cli/commands/heartbeat.c \
	src/cli/commands/init.c \
	src/cli/commands/key.c \
	src/cli/commands/key_endorse.c \
	src/cli/commands/key_new.c \
	src/cli/commands/kit.c \
	src/cli/commands/mark.c \
	src/cli/commands/metrics.c \
	src/cli/commands/report.c \
	src/cli/commands/restore.c \
	src/cli/commands/show.c \
	src/cli/commands/verify.c \
	src/cli/completion.c \
	src/cli/config_choice.c \
	src/cli/config_choice.h \
	src/cli/context.c \
	src/cli/context.h \
	src/cli/context_recovery.c \
	src/cli/context_repos.c \
	src/cli/drill_figures.c \
	src/cli/drill_figures.h \
	src/cli/drill_means.c \
	src/cli/drill_means.h \
	src/cli/drill_plan.c \
	src/cli/drill_plan.h \
	src/cli/evidence_key.c \
	src/cli/evidence_key.h \
	src/cli/filling.c \
	src/cli/filling.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/kit.c \
	src/cli/kit.h \
	src/cli/making.c \
	src/cli/making.h \
	src/cli/kit_check.c \
	src/cli/kit_check.h \
	src/cli/metrics.c \
	src/cli/metrics.h \
	src/cli/next_command.c \
	src/cli/next_command.h \
	src/cli/new_key.c \
	src/cli/new_key.h \
	src/cli/metrics_drills.c \
	src/cli/metrics_drills.h \
	src/cli/notify.c \
	src/cli/notify.h \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/program.c \
	src/cli/program.h \
	src/cli/progress.c \
	src/cli/proof.c \
	src/cli/proof.h \
	src/cli/restore/config.c \
	src/cli/restore/database.c \
	src/cli/restore/filestore.c \
	src/cli/restore/part.c \
	src/cli/restore/part.h \
	src/cli/restore/planning.c \
	src/cli/restore/planning.h \
	src/cli/restore/target.c \
	src/cli/restore/target.h \
	src/cli/restore/tenant.c \
	src/cli/restore/tenant.h \
	src/cli/report_sources.c \
	src/cli/report_sources.h \
	src/cli/run.c \
	src/cli/run.h \
	src/cli/runbook.c \
	src/cli/runbook.h \
	src/cli/service_status.c \
	src/cli/service_status.h \
	src/cli/set_choice.c \
	src/cli/set_choice.h \
	src/cli/settings/keys.c \
	src/cli/settings/notify.c \
	src/cli/settings/repository.c \
	src/cli/settings/resolve.c \
	src/cli/settings/resolve.h \
	src/cli/settings/settings.c \
	src/cli/settings/settings.h \
	src/cli/tables/archive.c \
	src/cli/tables/drill.c \
	src/cli/tables/global.c \
	src/cli/tables/protect.c \
	src/cli/tables/prove.c \
	src/cli/tables/recover.c \
	src/cli/tables/report.c \
	src/cli/tables/set_up.c \
	src/cli/tables/tables.h \
	src/cli/tables/watch.c \
	src/cli/tenant_site.c \
	src/cli/tenant_site.h \
	src/cli/trail.c \
	src/cli/trail.h \
	src/cli/unlock.c \
	src/cli/unlock.h \
	src/cli/views/anchor.c \
	src/cli/views/anchor.h \
	src/cli/views/audit.c \
	src/cli/views/audit.h \
	src/cli/views/backup.c \
	src/cli/views/backup.h \
	src/cli/views/check.c \
	src/cli/views/check.h \
	src/cli/views/config.c \
	src/cli/views/config.h \
	src/cli/views/diff.c \
	src/cli/views/diff.h \
	src/cli/views/diff_detail.c \
	src/cli/views/drill.c \
	src/cli/views/drill.h \
	src/cli/views/drill_record.c \
	src/cli/views/drill_record.h \
	src/cli/views/evidence.c \
	src/cli/views/evidence.h \
	src/cli/views/mark.c \
	src/cli/views/mark.h \
	src/cli/views/proof.c \
	src/cli/views/proof.h \
	src/cli/views/restore.c \
	src/cli/views/restore.h \
	src/cli/views/set.c \
	src/cli/views/set.h \
	src/cli/views/status.c \
	src/cli/views/status.h

# archive-push and archive-get start in a few milliseconds, with a bucket in a few more; everything else is handed to the big program.
bin_PROGRAMS += odrbackup
odrbackup_SOURCES = src/cli/front.c src/cli/front_folder.c
odrbackup_LDADD = $(front_link)

pkglibexec_PROGRAMS += odrbackup-archive
odrbackup_archive_SOURCES = src/cli/front.c
odrbackup_archive_LDADD = $(front_link) $(CURL_LIBS)

pkglibexec_PROGRAMS += odrbackup-main
odrbackup_main_SOURCES = src/cli/main.c
odrbackup_main_LDADD = $(cli_link)
