noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_SOURCES = \
	src/crypto/certificate.c \
	src/crypto/certificate.h \
	src/crypto/crc32c.c \
	src/crypto/digest.c \
	src/crypto/digest.h \
	src/crypto/evidence_key.c \
	src/crypto/evidence_key.h \
	src/crypto/evidence_trust.c \
	src/crypto/evidence_trust.h \
	src/crypto/folder_key.c \
	src/crypto/folder_key.h \
	src/crypto/key_facts.c \
	src/crypto/key_file.c \
	src/crypto/key_file.h \
	src/crypto/key_parse.c \
	src/crypto/key_payload.c \
	src/crypto/key_payload.h \
	src/crypto/key_print.c \
	src/crypto/keys.c \
	src/crypto/keys.h \
	src/crypto/library.c \
	src/crypto/library.h \
	src/crypto/seal.c \
	src/crypto/seal.h \
	src/crypto/secret.c \
	src/crypto/secret.h \
	src/crypto/sign.c \
	src/crypto/sign.h
