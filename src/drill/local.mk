noinst_LIBRARIES += src/drill/libdrill.a
src_drill_libdrill_a_SOURCES = \
	src/drill/feeder.c \
	src/drill/feeder.h \
	src/drill/isolation.c \
	src/drill/isolation.h \
	src/drill/span.c \
	src/drill/span.h \
	src/drill/statistics.c \
	src/drill/statistics.h
