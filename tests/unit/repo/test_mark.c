#include "repo/mark.h"

#include "service.h"

#include <string.h>

#define MADE (1795561402 * USEC_PER_SEC + 5)

static struct service service;

static Mark *sample(void)
{
	Mark *mark = g_new0(Mark, 1);

	mark->made = MADE;
	mark->timeline = 3;
	mark->lsn = 0x1234567890;
	mark->program = g_strdup("odrbackup 0.1.0");
	mark->name = g_strdup("vor dem Umzug (ü)");
	mark->note = g_strdup("Odoo 17 to 18");
	mark->host = g_strdup("db1");
	mark->system_identifier = G_MAXUINT64;
	return mark;
}

static GBytes *seal(Mark *mark)
{
	g_autoptr(GError) error = NULL;
	GBytes *object = mark_seal(mark, service.bundle, &error);

	g_assert_no_error(error);
	return object;
}

static bool parse(const void *object, size_t size, const char *id, const Identity *identity,
		  Mark **mark, GError **error)
{
	return mark_parse(&service.owner->service, identity, id, object, size, mark, error);
}

static void test_round_trip(void)
{
	g_autoptr(Mark) mark = sample(), again = NULL;
	g_autoptr(GBytes) object = seal(mark);
	g_autoptr(GError) error = NULL;

	parse(g_bytes_get_data(object, NULL), g_bytes_get_size(object), mark->id, service.identity,
	      &again, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(again->id, ==, mark->id);
	g_assert_cmpint(again->made, ==, MADE);
	g_assert_cmpuint(again->timeline, ==, 3);
	g_assert_cmpuint(again->lsn, ==, 0x1234567890);
	g_assert_cmpstr(again->name, ==, "vor dem Umzug (ü)");
	g_assert_cmpstr(again->note, ==, "Odoo 17 to 18");
	g_assert_cmpuint(again->system_identifier, ==, G_MAXUINT64);
}

static void test_without_key(void)
{
	g_autoptr(Mark) mark = sample(), again = NULL;
	g_autoptr(GBytes) object = seal(mark);
	g_autoptr(GError) error = NULL;

	parse(g_bytes_get_data(object, NULL), g_bytes_get_size(object), mark->id, NULL, &again,
	      &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->lsn, ==, 0x1234567890);
	g_assert_null(again->name);
	g_assert_null(memmem(g_bytes_get_data(object, NULL), g_bytes_get_size(object),
			     "vor dem Umzug", 13));
	g_assert_null(
		memmem(g_bytes_get_data(object, NULL), g_bytes_get_size(object), "Odoo 17 to", 10));
}

static void test_altered(void)
{
	g_autoptr(Mark) mark = sample();
	g_autoptr(GBytes) object = seal(mark);
	gsize size;
	const uint8_t *bytes = g_bytes_get_data(object, &size);

	for (size_t i = 0; i < size; i++) {
		g_autofree uint8_t *altered = g_memdup2(bytes, size);
		g_autoptr(Mark) again = NULL;

		altered[i] ^= 1;
		g_assert_false(parse(altered, size, mark->id, service.identity, &again, NULL));
	}
}

static void test_other_name(void)
{
	g_autoptr(Mark) mark = sample(), again = NULL;
	g_autoptr(GBytes) object = seal(mark);
	g_autoptr(GError) error = NULL;

	g_assert_false(parse(g_bytes_get_data(object, NULL), g_bytes_get_size(object),
			     "20261121T230501Z-0011223344556677", service.identity, &again,
			     &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
}

static void test_names(void)
{
	static const char *const good[] = {"a", "before upgrade", "ä"};
	static const char *const bad[] = {"", " a", "a ", "a\nb", "a\033b", "\xff"};
	g_autofree char *longest = g_strnfill(MARK_NAME_MAX, 'x');
	g_autofree char *longer = g_strnfill(MARK_NAME_MAX + 1, 'x');

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(mark_name_check(good[i], NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(mark_name_check(bad[i], &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_USAGE);
	}
	g_assert_true(mark_name_check(longest, NULL));
	g_assert_false(mark_name_check(longer, NULL));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/mark/every-member-comes-back", test_round_trip);
	g_test_add_func("/mark/name-and-note-are-sealed", test_without_key);
	g_test_add_func("/mark/every-altered-byte-is-noticed", test_altered);
	g_test_add_func("/mark/belongs-to-its-id", test_other_name);
	g_test_add_func("/mark/names-can-be-printed-and-have-63-bytes", test_names);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
