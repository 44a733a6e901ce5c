noinst_LIBRARIES += src/drill/libdrill.a
src_drill_libdrill_a_SOURCES = \
	src/drill/statistics.c \
	src/drill/statistics.h
