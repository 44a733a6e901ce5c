#include "repo/hold.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "repo/manifest_member.h"

#include <string.h>

#define WHAT	   "the hold"
#define FORMAT	   1
#define OBJECT_MAX ((uint64_t)8 << 10)
#define BY_MAX	   512

void hold_free(struct hold *hold)
{
	if (!hold)
		return;
	g_free(hold->name);
	g_free(hold->set_id);
	g_free(hold->reason);
	g_free(hold->by);
	g_free(hold);
}

bool hold_in_force(const struct hold *hold, usec_t now)
{
	return !hold->verified || hold->until == 0 || hold->until > now;
}

static bool is_line(const char *text, size_t most)
{
	if (!*text || strlen(text) > most || !g_utf8_validate(text, -1, NULL))
		return false;
	for (const char *at = text; *at; at = g_utf8_next_char(at))
		if (!g_unichar_isprint(g_utf8_get_char(at)))
			return false;
	return true;
}

bool hold_reason_check(const char *reason, GError **error)
{
	return is_line(reason, HOLD_REASON_MAX) ||
	       odr_fail(error, ODR_ERROR_USAGE,
			"the reason of a hold is one line of 1 to %d bytes of UTF-8",
			HOLD_REASON_MAX);
}

/* ---- content ------------------------------------------------------------------------------------- */

char *hold_print(const struct hold *hold, const uint8_t service_id[SERVICE_ID_SIZE])
{
	g_autoptr(JsonValue) object = json_object();

	json_set_int(object, "format", FORMAT);
	member_set_hex(object, "service", service_id, SERVICE_ID_SIZE);
	json_set_string(object, "set", hold->set_id);
	json_set_int(object, "made_us", hold->made);
	json_set_int(object, "until_us", hold->until);
	json_set_string(object, "reason", hold->reason);
	json_set_string(object, "by", hold->by);
	return json_print(object);
}

static bool parse_format(json_t *object, const uint8_t *service_id, GError **error)
{
	uint8_t service[SERVICE_ID_SIZE];
	int64_t format;

	if (!member_int(object, WHAT, "format", 1, INT32_MAX, &format, error))
		return false;
	if (format > FORMAT)
		return odr_fail(error, ODR_ERROR_REFUSED, "it has format %d; this program knows %d",
				(int)format, FORMAT);
	if (!member_hex(object, WHAT, "service", service, sizeof(service), error))
		return false;
	return memcmp(service, service_id, sizeof(service)) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "it belongs to another service");
}

bool hold_parse(const char *text, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
		struct hold *hold, GError **error)
{
	g_autoptr(JsonValue) object = NULL;
	const char *set_id, *reason, *by;
	int64_t made, until;

	if (!member_document(text, size, WHAT, &object, error) ||
	    !parse_format(object, service_id, error) ||
	    !json_string_member(object, WHAT, "set", &set_id, error) ||
	    !json_string_member(object, WHAT, "reason", &reason, error) ||
	    !json_string_member(object, WHAT, "by", &by, error) ||
	    !member_int(object, WHAT, "made_us", 0, INT64_MAX, &made, error) ||
	    !member_int(object, WHAT, "until_us", 0, INT64_MAX, &until, error))
		return false;
	if (!set_id_valid(set_id) || !is_line(reason, HOLD_REASON_MAX) || !is_line(by, BY_MAX))
		return odr_fail(error, ODR_ERROR_CORRUPT, WHAT ": a member has a wrong value");
	g_free(hold->set_id);
	g_free(hold->reason);
	g_free(hold->by);
	hold->set_id = g_strdup(set_id);
	hold->reason = g_strdup(reason);
	hold->by = g_strdup(by);
	hold->made = made;
	hold->until = until;
	return true;
}

/* ---- in a repository ----------------------------------------------------------------------------- */

bool hold_put(const GPtrArray *repos, const Bundle *bundle, struct hold *hold, GError **error)
{
	g_autofree char *name = set_id_new(hold->made);
	g_autofree char *local = layout_hold(hold->set_id, name);
	g_autofree char *text = hold_print(hold, bundle->service.id);
	uint8_t digest[SHA256_SIZE], block[SIGNATURE_BLOCK_SIZE];

	sha256(text, strlen(text), digest);
	sign_object(bundle, local, digest, block);

	struct iovec parts[] = {{text, strlen(text)}, {block, sizeof(block)}};

	if (!repos_put(repos, local, parts, G_N_ELEMENTS(parts), 0, error))
		return odr_context(error, "cannot store the hold");
	g_free(hold->name);
	hold->name = g_steal_pointer(&name);
	return true;
}

