#include "ops/losses.h"

#include "base/file.h"
#include "ops/record.h"

#include <string.h>

#define SEGMENT ((uint32_t)16 << 20)
#define SEC(n)	((usec_t)(n)*USEC_PER_SEC)

struct site {
	char *folder;
	Catalog *catalog;
};

#define DO(call)                    \
 do {                               \
  g_autoptr(GError) failure = NULL; \
  bool done = (call);               \
  g_assert_no_error(failure);       \
  g_assert_true(done);              \
 } while (0)

static void put_set(struct site *site, const char *id, unsigned segment, int stored)
{
	struct catalog_set set = {.service = (char *)"erp",
				  .repository = (char *)"main",
				  .set_id = (char *)id,
				  .kind = (char *)"full",
				  .parts = (char *)PART_DATABASE,
				  .stopped = SEC(stored),
				  .stored_at = SEC(stored),
				  .timeline = 1,
				  .segment_size = SEGMENT,
				  .start_lsn = segment * (uint64_t)SEGMENT + 40,
				  .stop_lsn = segment * (uint64_t)SEGMENT + 400};

	DO(catalog_set_put(site->catalog, &set, &failure));
}

static void put_wal(struct site *site, unsigned segment, int stored)
{
	char name[WAL_SEGMENT_NAME_SIZE];
	struct catalog_wal wal = {name, 16, SEC(stored), SEC(stored)};

	wal_segment_name(1, segment * (uint64_t)SEGMENT, SEGMENT, name);
	DO(catalog_wal_put(site->catalog, "erp", "main", &wal, 1, &failure));
	DO(record_exposure(site->catalog, "erp", "main", &failure));
}

/* Two sets, at 100 and 300, and WAL up to 400. */
static void set_up(struct site *site, const void *data)
{
	g_autofree char *path = NULL;
	bool renewed;

	(void)data;
	site->folder = g_dir_make_tmp("odr-losses-XXXXXX", NULL);
	path = g_build_filename(site->folder, "catalog.db", NULL);
	site->catalog = catalog_open(path, &renewed, NULL);
	put_set(site, "a", 1, 100);
	put_wal(site, 1, 100);
	put_wal(site, 2, 200);
	put_set(site, "b", 3, 300);
	put_wal(site, 3, 300);
	put_wal(site, 4, 400);
}

static void tear_down(struct site *site, const void *data)
{
	(void)data;
	catalog_close(site->catalog);
	g_assert_true(file_remove_tree(site->folder, NULL));
	g_free(site->folder);
}

/* names: separated by blanks. files: how recent those are that are left. */
static void find(struct site *site, const char *names, int files)
{
	g_autoptr(GPtrArray) losses =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_loss_free);
	g_autoptr(GArray) points = g_array_new(false, false, sizeof(struct status_point));
	struct status_point point = {.part = PART_FILESTORE, .point = SEC(files)};
	g_auto(GStrv) words = g_strsplit(names, " ", -1);

	g_array_append_val(points, point);
	for (char **word = words; *word && **word; word++) {
		struct catalog_loss *loss = g_new0(struct catalog_loss, 1);

		*loss = (struct catalog_loss){g_strdup(*word), true, SEC(500)};
		g_ptr_array_add(losses, loss);
	}
	DO(losses_record(site->catalog, "erp", "main",
			 &(struct losses_found){.losses = losses,
						.read_back = true,
						.found_at = SEC(500),
						.points = points},
			 &failure));
}

/* The points of a part, in seconds; of a fall, which is made now, with what it revises. */
static void assert_points(struct site *site, const char *part, const char *expected)
{
	g_autoptr(GArray) events = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	DO(catalog_exposure(site->catalog, "erp", "main", part, 0, &events, &failure));
	for (guint i = 0; i < events->len; i++) {
		const struct catalog_exposure *event =
			&g_array_index(events, struct catalog_exposure, i);

		g_string_append_printf(text, "%s%d", i ? " " : "",
				       (int)(event->recovery_point / USEC_PER_SEC));
		if (event->revises)
			g_string_append_printf(text, "<%d", (int)event->revises);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static void test_wal(struct site *site, const void *data)
{
	(void)data;
	assert_points(site, PART_DATABASE, "100 200 300 400");
	find(site, "wal/000000010000000000000004", 0);
	assert_points(site, PART_DATABASE, "100 200 300 400 300<1");
	/* Looked at again, nothing else falls; nor does it rise by what is lost. */
	find(site, "wal/000000010000000000000004", 0);
	DO(record_exposure(site->catalog, "erp", "main", &failure));
	assert_points(site, PART_DATABASE, "100 200 300 400 300<1");
}

/* WAL leads on from the set before: nothing that was committed is lost. */
static void test_set(struct site *site, const void *data)
{
	(void)data;
	find(site, "set/b", 0);
	assert_points(site, PART_DATABASE, "100 200 300 400");
	find(site, "set/b wal/000000010000000000000002", 0);
	assert_points(site, PART_DATABASE, "100 200 300 400 100<1");
	find(site, "set/a set/b", 0);
	assert_points(site, PART_DATABASE, "100 200 300 400 100<1 0<1");
}

static void test_stored_again(struct site *site, const void *data)
{
	(void)data;
	find(site, "wal/000000010000000000000003", 0);
	assert_points(site, PART_DATABASE, "100 200 300 400 300<1");
	/* By the time at which the store has it, it is another one. */
	put_wal(site, 3, 600);
	put_wal(site, 4, 2000000000);
	assert_points(site, PART_DATABASE, "100 200 300 400 300<1 2000000000");
}

static void test_read_back(struct site *site, const void *data)
{
	(void)data;
	DO(catalog_fact_set(site->catalog, "read-back.erp.main", "250", &failure));
	find(site, "wal/000000010000000000000004", 0);
	assert_points(site, PART_DATABASE, "100 200 300 400 300<250");
}

static void test_files(struct site *site, const void *data)
{
	(void)data;
	for (int i = 1; i <= 3; i++)
		DO(catalog_exposure_add(site->catalog, "erp", "main", PART_FILESTORE,
					&(struct catalog_exposure){SEC(i * 100), SEC(i * 100 - 5)},
					&failure));
	find(site, "", 195);
	assert_points(site, PART_FILESTORE, "95 195 295");
	find(site, "set/c", 195);
	assert_points(site, PART_FILESTORE, "95 195 295 195<1");
}

static void site_test(const char *path, void (*test)(struct site *, const void *))
{
	g_test_add(path, struct site, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	site_test("/losses/wal-that-is-lost-ends-recovery-before-it", test_wal);
	site_test("/losses/a-set-that-is-lost-is-replaced-by-the-one-before", test_set);
	site_test("/losses/what-is-stored-again-counts", test_stored_again);
	site_test("/losses/what-was-read-back-was-good-until-then", test_read_back);
	site_test("/losses/files-fall-to-what-is-left-of-them", test_files);
	return g_test_run();
}
