/*
 * The bytes of a mark: a marked object (repo/marked.h) of kind SEAL_MARK. Its public part has wal besides (null, or timeline
 * and lsn). Content, JSON: name, note, host, system_identifier.
 */
#include "repo/mark.h"

#include "base/error.h"
#include "base/text.h"
#include "repo/manifest_member.h"
#include "repo/marked.h"

#include <string.h>

#define PUBLIC_WHAT "the public part"
#define SEALED_WHAT "the sealed part"

static const struct marked_kind mark_kind;

static struct mark *mark_new(void)
{
	return g_new0(Mark, 1);
}

void mark_free(struct mark *mark)
{
	if (!mark)
		return;
	g_free(mark->id);
	g_free(mark->program);
	g_free(mark->name);
	g_free(mark->note);
	g_free(mark->host);
	g_free(mark);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_printable(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (const char *at = text; *at; at = g_utf8_next_char(at))
		if (!g_unichar_isprint(g_utf8_get_char(at)))
			return false;
	return true;
}

bool mark_name_check(const char *name, GError **error)
{
	size_t length = strlen(name);

	if (length == 0 || length > MARK_NAME_MAX)
		return odr_fail(error, ODR_ERROR_USAGE,
				"the name of a mark has 1 to %d bytes; this one has %zu",
				MARK_NAME_MAX, length);
	if (!is_printable(name))
		return odr_fail(error, ODR_ERROR_USAGE,
				"the name of a mark is UTF-8 that can be printed");
	if (g_ascii_isspace(name[0]) || g_ascii_isspace(name[length - 1]))
		return odr_fail(error, ODR_ERROR_USAGE,
				"the name of a mark has no blanks at its ends");
	return true;
}

bool mark_note_check(const char *note, GError **error)
{
	return (strlen(note) <= MARK_NOTE_MAX && is_printable(note)) ||
	       odr_fail(error, ODR_ERROR_USAGE, "a note is one line of at most %d bytes of UTF-8",
			MARK_NOTE_MAX);
}

void mark_name_digest(const uint8_t *digest_secret, const char *name,
		      uint8_t digest[MARK_DIGEST_SIZE])
{
	g_autofree char *text = g_strconcat("odrbackup mark 1 ", name, NULL);
	uint8_t whole[SHA256_SIZE];

	hmac_sha256(digest_secret, KEY_SIZE, text, strlen(text), whole);
	memcpy(digest, whole, MARK_DIGEST_SIZE);
}

/* ---- printing -------------------------------------------------------------------------------- */

static json_t *wal_json(const struct mark *mark)
{
	json_t *object = json_object();

	json_set_int(object, "timeline", mark->timeline);
	member_set_lsn(object, "lsn", mark->lsn);
	return object;
}

static char *print_public(const struct mark *mark, const uint8_t service_id[SERVICE_ID_SIZE])
{
	g_autoptr(JsonValue) object = marked_public_json(&mark_kind, mark, service_id);

	json_set(object, "wal", mark->timeline ? wal_json(mark) : json_null());
	return json_print(object);
}

static char *print_sealed(const struct mark *mark)
{
	g_autofree char *identifier =
		g_strdup_printf("%" G_GUINT64_FORMAT, mark->system_identifier);
	g_autoptr(JsonValue) object = json_object();

	json_set_string(object, "name", mark->name);
	json_set_string(object, "note", mark->note);
	json_set_string(object, "host", mark->host);
	json_set_string(object, "system_identifier", identifier);
	return json_print(object);
}

/* What no reader would take is not written: the reader's own checks judge it first. */
static bool check_own_text(const struct mark *mark, const uint8_t *service_id,
			   const char *public_text, const char *sealed_text, GError **error)
{
	g_autoptr(Mark) again = mark_new();

	return mark_public_parse(public_text, strlen(public_text), service_id, mark->id, again,
				 error) &&
	       mark_sealed_parse(sealed_text, strlen(sealed_text), again, error);
}

GBytes *mark_seal(struct mark *mark, const Bundle *bundle, GError **error)
{
	uint8_t digest[MARK_DIGEST_SIZE];

	mark_name_digest(bundle->digest_secret, mark->name, digest);
	g_free(mark->id);
	mark->id = mark_id_of(mark->made, digest);

	g_autofree char *public_text = print_public(mark, bundle->service.id);
	g_autofree char *sealed_text = print_sealed(mark);
	GBytes *object = NULL;

	if (check_own_text(mark, bundle->service.id, public_text, sealed_text, error))
		object = marked_seal(&mark_kind, mark, bundle, public_text, sealed_text, error);
	if (!object)
		odr_context(error, "cannot seal the mark");
	return object;
}

/* ---- parsing --------------------------------------------------------------------------------- */

static bool parse_wal(json_t *object, struct mark *mark, GError **error)
{
	json_t *wal = json_object_get(object, "wal");
	int64_t timeline;

	if (!wal)
		return odr_fail(error, ODR_ERROR_CORRUPT, PUBLIC_WHAT ": member 'wal' is missing");
	if (json_is_null(wal))
		return true;
	if (!member_int(wal, PUBLIC_WHAT, "timeline", 1, UINT32_MAX, &timeline, error) ||
	    !member_lsn(wal, PUBLIC_WHAT, "lsn", &mark->lsn, error))
		return false;
	mark->timeline = (uint32_t)timeline;
	return true;
}

bool mark_public_parse(const char *text, size_t size, const uint8_t service_id[SERVICE_ID_SIZE],
		       const char *mark_id, struct mark *mark, GError **error)
{
	return marked_public_parse(&mark_kind, text, size, service_id, mark_id, mark, error);
}

bool mark_sealed_parse(const char *text, size_t size, struct mark *mark, GError **error)
{
	g_autoptr(JsonValue) object = NULL;
	const char *name, *note = NULL, *identifier;

	if (!member_document(text, size, SEALED_WHAT, &object, error) ||
	    !json_string_member(object, SEALED_WHAT, "name", &name, error) ||
	    !json_string_optional(object, SEALED_WHAT, "note", &note, error) ||
	    !json_string_member(object, SEALED_WHAT, "system_identifier", &identifier, error) ||
	    !member_text(object, SEALED_WHAT, "host", &mark->host, error))
		return false;
	if (!mark_name_check(name, NULL) || (note && !mark_note_check(note, NULL)) ||
	    !g_ascii_string_to_unsigned(identifier, 10, 0, G_MAXUINT64, &mark->system_identifier,
					NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				SEALED_WHAT ": a member has a wrong value");
	g_free(mark->name);
	g_free(mark->note);
	mark->name = g_strdup(name);
	mark->note = g_strdup(note);
	return true;
}

static const struct marked_kind mark_kind = {
	.noun = "mark",
	.seal = SEAL_MARK,
	.object_max = (uint64_t)64 << 10,
	.sealed_max = (size_t)16 << 10,
	.local = layout_mark,
	.make = mark_new,
	.free = mark_free,
	.parse_public = parse_wal,
	.parse_sealed = mark_sealed_parse,
};

bool mark_parse(const struct key_service *service, const Identity *identity, const char *mark_id,
		const void *object, size_t size, Mark **mark, GError **error)
{
	Mark *parsed = marked_parse(&mark_kind, service, identity, mark_id, object, size, error);

	if (parsed)
		*mark = parsed;
	return parsed;
}

/* ---- in a repository ------------------------------------------------------------------------- */

struct listing {
	const uint8_t *digest; /* NULL: all */
	GPtrArray *ids;
};

static bool note_listed(void *data, const struct store_object *object)
{
	struct listing *listing = data;
	uint8_t digest[MARK_DIGEST_SIZE];
	char *id;

	if (!layout_parse_mark(object->name, &id, digest))
		return true;
	if (!listing->digest || memcmp(listing->digest, digest, sizeof(digest)) == 0)
		g_ptr_array_add(listing->ids, id);
	else
		g_free(id);
	return true;
}

bool mark_list(Repo *repo, const uint8_t *digest, GPtrArray **ids, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	struct listing listing = {digest, found};

	if (!repo_list(repo, "mark/", note_listed, &listing, error))
		return odr_context(error, "cannot list marks");
	g_ptr_array_sort(found, text_compare);
	*ids = g_steal_pointer(&found);
	return true;
}

bool mark_load(Repo *repo, const Identity *identity, const char *mark_id, Mark **mark,
	       GError **error)
{
	Mark *loaded = marked_load(&mark_kind, repo, identity, mark_id, error);

	if (loaded)
		*mark = loaded;
	return loaded;
}

bool mark_find(Repo *repo, const Identity *identity, const char *name, Mark **mark,
	       GPtrArray *troubles, GError **error)
{
	uint8_t digest[MARK_DIGEST_SIZE];
	g_autoptr(GPtrArray) ids = NULL;
	g_autoptr(Mark) found = NULL;

	mark_name_digest(identity->digest_secret, name, digest);
	if (!mark_list(repo, digest, &ids, error))
		return false;
	for (guint i = 0; i < ids->len; i++) {
		g_autoptr(GError) cause = NULL;
		g_autoptr(Mark) one = NULL;

		if (!mark_load(repo, identity, ids->pdata[i], &one, &cause)) {
			if (!repo_concerns_one(cause)) {
				g_propagate_error(error, g_steal_pointer(&cause));
				return false;
			}
			if (troubles)
				g_ptr_array_add(troubles, g_strdup(cause->message));
			continue;
		}
		if (strcmp(one->name, name) != 0)
			continue;
		if (found)
			return odr_fail(
				error, ODR_ERROR_USAGE,
				"there are several marks '%s'; odrbackup list --marks shows "
				"them: give the position of the one meant by --type lsn, or "
				"its time by --type time",
				name);
		found = g_steal_pointer(&one);
	}
	*mark = g_steal_pointer(&found);
	return true;
}