struct reading {
	Repo *repo;
	const char *local;
	struct hold *hold;
};

/* Of a writer, or of a keeper, who expires. */
static bool verify_signature(const struct reading *reading, GBytes *content,
			     struct signature_facts *facts, GError **error)
{
	const struct key_service *service = &reading->repo->service;
	const void *bytes = g_bytes_get_data(content, NULL);
	size_t size = g_bytes_get_size(content);

	return sign_verify(service, KEY_ROLE_KEEPER, reading->local, bytes, size, facts, NULL) ||
	       sign_verify(service, KEY_ROLE_WRITER, reading->local, bytes, size, facts, error);
}

static bool verify(void *data, GBytes *content, const struct store_object *version, GError **error)
{
	const struct reading *reading = data;
	g_autofree char *set_id = g_strdup(reading->hold->set_id);
	struct signature_facts facts;

	if (!verify_signature(reading, content, &facts, error) ||
	    !hold_parse(g_bytes_get_data(content, NULL), facts.content_size,
			reading->repo->service.id, reading->hold, error) ||
	    !repo_accepts(reading->repo, &facts.endorsement, version->stored_at, error))
		return odr_context(error, "'%s' is no hold", reading->local);
	return strcmp(set_id, reading->hold->set_id) == 0 ||
	       odr_fail(error, ODR_ERROR_CORRUPT, "'%s' is a hold of set %s", reading->local,
			reading->hold->set_id);
}

static bool load(Repo *repo, struct hold *hold, GPtrArray *troubles, GError **error)
{
	g_autofree char *local = layout_hold(hold->set_id, hold->name);
	g_autofree char *set_id = g_strdup(hold->set_id);
	struct reading reading = {repo, local, hold};
	struct store_object listed = {.stored_at = hold->stored_at};
	g_autoptr(GBytes) object = NULL;
	g_autoptr(GError) cause = NULL;
	const struct repo_wanted wanted = {.local = local,
					   .listed = &listed,
					   .oldest = true,
					   .limit = OBJECT_MAX,
					   .verify = verify,
					   .data = &reading};

	g_strlcpy(listed.version, hold->version, sizeof(listed.version));
	hold->verified = repo_get_good(repo, &wanted, &object, &cause);
	if (hold->verified)
		return true;
	g_free(hold->set_id);
	hold->set_id = g_steal_pointer(&set_id);
	if (!repo_concerns_one(cause)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (troubles)
		g_ptr_array_add(troubles, g_strdup_printf("%s; its set is held all the same",
							  cause->message));
	return true;
}

static bool note_listed(void *data, const struct store_object *object)
{
	struct hold *hold = g_new0(struct hold, 1);

	if (layout_parse_hold(object->name, &hold->set_id, &hold->name)) {
		hold->stored_at = object->stored_at;
		g_strlcpy(hold->version, object->version, sizeof(hold->version));
		g_ptr_array_add(data, hold);
	} else {
		hold_free(hold);
	}
	return true;
}

static int by_set_and_name(const void *a, const void *b)
{
	const struct hold *one = *(struct hold *const *)a, *two = *(struct hold *const *)b;
	int order = strcmp(one->set_id, two->set_id);

	return order ? order : strcmp(one->name, two->name);
}

bool hold_list(Repo *repo, const char *set_id, GPtrArray **holds, GPtrArray *troubles,
	       GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)hold_free);
	g_autofree char *prefix = set_id ? g_strdup_printf("hold/%s/", set_id) : g_strdup("hold/");

	if (!repo_list(repo, prefix, note_listed, found, error))
		return odr_context(error, "cannot list holds");
	for (guint i = 0; i < found->len; i++)
		if (!load(repo, found->pdata[i], troubles, error))
			return false;
	g_ptr_array_sort(found, by_set_and_name);
	*holds = g_steal_pointer(&found);
	return true;
}

const struct hold *hold_of(const GPtrArray *holds, const char *set_id, usec_t now)
{
	for (guint i = 0; i < holds->len; i++) {
		const struct hold *hold = holds->pdata[i];

		if (strcmp(hold->set_id, set_id) == 0 && hold_in_force(hold, now))
			return hold;
	}
	return NULL;
}
