noinst_LIBRARIES += src/http/libhttp.a
src_http_libhttp_a_SOURCES = \
	src/http/answer.c \
	src/http/answer.h \
	src/http/connection.c \
	src/http/connection.h \
	src/http/curl.c \
	src/http/curl.h \
	src/http/exchange.c \
	src/http/exchange.h \
	src/http/url.c \
	src/http/url.h
