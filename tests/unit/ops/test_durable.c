#include "ops/durable.h"

#include "base/error.h"
#include "base/file.h"
#include "repo/wal_journal.h"

#include <string.h>

#define SEGMENT_4 "000000010000000000000004"
#define SEGMENT_5 "000000010000000000000005"

struct site {
	char *state;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->state = g_dir_make_tmp("odr-durable-XXXXXX", &site->error);
	g_assert_no_error(site->error);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	g_clear_error(&site->error);
	file_remove_tree(site->state, NULL);
	g_free(site->state);
}

static void pushed(struct site *site, const char *file)
{
	g_autofree char *folder = g_build_filename(site->state, "wal", NULL);
	struct wal_record record = {.file = (char *)file, .repository = (char *)"main"};

	wal_journal_append(folder, &record, 1, &site->error);
	g_assert_no_error(site->error);
}

/* A snapshot of the data directory was brought back, the journal lies elsewhere. */
static void test_set_back(struct site *site, const void *data)
{
	(void)data;
	pushed(site, SEGMENT_4);
	g_assert_true(durable_check_present(site->state, SEGMENT_5, &site->error));
	g_assert_true(durable_check_present(site->state, "000000020000000000000004", &site->error));
	g_assert_false(durable_check_present(site->state, SEGMENT_4, &site->error));
	g_assert_error(site->error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_nonnull(strstr(site->error->message, "set back to an earlier state"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/durable/wal-of-another-past-proves-nothing", struct site, NULL, site_init,
		   test_set_back, site_clear);
	return g_test_run();
}
