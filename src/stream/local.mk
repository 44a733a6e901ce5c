noinst_LIBRARIES += src/stream/libstream.a
src_stream_libstream_a_SOURCES = \
	src/stream/compress.c \
	src/stream/compress.h \
	src/stream/tar.c \
	src/stream/tar.h \
	src/stream/zip.c \
	src/stream/zip.h
