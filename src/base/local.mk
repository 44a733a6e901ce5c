noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/background.c \
	src/base/background.h \
	src/base/bytes.c \
	src/base/bytes.h \
	src/base/clock.c \
	src/base/clock.h \
	src/base/confine.c \
	src/base/confine.h \
	src/base/error.c \
	src/base/error.h \
	src/base/fault.c \
	src/base/fault.h \
	src/base/file.c \
	src/base/file.h \
	src/base/json.c \
	src/base/json.h \
	src/base/log.c \
	src/base/log.h \
	src/base/memory.c \
	src/base/memory.h \
	src/base/pool.c \
	src/base/pool.h \
	src/base/process.c \
	src/base/process.h \
	src/base/sorter.c \
	src/base/sorter.h \
	src/base/spool.c \
	src/base/spool.h \
	src/base/stop.c \
	src/base/stop.h \
	src/base/task.c \
	src/base/task.h \
	src/base/thread.c \
	src/base/thread.h \
	src/base/units.c
