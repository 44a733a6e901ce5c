noinst_LIBRARIES += src/catalog/libcatalog.a
src_catalog_libcatalog_a_SOURCES = \
	src/catalog/alterations.c \
	src/catalog/audit.c \
	src/catalog/catalog.c \
	src/catalog/catalog.h \
	src/catalog/database.h \
	src/catalog/exposure.c \
	src/catalog/losses.c \
	src/catalog/marks.c \
	src/catalog/runs.c \
	src/catalog/schema.c \
	src/catalog/schema.h \
	src/catalog/sets.c \
	src/catalog/wal.c
