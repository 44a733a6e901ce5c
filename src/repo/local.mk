noinst_LIBRARIES += src/repo/librepo.a
src_repo_librepo_a_SOURCES = \
	src/repo/chain.h \
	src/repo/layer.h \
	src/repo/layout.h \
	src/repo/manifest.h \
	src/repo/pack.h \
	src/repo/repo.h \
	src/repo/retention.h \
	src/repo/table.h \
	src/repo/wal_journal.h \
	src/repo/wal_object.h \
	src/repo/wal_range.h
