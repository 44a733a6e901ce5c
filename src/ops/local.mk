noinst_LIBRARIES += src/ops/libops.a
src_ops_libops_a_SOURCES = \
	src/ops/archive.h \
	src/ops/archive_get.c \
	src/ops/archive_lookup.c \
	src/ops/archive_lookup.h \
	src/ops/archive_push.c \
	src/ops/archive_repos.c \
	src/ops/archive_repos.h \
	src/ops/archive_spool.c \
	src/ops/archive_spool.h \
	src/ops/backup.c \
	src/ops/backup.h \
	src/ops/cluster.c \
	src/ops/cluster.h \
	src/ops/copy.c \
	src/ops/copy.h \
	src/ops/durable.c \
	src/ops/durable.h \
	src/ops/exposure.c \
	src/ops/exposure.h \
	src/ops/finding.c \
	src/ops/finding.h \
	src/ops/materialize.c \
	src/ops/materialize.h \
	src/ops/record.c \
	src/ops/record.h \
	src/ops/restore.c \
	src/ops/restore.h \
	src/ops/restore_holdings.c \
	src/ops/restore_plan.c
