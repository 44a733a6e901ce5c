noinst_LIBRARIES += src/repo/librepo.a
src_repo_librepo_a_SOURCES = \
	src/repo/chain.c \
	src/repo/chain.h \
	src/repo/entry_list.c \
	src/repo/entry_list.h \
	src/repo/layer.c \
	src/repo/layer.h \
	src/repo/layer_entry.c \
	src/repo/layer_entry.h \
	src/repo/layout.c \
	src/repo/layout.h \
	src/repo/manifest.c \
	src/repo/manifest.h \
	src/repo/manifest_json.h \
	src/repo/manifest_member.c \
	src/repo/manifest_member.h \
	src/repo/manifest_public.c \
	src/repo/manifest_sealed.c \
	src/repo/pack.c \
	src/repo/pack.h \
	src/repo/repo.c \
	src/repo/repo.h \
	src/repo/repository.c \
	src/repo/retention.c \
	src/repo/retention.h \
	src/repo/sealed_object.c \
	src/repo/sealed_object.h \
	src/repo/signed_object.c \
	src/repo/signed_object.h \
	src/repo/table.c \
	src/repo/table.h \
	src/repo/wal_journal.c \
	src/repo/wal_journal.h \
	src/repo/wal_object.c \
	src/repo/wal_object.h \
	src/repo/wal_range.c \
	src/repo/wal_range.h
