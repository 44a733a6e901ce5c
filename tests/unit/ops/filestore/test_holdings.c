#include "ops/restore/filestore.h"

#include "../../repo/sample.h"
#include "../../repo/service.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SETS	   250
#define BEGIN	   ((usec_t)1795000000 * USEC_PER_SEC)
#define MINUTES(n) ((usec_t)(n)*USEC_PER_MIN)

/* Sets of a few days: captures of files each few minutes, some of them with a database before, which takes hours. */
static void put_set(struct service *service, unsigned number, usec_t begun, usec_t took,
		    usec_t before, bool files)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *time = clock_format(begun - begun % USEC_PER_SEC);
	g_autoptr(GString) id = g_string_new(NULL);
	g_autoptr(Manifest) manifest = NULL;
	struct timespec times[2];

	for (const char *c = time; *c && *c != '.'; c++)
		if (*c != '-' && *c != ':' && *c != 'Z')
			g_string_append_c(id, *c);
	g_string_append_printf(id, "Z-%08x", number);
	g_assert_true(set_id_valid(id->str));
	manifest = sample_manifest(id->str);
	if (!files)
		g_ptr_array_remove_index(manifest->parts, 1);
	for (guint i = 0; i < manifest->parts->len; i++) {
		struct set_part *part = manifest->parts->pdata[i];

		part->started = begun + before;
		part->stopped = begun + before + took;
	}
	if (files && g_test_rand_int_range(0, 5) == 0)
		json_set(json_object_get(manifest->facts, PART_FILESTORE), "incomplete",
			 json_true());

	g_autofree char *local = layout_set(id->str);
	g_autofree char *path = service_path(service, local);
	g_autoptr(GBytes) object = sample_seal(manifest, service->bundle);

	service_put(service, local, g_bytes_get_data(object, NULL), g_bytes_get_size(object));
	times[0].tv_sec = times[1].tv_sec =
		(time_t)((begun + before + took) / USEC_PER_SEC) + g_test_rand_int_range(0, 300);
	times[0].tv_nsec = times[1].tv_nsec = 0;
	g_assert_cmpint(utimensat(AT_FDCWD, path, times, 0), ==, 0);
}

/* One after another, as a lock on the part has it: but a long one was begun while others were made. */
static void put_sets(struct service *service)
{
	usec_t now = BEGIN;

	for (unsigned i = 0; i < SETS; i++) {
		usec_t before = g_test_rand_int_range(0, 20) == 0 ? MINUTES(150) : 0;
		usec_t took =
			MINUTES(g_test_rand_int_range(0, 8)) + g_test_rand_int_range(0, 1000000);

		put_set(service, i, now - before, took, before, g_test_rand_int_range(0, 8) > 0);
		now += took + MINUTES(g_test_rand_int_range(1, 12));
	}
}

static char *text_of(const struct filestore_choice *choice)
{
	GString *text = g_string_new(choice->base ? choice->base->set_id : "-");

	for (guint i = 0; i < choice->later->len; i++)
		g_string_append_printf(text, " %s",
				       ((const Manifest *)choice->later->pdata[i])->set_id);
	g_string_append_printf(text, " after %" G_GINT64_FORMAT " gap %s", choice->after_began,
			       choice->gap ? choice->gap : "-");
	return g_string_free(text, false);
}

/* What is read is enough: all sets would give the same. */
static void assert_same(struct service *service, const GPtrArray *all,
			const struct filestore_span *span)
{
	struct filestore_holdings holdings = {0};
	struct filestore_choice few = {0}, whole = {0};
	g_autoptr(GError) error = NULL;

	g_assert_true(filestore_holdings_read(service->repo, service->identity, &holdings, &error));
	g_assert_true(filestore_holdings_choose(&holdings, span, &few, &error));
	g_assert_no_error(error);
	g_assert_true(filestore_choose(all, NULL, span, &whole, &error));

	g_autofree char *found = text_of(&few), *expected = text_of(&whole);

	g_assert_cmpstr(found, ==, expected);
	filestore_choice_clear(&few);
	filestore_choice_clear(&whole);
	filestore_holdings_clear(&holdings);
}

static void test_few(void)
{
	struct service service;
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GError) error = NULL;

	service_set_up(&service);
	put_sets(&service);
	g_assert_true(manifest_list(service.repo, service.identity, &all, NULL, &error));
	g_assert_cmpuint(all->len, ==, SETS);
	for (int i = 0; i < 60; i++) {
		usec_t from = BEGIN + MINUTES(g_test_rand_int_range(-300, SETS * 11));
		struct filestore_span span = {from, from};

		if (i % 3 == 1)
			span.to += MINUTES(g_test_rand_int_range(0, 300));
		if (i % 3 == 2)
			span.to = G_MAXINT64;
		assert_same(&service, all, &span);
	}
	service_tear_down(&service);
}

static void assert_set(struct service *service, const char *wanted, unsigned number)
{
	struct filestore_holdings holdings = {0};
	const Manifest *manifest = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *end = g_strdup_printf("-%08x", number);

	g_assert_true(filestore_holdings_read(service->repo, service->identity, &holdings, &error));
	g_assert_true(filestore_holdings_set(&holdings, wanted, &manifest, &error));
	g_assert_true(g_str_has_suffix(manifest->set_id, end));
	/* There are more, which nobody asked for. */
	g_assert_cmpuint(holdings.manifests->len, <, SETS);
	filestore_holdings_clear(&holdings);
}

static void test_named(void)
{
	struct service service;
	struct filestore_holdings holdings = {0};
	const Manifest *manifest = NULL;
	g_autoptr(GError) error = NULL;

	service_set_up(&service);
	for (unsigned i = 0; i < SETS; i++)
		put_set(&service, i, BEGIN + MINUTES(i), USEC_PER_SEC, 0, i > 0 && i + 1 < SETS);
	assert_set(&service, "oldest", 1);
	assert_set(&service, "latest", SETS - 2);
	g_assert_true(filestore_holdings_read(service.repo, service.identity, &holdings, &error));
	g_assert_false(
		filestore_holdings_set(&holdings, "20200101T000000Z-00000000", &manifest, &error));
	assert_failed(error, ODR_ERROR_NOT_FOUND,
		      "there is no capture of the filestore in '20200101T000000Z-00000000'");
	filestore_holdings_clear(&holdings);
	service_tear_down(&service);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/filestore-holdings/few-sets-give-what-all-would", test_few);
	g_test_add_func("/filestore-holdings/one-set-is-found-among-many", test_named);
	return g_test_run();
}
