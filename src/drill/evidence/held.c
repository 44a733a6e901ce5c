/* What repositories hold now, against what holdings.json says they held when a moment was drawn. */
#include "base/bytes.h"
#include "base/error.h"
#include "drill/evidence/judge.h"
#include "ops/restore/restore.h"

#include <string.h>

#define CLOCKS_APART \
 (10 * USEC_PER_SEC) /* what was stored so shortly before the draw, it may not have seen */

/* A repository as it is now. */
struct shelf {
	Repo *repo;
	struct restore_holdings now;
};

static void shelf_free(void *data)
{
	struct shelf *shelf = data;

	restore_holdings_clear(&shelf->now);
	g_free(shelf);
}

bool judge_shelves(struct judging *judging, GError **error)
{
	const struct evidence_verify *how = judging->how;

	judging->shelves = g_ptr_array_new_with_free_func(shelf_free);
	for (guint i = 0; how->repos && !how->only_chain && i < how->repos->len; i++) {
		const Identity *identity = how->identities ? how->identities->pdata[i] : NULL;
		struct shelf *shelf = g_new0(struct shelf, 1);

		shelf->repo = how->repos->pdata[i];
		g_ptr_array_add(judging->shelves, shelf);
		if (!restore_holdings_read(shelf->repo, identity, &shelf->now, error))
			return odr_context(error, "cannot read what repository %s holds",
					   store_name(shelf->repo->store));
	}
	return true;
}

/* ---- one set -------------------------------------------------------------------------------------- */

struct comparing {
	struct judging *judging;
	const Record *record;
	const struct shelf *shelf;
	const json_t *sets; /* of holdings.json, which was found to be whole */
	usec_t now, window;
	GString *gone; /* ids */
};

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static const char *name_of(const struct comparing *comparing)
{
	return store_name(comparing->shelf->repo->store);
}

static void G_GNUC_PRINTF(3, 4)
	find(const struct comparing *comparing, const char *set, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list arguments;

	va_start(arguments, format);
	what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	judge_find(comparing->judging, EVIDENCE_DRAW_POPULATION, comparing->record->run,
		   "set %s of repository %s %s", set, name_of(comparing), what);
}

static const Manifest *manifest_of(const struct shelf *shelf, const char *set)
{
	const GPtrArray *manifests = shelf->now.manifests;

	for (guint i = 0; i < manifests->len; i++)
		if (strcmp(((const Manifest *)manifests->pdata[i])->set_id, set) == 0)
			return manifests->pdata[i];
	return NULL;
}

static bool is_lsn(const json_t *held, const char *name, lsn_t due)
{
	lsn_t lsn;

	return lsn_parse(text_of(held, name), &lsn, NULL) && lsn == due;
}

static bool is_integer(const json_t *held, const char *name, int64_t due)
{
	return json_integer_value(json_object_get(held, name)) == due;
}

/* The digest holds what is sealed, too; without a key that is not looked at. */
static bool is_as_held(const json_t *held, const Manifest *manifest)
{
	g_autofree char *sha256 = hex_encode(manifest->sha256, SHA256_SIZE);
	g_autofree char *system =
		g_strdup_printf("%" G_GUINT64_FORMAT, manifest->system_identifier);

	return manifest->wal && strcmp(text_of(held, "manifest_sha256"), sha256) == 0 &&
	       is_integer(held, "timeline", manifest->wal->timeline) &&
	       is_lsn(held, "start", manifest->wal->start) &&
	       is_lsn(held, "stop", manifest->wal->stop) &&
	       (!manifest->has_sealed || (is_integer(held, "stopped_us", manifest->stopped) &&
					  strcmp(text_of(held, "system_identifier"), system) == 0));
}

/* Where WAL leads on from it today; 0: nowhere, or it cannot be told. */
static lsn_t wal_end_of(const struct shelf *shelf, const Manifest *manifest)
{
	const struct restore_source source = {.manifests = shelf->now.manifests,
					      .ranges = shelf->now.ranges,
					      .histories = shelf->now.histories};
	const struct restore_target latest = {.type = RECOVERY_DEFAULT, .set = manifest->set_id};
	struct restore_plan plan = {0};
	lsn_t end;

	if (!manifest->has_sealed || !restore_plan(&source, &latest, &plan, NULL))
		return 0;
	end = plan.wal_end;
	restore_plan_clear(&plan);
	return end;
}

static bool is_same(const json_t *one, const json_t *other, const char *name)
{
	return json_equal(json_object_get(one, name), json_object_get(other, name));
}

