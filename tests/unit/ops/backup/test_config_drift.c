#include "ops/backup/config_drift.h"

#include "base/file.h"

#include <glib/gstdio.h>
#include <string.h>

static const uint8_t secret[KEY_SIZE] = {7};

struct example {
	const char *path, *content;
	uint32_t mode;
};

/* content NULL: it is not there. */
static CollectIndex *index_of(const struct example *examples, size_t count)
{
	CollectIndex *index = collect_index_new();

	for (size_t i = 0; i < count; i++) {
		struct collect_item *item;

		if (!examples[i].content)
			continue;
		item = g_new0(struct collect_item, 1);
		item->path = g_strdup(examples[i].path);
		item->mode = examples[i].mode;
		sha256(examples[i].content, strlen(examples[i].content), item->sha256);
		g_ptr_array_add(index->items, item);
	}
	return index;
}

static const struct example drilled[] = {
	{"site/one", "1", 0644}, {"site/two", "2", 0644}, {"site/three", "3", 0644}};
static const struct example altered[] = {{"site/one", "other", 0644},
					 {"site/two", "2", 0600},
					 {"site/three", NULL, 0},
					 {"site/four", "4", 0644}};

static char *folder_new(void)
{
	GError *error = NULL;
	char *folder = g_dir_make_tmp("config-drift-XXXXXX", &error);

	g_assert_no_error(error);
	return folder;
}

static void folder_remove(char *folder)
{
	g_autofree char *file = g_build_filename(folder, "config-items.json", NULL);

	g_unlink(file);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
	g_free(folder);
}

static void capture(const char *state, const char *set, const struct example *examples,
		    size_t count)
{
	g_autoptr(CollectIndex) index = index_of(examples, count);
	g_autoptr(GError) error = NULL;

	config_drift_captured(state, &(struct config_captured){set, index, secret}, &error);
	g_assert_no_error(error);
}

static void drill(const char *state, const char *set, const char *run)
{
	g_autoptr(CollectIndex) index = index_of(drilled, G_N_ELEMENTS(drilled));
	g_autoptr(GError) error = NULL;

	config_drift_drilled(state,
			     &(struct config_drilled){run, 5 * USEC_PER_DAY, {set, index, secret}},
			     &error);
	g_assert_no_error(error);
}

static void expect(const char *state, int64_t items, const char *from, const char *to)
{
	struct config_drift drift;

	config_drift_read(state, &drift);
	g_assert_cmpint(drift.items, ==, items);
	g_assert_cmpstr(drift.drilled, ==, from);
	g_assert_cmpstr(drift.captured, ==, to);
	config_drift_clear(&drift);
}

/* Captures that follow each other are not compared: what was drilled is what one knows to come back. */
static void against_the_drill(void)
{
	char *state = folder_new();
	struct config_drift drift;

	expect(state, -1, NULL, NULL);
	capture(state, "20261101T000000Z-00000000", drilled, G_N_ELEMENTS(drilled));
	capture(state, "20261102T000000Z-00000000", altered, G_N_ELEMENTS(altered));
	expect(state, -1, NULL, "20261102T000000Z-00000000");
	drill(state, "20261101T000000Z-00000000", "20261103T000000Z-00000000");
	config_drift_read(state, &drift);
	g_assert_cmpint(drift.items, ==, 4);
	g_assert_cmpstr(drift.paths->pdata[0], ==, "site/four");
	g_assert_cmpstr(drift.paths->pdata[3], ==, "site/two");
	g_assert_cmpstr(drift.run, ==, "20261103T000000Z-00000000");
	g_assert_cmpint(drift.time, ==, 5 * USEC_PER_DAY);
	config_drift_clear(&drift);
	capture(state, "20261104T000000Z-00000000", drilled, G_N_ELEMENTS(drilled));
	expect(state, 0, "20261101T000000Z-00000000", "20261104T000000Z-00000000");
	folder_remove(state);
}

/* A host that only drills knows what was drilled; an older set never takes the place of a newer one. */
static void newest_is_kept(void)
{
	char *state = folder_new();

	drill(state, "20261101T000000Z-00000000", "20261103T000000Z-00000000");
	expect(state, 0, "20261101T000000Z-00000000", "20261101T000000Z-00000000");
	capture(state, "20261105T000000Z-00000000", altered, G_N_ELEMENTS(altered));
	capture(state, "20261104T000000Z-00000000", drilled, G_N_ELEMENTS(drilled));
	expect(state, 4, "20261101T000000Z-00000000", "20261105T000000Z-00000000");
	folder_remove(state);
}

/* Of captures made in one second the last is the newest, whatever their ids are; and no drill of another is. */
static void one_second(void)
{
	char *state = folder_new();

	drill(state, "20261101T000000Z-00000000", "20261103T000000Z-00000000");
	capture(state, "20261105T000000Z-bbbbbbbb", drilled, G_N_ELEMENTS(drilled));
	capture(state, "20261105T000000Z-aaaaaaaa", altered, G_N_ELEMENTS(altered));
	expect(state, 4, "20261101T000000Z-00000000", "20261105T000000Z-aaaaaaaa");
	drill(state, "20261105T000000Z-bbbbbbbb", "20261106T000000Z-00000000");
	expect(state, 4, "20261105T000000Z-bbbbbbbb", "20261105T000000Z-aaaaaaaa");
	folder_remove(state);
}

/* What cannot be read is not known, and is written anew. */
static void damaged(void)
{
	static const char *const texts[] = {"", "{", "[]", "{\"captured\":7,\"drilled\":{}}",
					    "{\"items\":{},\"changed\":3}"};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		char *state = folder_new();
		g_autofree char *file = g_build_filename(state, "config-items.json", NULL);

		g_assert_true(g_file_set_contents(file, texts[i], -1, NULL));
		expect(state, -1, NULL, NULL);
		drill(state, "20261101T000000Z-00000000", "20261103T000000Z-00000000");
		expect(state, 0, "20261101T000000Z-00000000", "20261101T000000Z-00000000");
		folder_remove(state);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ops/backup/config-drift/against-the-drill", against_the_drill);
	g_test_add_func("/ops/backup/config-drift/newest-is-kept", newest_is_kept);
	g_test_add_func("/ops/backup/config-drift/one-second", one_second);
	g_test_add_func("/ops/backup/config-drift/damaged", damaged);
	return g_test_run();
}
