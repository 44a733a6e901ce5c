#ifndef ODR_REPO_SIGNED_OBJECT_H
#define ODR_REPO_SIGNED_OBJECT_H

#include "crypto/seal.h"
#include "crypto/sign.h"

/*
 * What WAL objects and manifests have in common: a sealed object (crypto/seal.h) that carries one run
 * of bytes, cut into chunks of CHUNK_MAX (only the last is shorter) and packed with the chunk codec,
 * with a writer's signature (crypto/sign.h) at its end. Digests in the footer are seeded with the
 * service's "content" seed.
 */
struct signed_request {
	enum seal_kind kind;
	const Bundle *bundle;
	const char *local; /* name, covered by the signature */
	const void *public_part;
	size_t public_size;
	const void *content;
	size_t size;
	int compress_level;
	unsigned
		threads; /* chunks are packed and sealed in parallel; 0 or 1: in the calling thread */
};
bool signed_object_seal(const struct signed_request *request, GByteArray **object, GError **error);
/* Two texts, one in the clear and one sealed. NULL with error. */
GBytes *signed_object_seal_text(const struct signed_request *request, const char *public_text,
				const char *sealed_text, GError **error);

/* A signed object in memory whose signature, header and trailer are good. Refers to the bytes. */
struct signed_object {
	struct seal_header header;
	struct endorsement writer;
	uint8_t sha256[SHA256_SIZE]; /* of everything before the signature block */
	const uint8_t *bytes;
	size_t size; /* without the signature block */
	size_t footer_offset;
	uint32_t chunks;
};
/* Without a key. CORRUPT, also where kind or service is another. */
bool signed_object_check(const struct key_service *service, enum seal_kind kind, const char *local,
			 const void *bytes, size_t size, struct signed_object *object,
			 GError **error);

/* The content. The object must outlive the reader. */
typedef struct signed_reader SignedReader;
SignedReader *signed_reader_new(const struct signed_object *object, const Identity *identity,
				GError **error);
void signed_reader_free(SignedReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignedReader, signed_reader_free)
uint64_t signed_reader_size(const SignedReader *reader); /* as the footer says: judge before use */
/* Takes the content in parts of CHUNK_MAX at most. */
struct signed_sink {
	void *data;
	/* In order, never from two threads at once. */
	bool (*take)(void *data, const void *plain, size_t size, GError **error);
	/* NULL, or called before take for the same part, by several threads at once and in any order. */
	bool (*put)(void *data, uint64_t offset, const void *plain, size_t size, GError **error);
};
/* What was taken counts only when this returns true. Memory does not grow with the content. */
bool signed_reader_read(const SignedReader *reader, unsigned threads,
			const struct signed_sink *sink, GError **error);
/* The whole content as text; CORRUPT where it has more than max bytes. What it said belongs to the caller. */
bool signed_object_text(const struct signed_object *object, const Identity *identity, size_t max,
			GString **text, GError **error);

#endif
