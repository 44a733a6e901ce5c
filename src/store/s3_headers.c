#include "store/s3_headers.h"

#include "base/bytes.h"
#include "base/pool.h"
#include "crypto/digest.h"
#include "store/s3_sign.h"

#include <string.h>

void s3_headers_clear(S3Headers *headers)
{
	for (size_t i = 0; i < headers->count; i++)
		g_free((char *)headers->list[i].value);
	headers->count = 0;
}

/* Takes the value. */
static void headers_add(S3Headers *headers, const char *name, char *value)
{
	size_t at = headers->count++;

	g_assert(headers->count <= G_N_ELEMENTS(headers->list));
	for (; at > 0 && strcmp(headers->list[at - 1].name, name) > 0; at--)
		headers->list[at] = headers->list[at - 1];
	headers->list[at] = (struct http_header){name, value};
}

static usec_t clock_offset(struct s3_store *self, bool *by_md5)
{
	usec_t offset;

	mutex_lock(self->mutex);
	offset = self->clock_offset;
	*by_md5 = self->md5;
	mutex_unlock(self->mutex);
	return offset;
}

usec_t s3_store_time(struct s3_store *self, usec_t until)
{
	bool by_md5;

	return until + MAX(clock_offset(self, &by_md5), 0);
}

char *s3_lock_date(struct s3_store *self, usec_t until)
{
	usec_t seconds = (s3_store_time(self, until) + USEC_PER_SEC - 1) / USEC_PER_SEC;

	return clock_format(seconds * USEC_PER_SEC);
}

/* Anew with each attempt: what the store answers may tell its clock. */
static void add_lock(struct s3_store *self, const struct s3_call *call, S3Headers *headers)
{
	if (!call->lock_mode)
		return;
	headers_add(headers, "x-amz-object-lock-mode", g_strdup(call->lock_mode));
	headers_add(headers, "x-amz-object-lock-retain-until-date",
		    s3_lock_date(self, call->lock_until));
}

/* Stores that lock refuse a body whose digest they cannot check; a signed one does not count. */
static void add_digests(const struct s3_headers_of *of, bool by_md5, S3Headers *headers)
{
	const struct s3_call *call = of->call;
	uint8_t digest[MD5_SIZE];

	headers_add(headers, "x-amz-content-sha256", hex_encode(of->sha256, SHA256_SIZE));
	if (!call->body)
		return;
	if (call->checksum && !by_md5) {
		headers_add(headers, "x-amz-checksum-sha256",
			    g_base64_encode(of->sha256, SHA256_SIZE));
		return;
	}
	md5(call->parts, call->part_count, digest);
	headers_add(headers, "content-md5", g_base64_encode(digest, MD5_SIZE));
}

static void add_range(const struct s3_read *read, S3Headers *headers)
{
	uint64_t first = read->offset + read->have;

	if (read->size > 0)
		headers_add(headers, "range",
			    g_strdup_printf("bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, first,
					    read->offset + read->size - 1));
	else if (first > 0)
		headers_add(headers, "range",
			    g_strdup_printf("bytes=%" G_GUINT64_FORMAT "-", first));
}

static bool add_signature(struct s3_store *self, const struct s3_headers_of *of, usec_t now,
			  S3Headers *headers, struct s3_signed_by *by, GError **error)
{
	S3Credentials *credentials = self->credentials;
	const struct s3_keys *keys = s3_credentials_take(credentials, error);
	g_autofree char *payload = hex_encode(of->sha256, SHA256_SIZE);
	char *authorization;

	if (!keys)
		return false;
	*by = (struct s3_signed_by){.number = keys->number, .expire = keys->expires};
	if (keys->token)
		headers_add(headers, "x-amz-security-token", g_strdup(keys->token));
	authorization = s3_sign(&(struct s3_signing){
		.method = of->call->method,
		.path = of->path,
		.query = of->query,
		.headers = headers->list,
		.header_count = headers->count,
		.payload = payload,
		.access = keys->access,
		.secret = keys->secret,
		.region = self->region,
		.time = now,
	});
	headers_add(headers, "authorization", authorization);
	s3_credentials_give_back(credentials, keys);
	return true;
}

bool s3_headers_build(struct s3_store *self, const struct s3_headers_of *of, S3Headers *headers,
		      struct s3_signed_by *by, GError **error)
{
	bool by_md5;
	usec_t now = clock_now() + clock_offset(self, &by_md5);

	headers_add(headers, "host", g_strdup(self->host));
	headers_add(headers, "x-amz-date", clock_format_compact(now));
	for (const struct http_header *one = of->call->headers; one->name; one++)
		headers_add(headers, one->name, g_strdup(one->value));
	add_lock(self, of->call, headers);
	add_digests(of, by_md5, headers);
	if (of->call->read)
		add_range(of->call->read, headers);
	return add_signature(self, of, now, headers, by, error);
}
