#ifndef ODR_TEST_REPO_WAL_FILE_H
#define ODR_TEST_REPO_WAL_FILE_H

#include <string.h>

#include "base/bytes.h"
#include "repo/wal_object.h"
#include "service.h"

#define SEGMENT "0000000100000000000000AB"
#define MIB	((size_t)1 << 20)

static struct service service;

/* Half of it compresses, half does not, as WAL of a busy server. */
static inline uint8_t *content_new(size_t size, uint32_t seed)
{
	uint8_t *content = g_malloc0(size + 1);
	GRand *random = g_rand_new_with_seed(seed);

	for (size_t i = 0; i + 64 <= size; i += 64) {
		for (size_t k = 0; k < 32; k += 4)
			bytes_set_u32(content + i + k, g_rand_int(random));
	}
	g_rand_free(random);
	return content;
}

static inline struct wal_object_request request_for(const char *file, const void *content,
						    size_t size)
{
	struct wal_object_request request = {
		.bundle = service.bundle,
		.file = file,
		.content = content,
		.size = size,
		.piece = 1,
		.system_identifier = 7300000000000000001,
		.major = 15,
		.compress_level = 1,
	};

	wal_object_digest(service.bundle->digest_secret, content, size, request.digest);
	return request;
}

static inline void seal(const struct wal_object_request *request, struct wal_object *object)
{
	g_autoptr(GError) error = NULL;

	wal_object_seal(request, object, &error);
	g_assert_no_error(error);
}

static inline void store_file(const char *file, const void *content, size_t size,
			      unsigned skip_piece)
{
	struct wal_object_request request = request_for(file, content, size);

	for (request.piece = 1; request.piece <= wal_object_pieces(size); request.piece++) {
		struct wal_object object;

		seal(&request, &object);
		if (request.piece != skip_piece)
			service_put(&service, object.local, object.bytes->data, object.bytes->len);
		wal_object_clear(&object);
	}
}

#endif
