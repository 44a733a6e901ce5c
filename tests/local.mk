include $(srcdir)/tests/unit/local.mk
include $(srcdir)/tests/fuzz/local.mk

# make check: what needs neither root nor a server. tests/run does all.
TESTS += tests/lint/layers.t

TEST_EXTENSIONS = .t
AM_TESTS_ENVIRONMENT = ODR_SRC='$(abs_top_srcdir)'; export ODR_SRC; \
	LC_ALL=C.UTF-8; export LC_ALL; TZ=UTC; export TZ;
tap_driver = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(tap_driver)
T_LOG_DRIVER = $(tap_driver)
T_LOG_COMPILER = /usr/bin/perl

# Everything below tests/ is distributed, so that tests/run works from the tarball.
dist-hook:
	$(MKDIR_P) $(distdir)/tests
	cd $(srcdir) && tar -cf - --exclude='*.pyc' --exclude=__pycache__ tests | (cd $(abs_builddir)/$(distdir) && tar -xf -)

# make print-VARIABLE: for tests/run.
print-%:
	@echo '$($*)'

# Run by tests/s3: what asks a server, and the proxy in front of it.
s3_programs = tests/s3/conformance tests/lib/proxy/proxy
check_PROGRAMS += $(s3_programs)
tests_s3_conformance_LDADD = $(store_link)
tests_lib_proxy_proxy_SOURCES = tests/lib/proxy/exchange.c tests/lib/proxy/exchange.h \
	tests/lib/proxy/message.c tests/lib/proxy/message.h tests/lib/proxy/proxy.c \
	tests/lib/proxy/rules.c tests/lib/proxy/rules.h
tests_lib_proxy_proxy_LDADD = $(GLIB_LIBS)
s3-programs: $(s3_programs)
.PHONY: s3-programs

# Run by tests/drill: makes evidence, and forges it.
drill_programs = tests/drill/make_evidence
check_PROGRAMS += $(drill_programs)
tests_drill_make_evidence_LDADD = $(drill_link)
tests_drill_make_evidence_LDFLAGS = -Wl,--wrap=clock_now
drill-programs: $(drill_programs)
.PHONY: drill-programs
