noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/archive_commands.c \
	src/cli/arguments.c \
	src/cli/arguments.h \
	src/cli/backup_parts.c \
	src/cli/backup_parts.h \
	src/cli/backup_view.c \
	src/cli/backup_view.h \
	src/cli/check_view.c \
	src/cli/check_view.h \
	src/cli/cmd_archive.c \
	src/cli/cmd_backup.c \
	src/cli/cmd_catalog.c \
	src/cli/cmd_check.c \
	src/cli/cmd_config.c \
	src/cli/cmd_diff.c \
	src/cli/cmd_expire.c \
	src/cli/cmd_export.c \
	src/cli/cmd_heartbeat.c \
	src/cli/cmd_init.c \
	src/cli/cmd_key.c \
	src/cli/cmd_kit.c \
	src/cli/cmd_mark.c \
	src/cli/cmd_restore.c \
	src/cli/cmd_show.c \
	src/cli/collectors.c \
	src/cli/collectors.h \
	src/cli/cmd_verify.c \
	src/cli/command.c \
	src/cli/command.h \
	src/cli/commands.h \
	src/cli/completion.c \
	src/cli/config_choice.c \
	src/cli/config_choice.h \
	src/cli/config_view.c \
	src/cli/config_view.h \
	src/cli/context.c \
	src/cli/context.h \
	src/cli/context_recovery.c \
	src/cli/context_repos.c \
	src/cli/diff_detail.c \
	src/cli/diff_view.c \
	src/cli/diff_view.h \
	src/cli/filling.c \
	src/cli/filling.h \
	src/cli/help.c \
	src/cli/help.h \
	src/cli/keyfile.c \
	src/cli/keyfile.h \
	src/cli/kit.c \
	src/cli/kit.h \
	src/cli/mark_view.c \
	src/cli/mark_view.h \
	src/cli/options.c \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/program.c \
	src/cli/program.h \
	src/cli/progress.c \
	src/cli/proof.c \
	src/cli/proof.h \
	src/cli/proof_view.c \
	src/cli/proof_view.h \
	src/cli/restore_config.c \
	src/cli/restore_database.c \
	src/cli/restore_filestore.c \
	src/cli/restore_part.c \
	src/cli/restore_part.h \
	src/cli/restore_planning.c \
	src/cli/restore_planning.h \
	src/cli/restore_target.c \
	src/cli/restore_target.h \
	src/cli/restore_tenant.c \
	src/cli/restore_tenant.h \
	src/cli/restore_view.c \
	src/cli/restore_view.h \
	src/cli/run.c \
	src/cli/run.h \
	src/cli/runbook.c \
	src/cli/runbook.h \
	src/cli/set_choice.c \
	src/cli/set_choice.h \
	src/cli/set_view.c \
	src/cli/set_view.h \
	src/cli/settings.c \
	src/cli/settings.h \
	src/cli/settings_keys.c \
	src/cli/settings_repository.c \
	src/cli/settings_resolve.c \
	src/cli/settings_resolve.h \
	src/cli/status_view.c \
	src/cli/status_view.h \
	src/cli/suggest.c \
	src/cli/suggest.h \
	src/cli/tenant_site.c \
	src/cli/tenant_site.h \
	src/cli/unlock.c \
	src/cli/unlock.h

# archive-push and archive-get start in a few milliseconds; everything else is handed to the big program.
bin_PROGRAMS += odrbackup
odrbackup_SOURCES = src/cli/front.c
odrbackup_LDADD = $(front_link)

pkglibexec_PROGRAMS += odrbackup-main
odrbackup_main_SOURCES = src/cli/main.c
odrbackup_main_LDADD = $(cli_link)
