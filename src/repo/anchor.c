/*
 * The bytes of an anchor: a marked object (repo/marked.h) of kind SEAL_ANCHOR. Content, JSON: name, host, system_identifier,
 * timeline, lsn, figures.
 */
#include "repo/anchor.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/text.h"
#include "repo/manifest_member.h"
#include "repo/marked.h"

#include <string.h>

#define SEALED_WHAT "the sealed part"
#define FIGURE_WHAT "a figure"
#define SEALED_MAX  ((size_t)64 << 20)
#define TEXT_MAX    1000 /* bytes of the names of databases and files */

static const char *const basis_names[ANCHOR_BASES] = {
	[ANCHOR_IDENTICAL] = "identical",
	[ANCHOR_EQUAL] = "equal",
	[ANCHOR_DIFFERENT] = "different",
	[ANCHOR_UNKNOWN] = "unknown",
};

const char *anchor_basis_name(enum anchor_basis basis)
{
	return basis_names[basis];
}

struct anchor_figure *anchor_figure_new(const char *database, const char *query, const char *sha256)
{
	struct anchor_figure *figure = g_new0(struct anchor_figure, 1);

	figure->database = g_strdup(database);
	figure->query = g_strdup(query);
	g_strlcpy(figure->sha256, sha256, sizeof(figure->sha256));
	figure->basis = ANCHOR_UNKNOWN;
	return figure;
}

static void figure_free(void *data)
{
	struct anchor_figure *figure = data;

	g_free(figure->database);
	g_free(figure->query);
	g_free(figure->problem);
	g_clear_pointer(&figure->before, json_decref);
	g_clear_pointer(&figure->after, json_decref);
	g_free(figure);
}

GPtrArray *anchor_figures_new(void)
{
	return g_ptr_array_new_with_free_func(figure_free);
}

Anchor *anchor_new(void)
{
	Anchor *anchor = g_new0(Anchor, 1);

	anchor->figures = anchor_figures_new();
	return anchor;
}

void anchor_free(Anchor *anchor)
{
	if (!anchor)
		return;
	g_ptr_array_unref(anchor->figures);
	mark_free(&anchor->mark); /* it begins the memory of the whole */
}

Anchor *anchor_of_mark(const struct mark *mark)
{
	Anchor *anchor = anchor_new();

	anchor->mark = *mark;
	anchor->mark.id = g_strdup(mark->id);
	anchor->mark.program = g_strdup(mark->program);
	anchor->mark.name = g_strdup(mark->name);
	anchor->mark.note = NULL;
	anchor->mark.host = g_strdup(mark->host);
	return anchor;
}

static struct mark *make(void)
{
	return &anchor_new()->mark;
}

static void free_marked(struct mark *mark)
{
	anchor_free((Anchor *)mark);
}

static bool parse_sealed(const char *text, size_t size, struct mark *mark, GError **error)
{
	return anchor_sealed_parse(text, size, (Anchor *)mark, error);
}

static const struct marked_kind anchor_kind = {
	.noun = "anchor",
	.seal = SEAL_ANCHOR,
	.object_max = (uint64_t)66 << 20,
	.sealed_max = SEALED_MAX,
	.local = layout_anchor,
	.make = make,
	.free = free_marked,
	.parse_sealed = parse_sealed,
};

/* ---- printing -------------------------------------------------------------------------------- */

static json_t *rows_json(json_t *rows)
{
	return rows ? json_incref(rows) : json_null();
}

static json_t *figure_json(const struct anchor_figure *figure)
{
	json_t *object = json_object();

	json_set_string(object, "database", figure->database);
	json_set_string(object, "query", figure->query);
	json_set_string(object, "sha256", figure->sha256);
	json_set_string(object, "basis", basis_names[figure->basis]);
	json_set(object, "before", rows_json(figure->before));
	json_set(object, "after", rows_json(figure->after));
	json_set_string(object, "problem", figure->problem);
	return object;
}

static char *print_sealed(const struct anchor *anchor)
{
	g_autofree char *identifier =
		g_strdup_printf("%" G_GUINT64_FORMAT, anchor->mark.system_identifier);
	g_autoptr(JsonValue) object = json_object();
	json_t *figures = json_array();

	for (guint i = 0; i < anchor->figures->len; i++)
		json_array_append_new(figures, figure_json(anchor->figures->pdata[i]));
	json_set_string(object, "name", anchor->mark.name);
	json_set_string(object, "host", anchor->mark.host);
	json_set_string(object, "system_identifier", identifier);
	json_set_int(object, "timeline", anchor->mark.timeline);
	member_set_lsn(object, "lsn", anchor->mark.lsn);
	json_set(object, "figures", figures);
	return json_print(object);
}

/* What no reader would take is not written: the reader's own checks judge it first. */
static bool check_own_text(const char *sealed_text, GError **error)
{
	g_autoptr(Anchor) again = anchor_new();
	size_t size = strlen(sealed_text);

	if (size > SEALED_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its figures have more than %zu MiB; take queries that sum up",
				SEALED_MAX >> 20);
	return anchor_sealed_parse(sealed_text, size, again, error);
}

GBytes *anchor_seal(const struct anchor *anchor, const Bundle *bundle, GError **error)
{
	g_autoptr(JsonValue) in_clear =
		marked_public_json(&anchor_kind, &anchor->mark, bundle->service.id);
	g_autofree char *public_text = json_print(in_clear);
	g_autofree char *sealed_text = print_sealed(anchor);
	GBytes *object = NULL;

	if (check_own_text(sealed_text, error))
		object = marked_seal(&anchor_kind, &anchor->mark, bundle, public_text, sealed_text,
				     error);
	if (!object)
		odr_context(error, "cannot seal the anchor");
	return object;
}

