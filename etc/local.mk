# Files ending in .in are written at build time with the installation's paths.
etc_templates =

EXTRA_DIST += $(etc_templates)
CLEANFILES += $(etc_templates:.in=)

# Units that lie in etc/ as NAME.service.in or NAME.timer.in are listed here without .in.
nodist_systemdsystemunit_DATA =

substitute = $(SED) -e 's,@bindir@,$(bindir),g' -e 's,@sysconfdir@,$(sysconfdir),g' \
	-e 's,@localstatedir@,$(localstatedir),g' -e 's,@pkglibexecdir@,$(pkglibexecdir),g'

etc/%: $(srcdir)/etc/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(substitute) $< >$@.tmp && mv $@.tmp $@
