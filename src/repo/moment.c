/*
 * The bytes of a moment:
 *
 *   "ODRMOMT1" · u16 version 1 · u16 0 · u64 features · fields (u16 type, u32 length), each once, in any
 *   order: 1 service id, 2 text of the part, 3 text of the set's id, 4 i64 time · signature block
 *
 * A reader refuses unknown feature bits 0 to 31 and unknown fields below 0x8000.
 */
#include "repo/moment.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/manifest.h"

#include <string.h>

#define MAGIC	       "ODRMOMT1"
#define VERSION	       1
#define CRITICAL       0xffffffff
#define FIELD_OPTIONAL 0x8000
#define OBJECT_MAX     ((uint64_t)4 << 10)

enum field { FIELD_SERVICE = 1, FIELD_PART, FIELD_SET, FIELD_STARTED, FIELDS };

void moment_free(struct moment *moment)
{
	if (!moment)
		return;
	g_free(moment->name);
	g_free(moment->part);
	g_free(moment->set_id);
	g_free(moment);
}

GByteArray *moment_encode(const struct moment *moment, const uint8_t service_id[SERVICE_ID_SIZE])
{
	GByteArray *out = g_byte_array_new();
	uint8_t time[8];

	bytes_set_u64(time, (uint64_t)moment->started);
	bytes_put(out, MAGIC, strlen(MAGIC));
	bytes_put_u16(out, VERSION);
	bytes_put_u16(out, 0);
	bytes_put_u64(out, 0);
	bytes_put_field(out, FIELD_SERVICE, service_id, SERVICE_ID_SIZE);
	bytes_put_field(out, FIELD_PART, moment->part, (uint32_t)strlen(moment->part));
	bytes_put_field(out, FIELD_SET, moment->set_id, (uint32_t)strlen(moment->set_id));
	bytes_put_field(out, FIELD_STARTED, time, sizeof(time));
	return out;
}

static bool parse_start(struct bytes_reader *reader, GError **error)
{
	const uint8_t *magic = bytes_get(reader, strlen(MAGIC));
	uint16_t version = bytes_get_u16(reader);
	uint16_t unused = bytes_get_u16(reader);
	uint64_t features = bytes_get_u64(reader);

	if (!magic || memcmp(magic, MAGIC, strlen(MAGIC)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is no moment");
	if (version > VERSION || (features & CRITICAL))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"it has version %u and features 0x%" G_GINT64_MODIFIER
				"x; this program knows version %d without features",
				version, features, VERSION);
	if (!bytes_reader_ok(reader) || version != VERSION || unused != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is damaged at its start");
	return true;
}

/* Each of the known fields, once. */
static bool parse_fields(struct bytes_reader *reader, struct bytes_field known[FIELDS],
			 GError **error)
{
	struct bytes_field field;

	while (bytes_get_field(reader, &field)) {
		if (field.type >= FIELD_OPTIONAL)
			continue;
		if (field.type == 0 || field.type >= FIELDS)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"it has field %u, which this program does not know",
					field.type);
		if (known[field.type].type != 0)
			return odr_fail(error, ODR_ERROR_CORRUPT, "it has field %u twice",
					field.type);
		known[field.type] = field;
	}
	for (unsigned i = 1; i < FIELDS; i++)
		if (known[i].type == 0)
			return odr_fail(error, ODR_ERROR_CORRUPT, "it lacks field %u", i);
	return bytes_reader_ok(reader) ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "its fields are damaged");
}

static char *text_of(const struct bytes_field *field)
{
	return g_strndup((const char *)field->data, field->size);
}

static bool is_part(const char *name)
{
	static const char *const parts[] = {PART_DATABASE, PART_FILESTORE, PART_CONFIG, NULL};

	return g_strv_contains(parts, name);
}

bool moment_parse(const void *bytes, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
		  struct moment *moment, GError **error)
{
	struct bytes_field known[FIELDS] = {{0}};
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	if (!parse_start(&reader, error) || !parse_fields(&reader, known, error))
		return false;
	g_autofree char *part = text_of(&known[FIELD_PART]);
	g_autofree char *set_id = text_of(&known[FIELD_SET]);
	usec_t started =
		known[FIELD_STARTED].size == 8 ? (usec_t)bytes_u64(known[FIELD_STARTED].data) : -1;