/* ---- parsing --------------------------------------------------------------------------------- */

static bool wrong(const char *what, GError **error)
{
	return odr_fail(error, ODR_ERROR_CORRUPT, "%s: a member has a wrong value", what);
}

static bool parse_basis(const char *name, enum anchor_basis *basis)
{
	for (int i = 0; i < ANCHOR_BASES; i++) {
		if (strcmp(name, basis_names[i]) == 0) {
			*basis = (enum anchor_basis)i;
			return true;
		}
	}
	return false;
}

/* Rows are there as the basis has it, and as an object: what they hold is the business of who compares. */
static bool has_its_rows(const struct anchor_figure *figure)
{
	bool before = figure->basis != ANCHOR_UNKNOWN, after = figure->basis == ANCHOR_DIFFERENT;

	return json_is_object(figure->before) == before && (figure->before != NULL) == before &&
	       json_is_object(figure->after) == after && (figure->after != NULL) == after;
}

static json_t *rows_of(json_t *object, const char *name)
{
	json_t *rows = json_object_get(object, name);

	return rows && !json_is_null(rows) ? json_incref(rows) : NULL;
}

static bool parse_figure(json_t *object, GPtrArray *figures, GError **error)
{
	const char *database, *query, *sha256, *basis, *problem = NULL;
	uint8_t digest[SHA256_SIZE];
	struct anchor_figure *figure;

	if (!json_is_object(object))
		return wrong(FIGURE_WHAT, error);
	if (!json_string_member(object, FIGURE_WHAT, "database", &database, error) ||
	    !json_string_member(object, FIGURE_WHAT, "query", &query, error) ||
	    !json_string_member(object, FIGURE_WHAT, "sha256", &sha256, error) ||
	    !json_string_member(object, FIGURE_WHAT, "basis", &basis, error) ||
	    !json_string_optional(object, FIGURE_WHAT, "problem", &problem, error))
		return false;
	figure = anchor_figure_new(database, query, sha256);
	g_ptr_array_add(figures, figure);
	figure->problem = g_strdup(problem);
	figure->before = rows_of(object, "before");
	figure->after = rows_of(object, "after");
	return (hex_decode(sha256, digest, sizeof(digest)) && strlen(database) <= TEXT_MAX &&
		strlen(query) <= TEXT_MAX && parse_basis(basis, &figure->basis) &&
		has_its_rows(figure)) ||
	       wrong(FIGURE_WHAT, error);
}

static bool parse_figures(json_t *list, GPtrArray *figures, GError **error)
{
	if (json_array_size(list) > ANCHOR_FIGURES_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has more than %d figures",
				ANCHOR_FIGURES_MAX);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!parse_figure(json_array_get(list, i), figures, error))
			return false;
	return true;
}

bool anchor_sealed_parse(const char *text, size_t size, struct anchor *anchor, GError **error)
{
	g_autoptr(JsonValue) object = NULL;
	const char *name, *identifier;
	int64_t timeline;
	json_t *figures;

	if (!member_document(text, size, SEALED_WHAT, &object, error) ||
	    !json_string_member(object, SEALED_WHAT, "name", &name, error) ||
	    !json_string_member(object, SEALED_WHAT, "system_identifier", &identifier, error) ||
	    !member_text(object, SEALED_WHAT, "host", &anchor->mark.host, error) ||
	    !member_int(object, SEALED_WHAT, "timeline", 1, UINT32_MAX, &timeline, error) ||
	    !member_lsn(object, SEALED_WHAT, "lsn", &anchor->mark.lsn, error) ||
	    !json_array_member(object, SEALED_WHAT, "figures", &figures, error) ||
	    !parse_figures(figures, anchor->figures, error))
		return false;
	if (!mark_name_check(name, NULL) ||
	    !g_ascii_string_to_unsigned(identifier, 10, 0, G_MAXUINT64,
					&anchor->mark.system_identifier, NULL))
		return wrong(SEALED_WHAT, error);
	anchor->mark.timeline = (uint32_t)timeline;
	g_free(anchor->mark.name);
	anchor->mark.name = g_strdup(name);
	return true;
}

bool anchor_parse(const struct key_service *service, const Identity *identity, const char *id,
		  const void *object, size_t size, Anchor **anchor, GError **error)
{
	struct mark *parsed =
		marked_parse(&anchor_kind, service, identity, id, object, size, error);

	if (parsed)
		*anchor = (Anchor *)parsed;
	return parsed;
}

/* ---- in a repository ------------------------------------------------------------------------- */

static bool note_listed(void *ids, const struct store_object *object)
{
	char *id;

	if (layout_parse_anchor(object->name, &id))
		g_ptr_array_add(ids, id);
	return true;
}

bool anchor_list(Repo *repo, GPtrArray **ids, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

	if (!repo_list(repo, "anchor/", note_listed, found, error))
		return odr_context(error, "cannot list anchors");
	g_ptr_array_sort(found, text_compare);
	*ids = g_steal_pointer(&found);
	return true;
}

bool anchor_load(Repo *repo, const Identity *identity, const char *id, Anchor **anchor,
		 GError **error)
{
	struct mark *loaded = marked_load(&anchor_kind, repo, identity, id, error);

	if (loaded)
		*anchor = (Anchor *)loaded;
	return loaded;
}
