noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/driver.h \
	src/store/posix.c \
	src/store/posix.h \
	src/store/posix_list.c \
	src/store/posix_put.c \
	src/store/store.c \
	src/store/store.h
