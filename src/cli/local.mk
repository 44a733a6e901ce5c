noinst_LIBRARIES += src/cli/libcli.a
src_cli_libcli_a_SOURCES = \
	src/cli/run.c \
	src/cli/run.h

# archive-push and archive-get start in a few milliseconds; everything else is handed to the big program.
bin_PROGRAMS += odrbackup
odrbackup_SOURCES = src/cli/front.c
odrbackup_LDADD = $(front_link)

pkglibexec_PROGRAMS += odrbackup-main
odrbackup_main_SOURCES = src/cli/main.c
odrbackup_main_LDADD = $(cli_link)
