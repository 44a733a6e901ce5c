#include "repo/marked.h"

#include "base/error.h"
#include "repo/manifest_member.h"
#include "repo/signed_object.h"

#include <string.h>

#define FORMAT	    1
#define PUBLIC_WHAT "the public part"
#define PROGRAM_MAX 200

json_t *marked_public_json(const struct marked_kind *kind, const struct mark *mark,
			   const uint8_t service_id[SERVICE_ID_SIZE])
{
	json_t *object = json_object();

	json_set_int(object, "format", FORMAT);
	json_set_string(object, kind->noun, mark->id);
	member_set_hex(object, "service", service_id, SERVICE_ID_SIZE);
	json_set_int(object, "made_us", mark->made);
	json_set_string(object, "program", mark->program);
	return object;
}

bool marked_public_parse(const struct marked_kind *kind, const char *text, size_t size,
			 const uint8_t service_id[SERVICE_ID_SIZE], const char *id,
			 struct mark *mark, GError **error)
{
	g_autoptr(JsonValue) object = NULL;
	uint8_t service[SERVICE_ID_SIZE];
	const char *own, *program;
	int64_t format;

	if (!member_document(text, size, PUBLIC_WHAT, &object, error) ||
	    !json_int_member(object, PUBLIC_WHAT, "format", &format, error))
		return false;
	if (format != FORMAT)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"it has format %" G_GINT64_FORMAT "; this version reads format %d",
				format, FORMAT);
	if (!json_string_member(object, PUBLIC_WHAT, kind->noun, &own, error) ||
	    !member_hex(object, PUBLIC_WHAT, "service", service, sizeof(service), error) ||
	    !member_time(object, PUBLIC_WHAT, "made_us", &mark->made, error) ||
	    !json_string_member(object, PUBLIC_WHAT, "program", &program, error) ||
	    (kind->parse_public && !kind->parse_public(object, mark, error)))
		return false;
	if (strcmp(own, id) != 0 || memcmp(service, service_id, sizeof(service)) != 0 ||
	    strlen(program) > PROGRAM_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is the %s of another name",
				kind->noun);
	g_free(mark->id);
	g_free(mark->program);
	mark->id = g_strdup(own);
	mark->program = g_strdup(program);
	return true;
}

GBytes *marked_seal(const struct marked_kind *kind, const struct mark *mark, const Bundle *bundle,
		    const char *public_text, const char *sealed_text, GError **error)
{
	g_autofree char *local = kind->local(mark->id);

	return signed_object_seal_text(
		&(struct signed_request){
			.kind = kind->seal, .bundle = bundle, .local = local, .compress_level = 1},
		public_text, sealed_text, error);
}

static bool open_sealed(const struct marked_kind *kind, const struct signed_object *object,
			const Identity *identity, struct mark *mark, GError **error)
{
	g_autoptr(GString) text = NULL;
	uint8_t digest[MARK_DIGEST_SIZE];

	if (!signed_object_text(object, identity, kind->sealed_max, &text, error) ||
	    !kind->parse_sealed(text->str, text->len, mark, error))
		return false;
	mark_name_digest(identity->digest_secret, mark->name, digest);
	g_autofree char *id = mark_id_of(mark->made, digest);

	return strcmp(id, mark->id) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "its name and time are not those of its id");
}

struct mark *marked_parse(const struct marked_kind *kind, const struct key_service *service,
			  const Identity *identity, const char *id, const void *object, size_t size,
			  GError **error)
{
	g_autofree char *local = kind->local(id);
	struct mark *parsed = kind->make();
	struct signed_object checked;

	if (!signed_object_check(service, kind->seal, local, object, size, &checked, error) ||
	    !marked_public_parse(kind, (const char *)checked.header.public_part,
				 checked.header.public_size, service->id, id, parsed, error) ||
	    (identity && !open_sealed(kind, &checked, identity, parsed, error))) {
		kind->free(parsed);
		odr_context(error, "%s %s", kind->noun, id);
		return NULL;
	}
	parsed->writer = checked.writer;
	return parsed;
}

struct reading {
	const struct marked_kind *kind;
	Repo *repo;
	const Identity *identity;
	const char *id;
	struct mark *found;
};

static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	struct reading *reading = data;
	const struct marked_kind *kind = reading->kind;
	struct mark *mark =
		marked_parse(kind, &reading->repo->service, reading->identity, reading->id,
			     g_bytes_get_data(content, NULL), g_bytes_get_size(content), error);

	if (!mark)
		return false;
	if (!repo_accepts(reading->repo, &mark->writer, version->stored_at, error)) {
		kind->free(mark);
		return false;
	}
	mark->stored_at = version->stored_at;
	kind->free(reading->found);
	reading->found = mark;
	return true;
}

struct mark *marked_load(const struct marked_kind *kind, Repo *repo, const Identity *identity,
			 const char *id, GError **error)
{
	g_autofree char *local = kind->local(id);
	struct reading reading = {kind, repo, identity, id, NULL};
	g_autoptr(GBytes) object = NULL;

	if (repo_get_good(repo,
			  &(struct repo_wanted){.local = local,
						.oldest = true,
						.limit = kind->object_max,
						.verify = verify,
						.data = &reading},
			  &object, error))
		return reading.found;
	kind->free(reading.found);
	return NULL;
}
