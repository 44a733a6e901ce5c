noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/classes.c \
	src/store/diagnose.c \
	src/store/diagnose.h \
	src/store/diagnose_steps.h \
	src/store/driver.h \
	src/store/posix.c \
	src/store/posix.h \
	src/store/posix_diagnose.c \
	src/store/posix_list.c \
	src/store/posix_put.c \
	src/store/s3.c \
	src/store/s3.h \
	src/store/s3_credentials.c \
	src/store/s3_credentials.h \
	src/store/s3_diagnose.c \
	src/store/s3_diagnose.h \
	src/store/s3_diagnose_lock.c \
	src/store/s3_list.c \
	src/store/s3_list.h \
	src/store/s3_lock.c \
	src/store/s3_lock.h \
	src/store/s3_open.c \
	src/store/s3_reply.c \
	src/store/s3_reply.h \
	src/store/s3_request.c \
	src/store/s3_request.h \
	src/store/s3_retry.c \
	src/store/s3_retry.h \
	src/store/s3_sign.c \
	src/store/s3_sign.h \
	src/store/s3_xml.c \
	src/store/s3_xml.h \
	src/store/store.c \
	src/store/store.h
