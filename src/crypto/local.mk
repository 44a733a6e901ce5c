noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_SOURCES = \
	src/crypto/digest.h \
	src/crypto/keys.h \
	src/crypto/seal.h \
	src/crypto/secret.h \
	src/crypto/sign.h
