noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = \
	src/store/alteration.c \
	src/store/alteration.h \
	src/store/choice.c \
	src/store/choice.h \
	src/store/classes.c \
	src/store/diagnose.c \
	src/store/diagnose.h \
	src/store/diagnose_steps.h \
	src/store/driver.h \
	src/store/lab.c \
	src/store/lab.h \
	src/store/memory.c \
	src/store/memory.h \
	src/store/posix.c \
	src/store/posix.h \
	src/store/posix_diagnose.c \
	src/store/posix_list.c \
	src/store/posix_put.c \
	src/store/posix_sweep.c \
	src/store/s3.c \
	src/store/s3.h \
	src/store/s3_bucket.c \
	src/store/s3_bucket.h \
	src/store/s3_credentials.c \
	src/store/s3_credentials.h \
	src/store/s3_delete.c \
	src/store/s3_delete.h \
	src/store/s3_diagnose.c \
	src/store/s3_diagnose.h \
	src/store/s3_diagnose_lock.c \
	src/store/s3_headers.c \
	src/store/s3_headers.h \
	src/store/s3_keys.c \
	src/store/s3_keys.h \
	src/store/s3_list.c \
	src/store/s3_list.h \
	src/store/s3_lock.c \
	src/store/s3_lock.h \
	src/store/s3_open.c \
	src/store/s3_place.c \
	src/store/s3_place.h \
	src/store/s3_reply.c \
	src/store/s3_reply.h \
	src/store/s3_request.c \
	src/store/s3_request.h \
	src/store/s3_retry.c \
	src/store/s3_retry.h \
	src/store/s3_sign.c \
	src/store/s3_sign.h \
	src/store/s3_source.c \
	src/store/s3_source.h \
	src/store/s3_source_container.c \
	src/store/s3_source_file.c \
	src/store/s3_source_instance.c \
	src/store/s3_source_process.c \
	src/store/s3_source_web_identity.c \
	src/store/s3_warm.c \
	src/store/s3_warm.h \
	src/store/s3_xml.c \
	src/store/s3_xml.h \
	src/store/store.c \
	src/store/store.h

# libs3 is loaded when a repository is of that type, never linked.
if LIBS3
src_store_libstore_a_SOURCES += \
	src/store/libs3.c \
	src/store/libs3.h \
	src/store/libs3_call.c \
	src/store/libs3_call.h \
	src/store/libs3_diagnose.c \
	src/store/libs3_library.c \
	src/store/libs3_library.h \
	src/store/libs3_list.c
else
src_store_libstore_a_SOURCES += src/store/libs3_absent.c
endif
