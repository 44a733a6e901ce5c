#include "copied.h"

#include <fcntl.h>

/* Which files are left as they are by a delta. */
static void compared(struct site *site, const void *data)
{
	static const char *const names[] = {"a-same", "b-byte",	 "c-longer", "d-shorter",
					    "e-gone", "f-empty", "g-link",   "h-large"};
	static const bool wanted[] = {true, false, false, false, false, true, false, true};
	bool kept[G_N_ELEMENTS(names)] = {false};
	struct materialize_settings settings = settings_of(site);
	GError *error = NULL;

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		add_noise(site, names[i], i == 5 ? 0 : i == 7 ? 3 * MIB : 20000);
	capture(site, 1, 1);
	restore(site);

	g_autoptr(EntryList) entries = entry_list_new(site->target);
	char *file[G_N_ELEMENTS(names)];

	for (guint i = 0; i < site->entries->len; i++) {
		file[i] = target_of(site, site->entries->pdata[i]);
		entry_list_add(entries, site->entries->pdata[i], &error);
		must(error);
	}
	int fd = open(file[1], O_RDWR);

	g_assert_cmpint(pwrite(fd, "!", 1, 12345), ==, 1);
	close(fd);
	g_assert_cmpint(truncate(file[2], 20001), ==, 0);
	g_assert_cmpint(truncate(file[3], 19999), ==, 0);
	g_assert_cmpint(unlink(file[4]), ==, 0);
	g_assert_cmpint(unlink(file[6]), ==, 0);
	g_assert_cmpint(symlink(file[0], file[6]), ==, 0);
	g_assert_cmpint(chmod(file[7], 0600), ==, 0);

	materialize_compare(&(struct materialize_comparison){.settings = &settings,
							     .entries = entries,
							     .path_of = path_of,
							     .data = site},
			    kept, &error);
	must(error);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (kept[i] != wanted[i])
			g_error("%s: kept is %d", names[i], kept[i]);
		g_free(file[i]);
	}
	/* Attributes are made right all the same. */
	assert_same_file(site, "h-large");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/materialize/compared", struct site, NULL, site_init, compared, site_clear);
	return g_test_run();
}
