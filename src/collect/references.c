/* Secrets that are kept elsewhere: where they are named, and what is named. A drill resolves each. */
#include "collect/collector.h"

#include "base/error.h"

#include <string.h>

#define REFERENCES_MAX 10000

/* What a reference looks like; its first group, or all of it, is the reference. */
static const struct {
	const char *kind, *pattern;
} forms[] = {
	{"vault", "\\bref\\+vault://[^\\s\"']+"},
	{"vault", "\\bvault:[A-Za-z0-9_./-]+#[A-Za-z0-9_.-]+(?:#[0-9]+)?"},
	{"vault", "\\bwith secret \"([^\"]+)\""},
	{"vault", "\\bvault kv get (?:-[^\\s]+ )*([A-Za-z0-9_./-]+)"},
	{"vault", "vault\\.hashicorp\\.com/agent-inject-secret-[A-Za-z0-9_.-]+: *\"?([^\"\\s]+)"},
	{"sops", "\\b(age1[0-9a-z]{58})\\b"},
	{"sops", "\\bfp\"?: *\"?([0-9A-Fa-f]{40})\\b"},
	{"aws", "\\barn:aws[a-z-]*:(?:kms|secretsmanager|ssm):[A-Za-z0-9:/_+=,.@-]+"},
	{"gcp", "\\bprojects/[^/\\s\"']+/secrets/[A-Za-z0-9_-]+(?:/versions/[a-z0-9]+)?"},
	{"azure", "\\bhttps://[a-z0-9-]+\\.vault\\.azure\\.net/[A-Za-z0-9/_-]*"},
	{"1password", "\\bop://[^\\s\"']+"},
	{"external-secret", "\\bremoteRef:\\s*\\{?\\s*key: *\"?([^\"\\s,}]+)"},
	{"external-secret", "\\bsecretStoreRef:\\s*(?:kind: *\\S+\\s+)?name: *\"?([^\"\\s]+)"},
	{"systemd", "\\bLoadCredential(?:Encrypted)?=(\\S+)"},
};

static const char *const usual_paths[] = {"/etc/odoo", "/etc/odrbackup", "/etc/vault*",
					  "/etc/systemd/system", NULL};

struct references {
	struct collection *collection;
	json_t *rows;
	GRegex *regexes[G_N_ELEMENTS(forms)];
};

static unsigned line_of(const char *text, int offset)
{
	unsigned line = 1;

	for (const char *at = text; at < text + offset; at++)
		line += *at == '\n';
	return line;
}

static void add_reference(struct references *references, const char *kind, const char *name,
			  const char *place)
{
	g_autofree char *key = g_strdup_printf("%s %s", kind, name);
	json_t *row = json_object_get(references->rows, key);
	json_t *places = json_object_get(row, "places");

	if (!row) {
		if (json_object_size(references->rows) >= REFERENCES_MAX)
			return;
		row = table_row(references->rows, key);
		json_set_string(row, "kind", kind);
		json_set_string(row, "reference", name);
		places = json_array();
		json_set(row, "places", places);
	}
	json_array_append_new(places, json_string(place));
}

/* Returns how many there are. */
static unsigned look_into(struct references *references, const char *path, const char *text)
{
	unsigned count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GMatchInfo) match = NULL;

		g_regex_match(references->regexes[i], text, 0, &match);
		for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
			g_autofree char *group = g_match_info_fetch(match, 1);
			g_autofree char *whole = g_match_info_fetch(match, 0);
			int start = 0;

			g_match_info_fetch_pos(match, 0, &start, NULL);
			g_autofree char *place =
				g_strdup_printf("%s:%u", path, line_of(text, start));

			add_reference(references, forms[i].kind, group && *group ? group : whole,
				      place);
			count++;
		}
	}
	return count;
}

/* Keyed, as what holds references may hold secrets, too: one can see that a sealed file changed. */
static void add_digest(const struct references *references, json_t *digests, const char *path,
		       const char *text)
{
	g_autofree char *digest = mask_value(&references->collection->mask, text, strlen(text));

	json_set_string(digests, path, digest);
}

static bool look_at(struct references *references, const char *path, json_t *digests,
		    GError **error)
{
	g_autoptr(GError) trouble = NULL;
	g_autofree char *text = NULL;

	if (collection_read(references->collection, path, &text, &trouble)) {
		if (look_into(references, path, text) > 0)
			add_digest(references, digests, path, text);
		return true;
	}
	/* What is not text has no references. */
	if (!odr_error_is(trouble, ODR_ERROR_AUTH))
		return true;
	if (!references->collection->settings->paths) {
		collection_note(references->collection, "%s", trouble->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

static bool look_everywhere(struct references *references, json_t *digests, GError **error)
{
	const char *const *patterns = references->collection->settings->paths;

	for (patterns = patterns ? patterns : usual_paths; *patterns; patterns++) {
		g_autoptr(GPtrArray) paths =
			collection_match(references->collection, *patterns, NULL);

		if (paths->len == 0 && references->collection->settings->paths)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is nothing in '%s'",
					*patterns);
		for (guint i = 0; i < paths->len; i++)
			if (!look_at(references, paths->pdata[i], digests, error))
				return false;
	}
	return true;
}

static bool take(struct references *references, GError **error)
{
	g_autoptr(JsonValue) digests = json_object();

	if (!look_everywhere(references, digests, error))
		return false;
	if (json_object_size(references->rows) == 0)
		return collection_absent(references->collection,
					 "no file names a secret that is kept elsewhere");
	return collection_table(references->collection,
				&(struct collection_item){
					.path = "references.json",
					.source = "the files named in it",
					.hint = "each has to be resolvable before Odoo is started"},
				json_incref(references->rows), error) &&
	       collection_table(references->collection,
				&(struct collection_item){.path = "files.json",
							  .source = "the files themselves"},
				json_incref(digests), error);
}

bool references_collect(struct collection *collection, GError **error)
{
	struct references references = {.collection = collection, .rows = json_object()};
	bool done;

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		references.regexes[i] = g_regex_new(forms[i].pattern, G_REGEX_OPTIMIZE, 0, NULL);
		g_assert(references.regexes[i]);
	}
	done = take(&references, error);
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
		g_regex_unref(references.regexes[i]);
	json_decref(references.rows);
	return done;
}
