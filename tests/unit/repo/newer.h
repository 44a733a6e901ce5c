#ifndef ODR_TEST_REPO_NEWER_H
#define ODR_TEST_REPO_NEWER_H

#include "base/bytes.h"
#include "crypto/sign.h"
#include "repo/manifest_json.h"
#include "repo/signed_object.h"
#include "repo/wal_object.h"
#include "sample.h"
#include "service.h"

/* Objects as a later program could store them: their writer signed them, and this program cannot read them. */
enum newer { NEWER_FORMAT, NEWER_FEATURE, NEWER_PART, NEWER_HEADER, NEWERS };

static inline void newer_check(GError *error)
{
	g_assert_no_error(error);
}

/* Its header says version 2, and the signature is right. */
static inline void newer_header(const struct service *service, const char *local,
				GByteArray *object)
{
	size_t size = object->len - SIGNATURE_BLOCK_SIZE;
	uint8_t digest[SHA256_SIZE];

	object->data[8] = 2;
	sha256(object->data, size, digest);
	sign_object(service->bundle, local, digest, object->data + size);
}

static inline char *newer_text(const Manifest *manifest, const struct service *service,
			       enum newer how)
{
	static const struct {
		const char *from, *to;
	} edits[NEWERS] = {
		[NEWER_FORMAT] = {"\"format\":1", "\"format\":2"},
		[NEWER_FEATURE] = {"\"format\":1", "\"critical\":[\"moons\"],\"format\":1"},
		[NEWER_PART] = {"\"part\":\"config\"", "\"part\":\"moon\""},
		[NEWER_HEADER] = {"\"format\":1", "\"format\":1"},
	};
	g_autofree char *text = manifest_public_print(manifest, service->owner->service.id);
	g_auto(GStrv) halves = g_strsplit(text, edits[how].from, 2);

	g_assert_nonnull(halves[1]);
	return g_strconcat(halves[0], edits[how].to, halves[1], NULL);
}

static inline void newer_put_set(struct service *service, const char *set_id, enum newer how)
{
	g_autoptr(Manifest) manifest = sample_manifest(set_id);
	g_autofree char *text = newer_text(manifest, service, how);
	g_autofree char *sealed = manifest_sealed_print(manifest);
	g_autofree char *local = layout_set(set_id);
	g_autoptr(GByteArray) object = NULL;
	GError *error = NULL;

	signed_object_seal(&(struct signed_request){.kind = SEAL_MANIFEST,
						    .bundle = service->bundle,
						    .local = local,
						    .public_part = text,
						    .public_size = strlen(text),
						    .content = sealed,
						    .size = strlen(sealed)},
			   &object, &error);
	newer_check(error);
	if (how == NEWER_HEADER)
		newer_header(service, local, object);
	service_put(service, local, object->data, object->len);
}

/* newer: of a later version. */
static inline void newer_put_wal(struct service *service, const char *file, const char *text,
				 bool newer)
{
	struct wal_object_request request = {.bundle = service->bundle,
					     .file = file,
					     .content = text,
					     .size = strlen(text),
					     .piece = 1};
	struct wal_object object;
	GError *error = NULL;

	wal_object_digest(service->bundle->digest_secret, text, strlen(text), request.digest);
	wal_object_seal(&request, &object, &error);
	newer_check(error);
	if (newer)
		newer_header(service, object.local, object.bytes);
	service_put(service, object.local, object.bytes->data, object.bytes->len);
	wal_object_clear(&object);
}

#endif