	if (known[FIELD_SERVICE].size != SERVICE_ID_SIZE ||
	    memcmp(known[FIELD_SERVICE].data, service_id, SERVICE_ID_SIZE) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it belongs to another service");
	if (!is_part(part) || strlen(part) != known[FIELD_PART].size || !set_id_valid(set_id) ||
	    strlen(set_id) != known[FIELD_SET].size || started < 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "a field of it has a wrong value");
	g_free(moment->part);
	g_free(moment->set_id);
	moment->part = g_steal_pointer(&part);
	moment->set_id = g_steal_pointer(&set_id);
	moment->started = started;
	return true;
}

bool moment_put(const GPtrArray *repos, const Bundle *bundle, struct moment *moment,
		usec_t lock_until, GError **error)
{
	g_autofree char *name = set_id_new(clock_now());
	g_autofree char *local = layout_moment(moment->part, name);
	g_autoptr(GByteArray) content = moment_encode(moment, bundle->service.id);
	uint8_t digest[SHA256_SIZE], block[SIGNATURE_BLOCK_SIZE];

	sha256(content->data, content->len, digest);
	sign_object(bundle, local, digest, block);

	struct iovec parts[] = {{content->data, content->len}, {block, sizeof(block)}};

	if (!repos_put(repos, local, parts, G_N_ELEMENTS(parts), lock_until, error))
		return false;
	g_free(moment->name);
	moment->name = g_steal_pointer(&name);
	moment->writer = bundle->endorsement;
	return true;
}

static bool note_listed(void *data, const struct store_object *object)
{
	GPtrArray *moments = data;
	struct moment *moment = g_new0(struct moment, 1);

	if (layout_parse_moment(object->name, &moment->part, &moment->name)) {
		moment->stored_at = object->stored_at;
		g_strlcpy(moment->version, object->version, sizeof(moment->version));
		g_ptr_array_add(moments, moment);
	} else {
		moment_free(moment);
	}
	return true;
}

static int compare_moments(const void *a, const void *b)
{
	const struct moment *one = *(struct moment *const *)a, *two = *(struct moment *const *)b;

	if (one->stored_at != two->stored_at)
		return one->stored_at < two->stored_at ? -1 : 1;
	return strcmp(one->name, two->name);
}

bool moment_list(Repo *repo, const char *part, GPtrArray **moments, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)moment_free);
	g_autofree char *prefix = part ? g_strdup_printf("moment/%s/", part) : g_strdup("moment/");

	if (!repo_list(repo, prefix, note_listed, found, error))
		return odr_context(error, "cannot list moments");
	g_ptr_array_sort(found, compare_moments);
	*moments = g_steal_pointer(&found);
	return true;
}

struct reading {
	Repo *repo;
	const char *local;
	struct moment *moment;
};

static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	const struct reading *reading = data;
	Repo *repo = reading->repo;
	const void *bytes = g_bytes_get_data(content, NULL);
	struct signature_facts facts;

	if (!sign_verify(&repo->service, KEY_ROLE_WRITER, reading->local, bytes,
			 g_bytes_get_size(content), &facts, error) ||
	    !moment_parse(bytes, facts.content_size, repo->service.id, reading->moment, error) ||
	    !repo_accepts(repo, &facts.endorsement, version->stored_at, error))
		return odr_context(error, "'%s' is no moment", reading->local);
	reading->moment->stored_at = version->stored_at;
	reading->moment->writer = facts.endorsement;
	return true;
}

bool moment_load(Repo *repo, struct moment *moment, GError **error)
{
	g_autofree char *local = layout_moment(moment->part, moment->name);
	g_autofree char *part = g_strdup(moment->part);
	struct reading reading = {repo, local, moment};
	struct store_object listed = {.stored_at = moment->stored_at};
	g_autoptr(GBytes) object = NULL;

	g_strlcpy(listed.version, moment->version, sizeof(listed.version));

	if (!repo_get_good(repo,
			   &(struct repo_wanted){.local = local,
						 .listed = &listed,
						 .oldest = true,
						 .limit = OBJECT_MAX,
						 .verify = verify,
						 .data = &reading},
			   &object, error))
		return false;
	return strcmp(part, moment->part) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is a moment of the part %s", local,
			moment->part);
}

bool moment_newest(Repo *repo, const char *part, struct moment **moment, GPtrArray *troubles,
		   GError **error)
{
	g_autoptr(GPtrArray) found = NULL;

	if (!moment_list(repo, part, &found, error))
		return false;
	for (guint i = found->len; i-- > 0;) {
		g_autoptr(GError) cause = NULL;

		if (moment_load(repo, found->pdata[i], &cause)) {
			*moment = g_ptr_array_steal_index(found, i);
			return true;
		}
		if (!repo_concerns_one(cause)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (troubles && !odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			g_ptr_array_add(troubles, g_strdup(cause->message));
	}
	*moment = NULL;
	return true;
}