static const json_t *next_of(const struct comparing *comparing, size_t number)
{
	const json_t *held = json_array_get(comparing->sets, number);

	for (size_t i = number + 1; i < json_array_size(comparing->sets); i++) {
		const json_t *next = json_array_get(comparing->sets, i);

		if (is_same(held, next, "repository") && is_same(held, next, "timeline") &&
		    is_same(held, next, "system_identifier"))
			return next;
	}
	return NULL;
}

/* From one that WAL leads from to the next, which leads to a commit, the same is reached: it was not drawn from all the
 * same. */
static void judge_end(const struct comparing *comparing, size_t number, const Manifest *manifest)
{
	const json_t *held = json_array_get(comparing->sets, number);
	const json_t *next = next_of(comparing, number);
	bool is_drawn_from = json_is_integer(json_object_get(held, "end_us")) &&
			     json_is_true(json_object_get(held, "opened"));
	lsn_t start;

	if (is_drawn_from || !next || !json_is_integer(json_object_get(next, "end_us")) ||
	    manifest->stopped < comparing->now - comparing->window ||
	    !lsn_parse(text_of(next, "start"), &start, NULL) ||
	    wal_end_of(comparing->shelf, manifest) < start)
		return;
	find(comparing, manifest->set_id,
	     "was not drawn from, and can be opened and leads to later moments now: unless it "
	     "could not be then, it was left out");
}

static void judge_held(struct comparing *comparing, size_t number)
{
	const json_t *held = json_array_get(comparing->sets, number);
	const char *set = text_of(held, "set");
	const Manifest *manifest = manifest_of(comparing->shelf, set);

	if (!manifest)
		g_string_append_printf(comparing->gone, "%s%s", comparing->gone->len ? ", " : "",
				       set);
	else if (!is_as_held(held, manifest))
		find(comparing, set, "is not what " EVIDENCE_HOLDINGS " says it was");
	else
		judge_end(comparing, number, manifest);
}

/* ---- a repository --------------------------------------------------------------------------------- */

static bool is_held(const struct comparing *comparing, const char *set)
{
	for (size_t i = 0; i < json_array_size(comparing->sets); i++) {
		const json_t *held = json_array_get(comparing->sets, i);

		if (strcmp(text_of(held, "repository"), name_of(comparing)) == 0 &&
		    strcmp(text_of(held, "set"), set) == 0)
			return true;
	}
	return false;
}

/* What the store had before the draw, and was not there for it. */
static void judge_left_out(const struct comparing *comparing)
{
	const GPtrArray *manifests = comparing->shelf->now.manifests;

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];
		g_autofree char *stored = clock_format(manifest->stored_at);

		if (manifest->wal && manifest->stored_at > 0 &&
		    manifest->stored_at < comparing->now - CLOCKS_APART &&
		    !is_held(comparing, manifest->set_id))
			find(comparing, manifest->set_id,
			     "was stored %s, before the draw, and is left out of " EVIDENCE_HOLDINGS,
			     stored);
	}
}

static void compare(struct comparing *comparing)
{
	g_autoptr(GString) gone = g_string_new(NULL);

	comparing->gone = gone;
	for (size_t i = 0; i < json_array_size(comparing->sets); i++)
		if (strcmp(text_of(json_array_get(comparing->sets, i), "repository"),
			   name_of(comparing)) == 0)
			judge_held(comparing, i);
	judge_left_out(comparing);
	if (gone->len > 0)
		judge_note(comparing->judging, comparing->record->run,
			   "gone from repository %s since it was drawn: %s; that the draw had "
			   "them right only " EVIDENCE_HOLDINGS " tells",
			   name_of(comparing), gone->str);
}

static bool was_gathered(const DrawInputs *inputs, const char *repository)
{
	for (guint i = 0; i < inputs->repositories->len; i++)
		if (strcmp(((const struct draw_repository *)inputs->repositories->pdata[i])->name,
			   repository) == 0)
			return true;
	return false;
}

void judge_holdings(struct judging *judging, const Record *record, const DrawInputs *inputs,
		    const json_t *holdings, bool from_all)
{
	for (guint i = 0; i < judging->shelves->len; i++) {
		struct shelf *shelf = judging->shelves->pdata[i];
		struct comparing comparing = {
			.judging = judging,
			.record = record,
			.shelf = shelf,
			.sets = json_object_get(holdings, "sets"),
			.now = json_integer_value(json_object_get(holdings, "now_us")),
			.window = json_integer_value(json_object_get(holdings, "window_us"))};

		if (strcmp(shelf->repo->service.name, record->service) == 0 &&
		    (from_all || was_gathered(inputs, store_name(shelf->repo->store))))
			compare(&comparing);
	}
}
