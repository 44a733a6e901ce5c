# Files ending in .in are written at build time with the installation's paths.
etc_templates = \
	$(etc_units:=.in) \
	etc/odrbackup.cron.in

EXTRA_DIST += $(etc_templates)
CLEANFILES += $(etc_templates:.in=) $(nodist_completion_DATA)

# Units that lie in etc/ as NAME.service.in or NAME.timer.in are listed here without .in.
etc_units = \
	etc/odrbackup-anchor@.service \
	etc/odrbackup-anchor@.timer \
	etc/odrbackup-backup@.service \
	etc/odrbackup-backup@.timer \
	etc/odrbackup-checkpoint@.service \
	etc/odrbackup-checkpoint@.timer \
	etc/odrbackup-drill@.service \
	etc/odrbackup-drill@.timer \
	etc/odrbackup-expire@.service \
	etc/odrbackup-expire@.timer \
	etc/odrbackup-filestore@.service \
	etc/odrbackup-filestore@.timer \
	etc/odrbackup-heartbeat@.service \
	etc/odrbackup-heartbeat@.timer \
	etc/odrbackup-notify@.service \
	etc/odrbackup-report.service \
	etc/odrbackup-report.timer \
	etc/odrbackup-status.service \
	etc/odrbackup-status.timer \
	etc/odrbackup-verify@.service \
	etc/odrbackup-verify@.timer
nodist_systemdsystemunit_DATA = $(etc_units)

# Examples lie with the documentation: nothing is put into force by an installation.
exampledir = $(docdir)/examples
dist_example_DATA = etc/odrbackup.conf etc/odrbackup-drill-private.conf contrib/ci/mark-deployment contrib/ci/restore-test contrib/postgresql/backup-role.sql
nodist_example_DATA = etc/odrbackup.cron
examples3dir = $(exampledir)/s3
dist_examples3_DATA = \
	contrib/s3/README \
	contrib/s3/bucket-policy.json \
	contrib/s3/drill.json \
	contrib/s3/keeper.json \
	contrib/s3/restorer.json \
	contrib/s3/writer.json

# The program's own table makes the completion, so that they never differ.
completiondir = $(datadir)/bash-completion/completions
nodist_completion_DATA = etc/completion/odrbackup

# config.status knows @bindir@ in this file, too, and would put its own text there.
substitute = $(SED) -e 's,[@]bindir[@],$(bindir),g'

etc/%: $(srcdir)/etc/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(substitute) $< >$@.tmp && mv $@.tmp $@

etc/completion/odrbackup: odrbackup-main$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) etc/completion && ./odrbackup-main --dump-completion >$@.tmp && mv $@.tmp $@
