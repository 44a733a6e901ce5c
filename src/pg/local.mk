noinst_LIBRARIES += src/pg/libpg.a
src_pg_libpg_a_SOURCES = \
	src/pg/client.c \
	src/pg/client.h \
	src/pg/control.c \
	src/pg/control.h \
	src/pg/heartbeat.c \
	src/pg/heartbeat.h \
	src/pg/instance.c \
	src/pg/instance.h \
	src/pg/instance_conf.c \
	src/pg/label.c \
	src/pg/label.h \
	src/pg/manifest.c \
	src/pg/manifest.h \
	src/pg/page.c \
	src/pg/page.h \
	src/pg/pgdata.c \
	src/pg/pgdata.h \
	src/pg/pgdata_walk.c \
	src/pg/program.c \
	src/pg/program.h \
	src/pg/quote.c \
	src/pg/quote.h \
	src/pg/recovery.c \
	src/pg/recovery.h \
	src/pg/server_log.c \
	src/pg/server_log.h \
	src/pg/session.c \
	src/pg/session.h \
	src/pg/timeline.c \
	src/pg/timeline.h \
	src/pg/wal.c \
	src/pg/wal.h \
	src/pg/wal_commit.c \
	src/pg/wal_commit.h
