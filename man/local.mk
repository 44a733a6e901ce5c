# Manual pages, one file a line.
dist_man_MANS = \
	man/odrbackup.1 \
	man/odrbackup-anchor.1 \
	man/odrbackup-archive.1 \
	man/odrbackup-audit.1 \
	man/odrbackup-backup.1 \
	man/odrbackup-catalog.1 \
	man/odrbackup-check.1 \
	man/odrbackup-config.1 \
	man/odrbackup-drill.1 \
	man/odrbackup-evidence.1 \
	man/odrbackup-expire.1 \
	man/odrbackup-export.1 \
	man/odrbackup-heartbeat.1 \
	man/odrbackup-hold.1 \
	man/odrbackup-incident.1 \
	man/odrbackup-init.1 \
	man/odrbackup-key.1 \
	man/odrbackup-kit.1 \
	man/odrbackup-list.1 \
	man/odrbackup-mark.1 \
	man/odrbackup-notify.1 \
	man/odrbackup-report.1 \
	man/odrbackup-restore.1 \
	man/odrbackup-status.1 \
	man/odrbackup-verify.1 \
	man/odrbackup-drill.5 \
	man/odrbackup.conf.5 \
	man/odrbackup-evidence.5 \
	man/odrbackup-collect.7 \
	man/odrbackup-format.7 \
	man/odrbackup-metrics.7 \
	man/odrbackup-recovery.7 \
	man/odrbackup-s3.7

# The manuals say /etc/odrbackup; installed, they say where this installation looks.
install-data-hook:
	@for page in $(dist_man_MANS); do \
		installed="$(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}"; \
		$(SED) 's,/etc/odrbackup,$(sysconfdir)/odrbackup,g' "$$installed" >"$$installed.tmp" && \
		$(INSTALL_DATA) "$$installed.tmp" "$$installed" && rm -f "$$installed.tmp" || exit 1; \
	done
