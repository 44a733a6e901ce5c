#include "ops/filestore_state.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define FIRST  "20261121T230501Z-00000001"
#define SECOND "20261122T230501Z-00000002"
#define THIRD  "20261123T230501Z-00000003"

static FilestoreState *sample(const char *set_id, const char *layer)
{
	FilestoreState *state = filestore_state_new();
	struct damage *damage = g_new0(struct damage, 1);
	json_t *facts = json_object();

	state->set_id = g_strdup(set_id);
	state->published = 1795561501123456;
	state->generation = g_strdup("20270131-00112233445566ff");
	state->generation_started = 1795561401000001;
	state->lock_until = 1801612799999999;
	state->keys = g_strdup("00ff");
	state->layout = g_strdup("odoo");
	g_ptr_array_add(state->stores, g_strdup("posix /srv/backup"));
	g_ptr_array_add(state->layers, filestore_layer_new(layer));
	state->folders = g_strdup("folders-1");
	state->listed = 3;
	state->judged = 4;
	state->files = 5;
	state->bytes = 6;
	json_set_int(facts, "files", 5);
	json_set(state->trees, "shop", facts);
	damage->path = g_strdup("filestore/caf\xe9/a7/\xff");
	damage->what = g_strdup("it is empty");
	g_ptr_array_add(state->damaged, damage);
	return state;
}

static void test_round_trip(void)
{
	g_autoptr(FilestoreState) state = sample(FIRST, "a");
	g_autofree char *text = filestore_state_print(state);
	g_autoptr(FilestoreState) again = NULL;
	g_autoptr(GError) error = NULL;

	filestore_state_parse(text, strlen(text), &again, &error);
	g_assert_no_error(error);
	g_autofree char *text_again = filestore_state_print(again);

	g_assert_cmpstr(text, ==, text_again);
	g_assert_cmpstr(((struct damage *)again->damaged->pdata[0])->path, ==,
			"filestore/caf\xe9/a7/\xff");
}

static void test_wrong_text(void)
{
	static const char *const edits[][2] = {
		{"\"format\":1", "\"format\":2"},
		{FIRST, "../../../../etc/passwd.."},
		{"\"name\":\"a\"", "\"name\":\"../a\""},
		{"\"name\":\"a\"", "\"name\":\"\""},
		{"\"folders\":\"folders-1\"", "\"folders\":\"/etc/passwd\""},
		{"\"files\":5,\"folders\"", "\"files\":-5,\"folders\""},
		{"\"root\":\"00", "\"root\":\"0"},
		{"\"layers\":[", "\"layers\":[],\"old\":["},
		{"\"stores\":[", "\"stores\":[1,"},
		{"\"damaged\":[", "\"damaged\":[{},"},
		{"\"trees\":{", "\"trees\":[],\"old\":{"},
		{"{", "["},
	};
	g_autoptr(FilestoreState) state = sample(FIRST, "a");
	g_autofree char *good = filestore_state_print(state);

	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_auto(GStrv) parts = g_strsplit(good, edits[i][0], 2);
		g_autofree char *text = g_strjoinv(edits[i][1], parts);
		g_autoptr(FilestoreState) parsed = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_cmpstr(text, !=, good);
		if (filestore_state_parse(text, strlen(text), &parsed, &error))
			g_error("taken: %s", edits[i][1]);
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	}
}

struct site {
	char *folder;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->folder = g_dir_make_tmp("odr-state-XXXXXX", &site->error);
	g_assert_no_error(site->error);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_clear_error(&site->error);
}

