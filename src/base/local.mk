noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
	src/base/bytes.h \
	src/base/clock.h \
	src/base/error.h \
	src/base/fault.h \
	src/base/file.h \
	src/base/json.h \
	src/base/log.h \
	src/base/pool.h \
	src/base/process.h \
	src/base/stop.h
