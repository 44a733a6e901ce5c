noinst_LIBRARIES += src/collect/libcollect.a
src_collect_libcollect_a_SOURCES = \
	src/collect/collect.c \
	src/collect/collect.h \
	src/collect/collection.c \
	src/collect/collector.h \
	src/collect/host.c \
	src/collect/host_files.c \
	src/collect/index.c \
	src/collect/index.h \
	src/collect/mask.c \
	src/collect/mask.h \
	src/collect/mask_json.c \
	src/collect/mask_text.c \
	src/collect/postgresql.c \
	src/collect/simple.c \
	src/collect/tool.c
