#include "site.h"

static void put_mark_and_moment(struct site *site, usec_t time)
{
	static const uint8_t digest[MARK_DIGEST_SIZE] = {1};
	g_autofree char *mark_id = mark_id_of(time, digest), *mark = layout_mark(mark_id);
	g_autofree char *name = set_id_new(time), *moment = layout_moment(PART_FILESTORE, name);

	put(site, mark, "mark", 4, time);
	put(site, moment, "moment", 6, time);
}

/* Sets 0 to 3 go: what is younger than set 4 stays, and so does what is neither. */
static void test_marks(struct site *site, const void *data)
{
	const struct expire_repository *out;

	(void)data;
	put_days(site, 15);
	put_mark_and_moment(site, DAY(2));
	put_mark_and_moment(site, DAY(3));
	put_mark_and_moment(site, DAY(4) + 2 * USEC_PER_HOUR);
	put(site, "mark/of-others", "?", 1, DAY(1));
	out = expire_ok(site, DAY(14) + 2 * USEC_PER_HOUR);
	g_assert_cmpuint(out->marks, ==, 2);
	g_assert_cmpuint(out->moments, ==, 2);
	g_assert_cmpuint(count(site, "mark/"), ==, 2);
	g_assert_cmpuint(count(site, "moment/"), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add("/expire/marks-and-moments-go-with-the-sets-that-lead-to-them", test_marks);
	return g_test_run();
}