static void touch(struct site *site, const char *name)
{
	g_autofree char *path = g_build_filename(site->folder, name, NULL);

	g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

static bool is_there(struct site *site, const char *name)
{
	g_autofree char *path = g_build_filename(site->folder, name, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void touch_layer(struct site *site, const char *name)
{
	g_autofree char *layer = g_strconcat("layer-", name, NULL);
	g_autofree char *table = g_strconcat("table-", name, NULL);

	touch(site, layer);
	touch(site, table);
}

/* The set of the state that is loaded, "" where there is none; *lost gets why. */
static char *load(struct site *site, const char *last_set, char **lost)
{
	g_autoptr(FilestoreState) state = NULL;

	filestore_state_load(site->folder, last_set, &state, lost, &site->error);
	g_assert_no_error(site->error);
	return g_strdup(state->set_id ? state->set_id : "");
}

static void assert_loads(struct site *site, const char *last_set, const char *expected,
			 const char *why)
{
	g_autofree char *lost = NULL;
	g_autofree char *set_id = load(site, last_set, &lost);

	g_assert_cmpstr(set_id, ==, expected);
	if (!why)
		g_assert_null(lost);
	else if (!lost || !strstr(lost, why))
		g_error("'%s' is not in: %s", why, lost ? lost : "nothing");
}

static void prepare(struct site *site, const char *set_id, const char *layer)
{
	g_autoptr(FilestoreState) state = sample(set_id, layer);

	touch_layer(site, layer);
	g_assert_true(filestore_state_prepare(site->folder, state, &site->error));
}

static void adopt(struct site *site, const char *set_id, const char *layer)
{
	g_autoptr(FilestoreState) state = sample(set_id, layer);

	prepare(site, set_id, layer);
	g_assert_true(filestore_state_adopt(site->folder, state, &site->error));
}

static void test_choice(struct site *site, const void *data)
{
	(void)data;
	assert_loads(site, NULL, "", NULL);
	assert_loads(site, FIRST, "", "nothing is known here of set " FIRST);
	adopt(site, FIRST, "a");
	assert_loads(site, FIRST, FIRST, NULL);
	/* A chain that began anew does not know. */
	assert_loads(site, NULL, FIRST, NULL);

	/* Died before its set was journaled. */
	prepare(site, SECOND, "b");
	assert_loads(site, FIRST, FIRST, NULL);
	g_assert_false(is_there(site, "layer-b"));
	g_assert_false(is_there(site, "next"));

	/* Died after. */
	prepare(site, SECOND, "b");
	assert_loads(site, SECOND, SECOND, NULL);
	assert_loads(site, SECOND, SECOND, NULL);
	g_assert_false(is_there(site, "layer-a"));

	/* Somebody else published: from an older copy of this folder, say. */
	assert_loads(site, THIRD, "", "set " THIRD " was published since");
	g_assert_false(is_there(site, "state"));
}

static void test_missing_files(struct site *site, const void *data)
{
	g_autofree char *path = g_build_filename(site->folder, "layer-a", NULL);

	(void)data;
	adopt(site, FIRST, "a");
	g_assert_true(file_remove_tree(path, NULL));
	assert_loads(site, FIRST, "", "are missing");
}

static void test_damaged(struct site *site, const void *data)
{
	(void)data;
	adopt(site, FIRST, "a");
	touch(site, "state");
	assert_loads(site, FIRST, "", "the filestore's state");
}

static void test_cleaning(struct site *site, const void *data)
{
	(void)data;
	touch(site, "pass-1");
	touch(site, "layer-x.new");
	touch(site, "folders-1");
	touch(site, "folders-0");
	adopt(site, FIRST, "a");
	g_assert_false(is_there(site, "pass-1"));
	g_assert_false(is_there(site, "layer-x.new"));
	g_assert_false(is_there(site, "folders-0"));
	g_assert_true(is_there(site, "folders-1"));
	g_assert_true(is_there(site, "table-a"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filestore/state/round-trip", test_round_trip);
	g_test_add_func("/filestore/state/refuses-what-it-cannot-be", test_wrong_text);
#define add(name, test) g_test_add(name, struct site, NULL, site_init, test, site_clear)
	add("/filestore/state/the-chain-says-which-one-holds", test_choice);
	add("/filestore/state/without-its-files-it-is-lost", test_missing_files);
	add("/filestore/state/damaged-it-is-lost", test_damaged);
	add("/filestore/state/what-it-does-not-name-goes", test_cleaning);
	return g_test_run();
}
