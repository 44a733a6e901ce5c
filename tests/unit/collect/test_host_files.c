#include "fixture.h"

/* A tree with what patterns have to tell apart. */
static void fill(struct site *site)
{
	site_file(site, "/etc/odoo/odoo.conf", "[options]\nadmin_passwd = abc\n");
	site_file(site, "/etc/odoo/b.conf", "b\n");
	site_file(site, "/etc/odoo/.hidden.conf", "h\n");
	site_file(site, "/etc/odoo/conf.d/deep/c.conf", "c\n");
	site_file(site, "/etc/odoo/conf.d/deep/c.txt", "t\n");
	site_file(site, "/etc/odoo/.git/config", "g\n");
	site_file(site, "/srv/real/target", "target\n");
	site_link(site, "/etc/odoo/link", "../../srv/real/target");
	site_link(site, "/etc/odoo/dangling", "nowhere");
	site_link(site, "/etc/odoo/folder", "../../srv/real");
}

static const struct {
	const char *pattern, *found;
} patterns[] = {
	{"/etc/odoo/odoo.conf", "/etc/odoo/odoo.conf"},
	{"/etc//odoo/odoo.conf", "/etc/odoo/odoo.conf"},
	{"/etc/odoo/*.conf", "/etc/odoo/b.conf /etc/odoo/odoo.conf"},
	{"/etc/odoo/.*.conf", "/etc/odoo/.hidden.conf"},
	{"/etc/*/[a-c].conf", "/etc/odoo/b.conf"},
	{"/etc/odoo/?.conf", "/etc/odoo/b.conf"},
	{"/etc/odoo/conf.d", "/etc/odoo/conf.d/deep/c.conf /etc/odoo/conf.d/deep/c.txt"},
	{"/etc/odoo/conf.d/", "/etc/odoo/conf.d/deep/c.conf /etc/odoo/conf.d/deep/c.txt"},
	{"/etc/**/*.conf", "/etc/odoo/b.conf /etc/odoo/conf.d/deep/c.conf /etc/odoo/odoo.conf"},
	{"/etc/odoo/conf.d/**", "/etc/odoo/conf.d/deep/c.conf /etc/odoo/conf.d/deep/c.txt"},
	{"/etc/odoo/l*", "/etc/odoo/link"},
	{"/etc/odoo/folder/target", "/etc/odoo/folder/target"},
	{"/etc/nothing", ""},
	{"/etc/nothing/*", ""},
	{"/", ""},
};

static void test_patterns(void)
{
	struct site site;

	site_init(&site, "files");
	fill(&site);
	struct collection collection = {.host = &site.host, .settings = &site.settings};

	for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
		g_autoptr(GPtrArray) found =
			collection_match(&collection, patterns[i].pattern, NULL);

		g_ptr_array_add(found, NULL);
		g_autofree char *text = g_strjoinv(" ", (char **)found->pdata);

		g_assert_cmpstr(text, ==, patterns[i].found);
	}
	site_clear(&site);
}

static void test_file(void)
{
	const char *const paths[] = {"/etc/odoo/odoo.conf", "/etc/odoo/*.conf", NULL};
	struct site site;

	site_init(&site, "files");
	fill(&site);
	g_autofree char *real = g_strconcat(site.root, "/etc/odoo/odoo.conf", NULL);

	g_assert_cmpint(g_chmod(real, 0640), ==, 0);
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *all = site_paths(&site);

	g_assert_cmpstr(all, ==, "files/files/etc/odoo/b.conf files/files/etc/odoo/odoo.conf");
	const struct collect_item *item =
		collect_index_item(site.index, "files/files/etc/odoo/odoo.conf");

	g_assert_cmpstr(item->source, ==, "/etc/odoo/odoo.conf");
	g_assert_cmpuint(item->mode, ==, 0640);
	g_assert_cmpuint(item->uid, ==, getuid());
	g_assert_cmpstr(item->owner, ==, g_get_user_name());
	g_assert_true(item->in_place);
	g_assert_true(item->masked);
	g_assert_cmpint(item->form, ==, COLLECT_FORM_TEXT);
	g_assert_null(strstr(site_content(&site, item->path), "abc"));
	item = collect_index_item(site.index, "files/files/etc/odoo/b.conf");
	g_assert_false(item->masked);
	site_clear(&site);
}

static void test_links(void)
{
	const char *const paths[] = {"/etc/odoo/link", "/etc/odoo/dangling", "/etc/odoo/folder",
				     NULL};
	struct site site;

	site_init(&site, "files");
	fill(&site);
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *all = site_paths(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(all, ==,
			"files/files/etc/odoo/dangling files/files/etc/odoo/folder "
			"files/files/etc/odoo/link files/files/srv/real/target");
	const struct collect_item *item =
		collect_index_item(site.index, "files/files/etc/odoo/link");

	g_assert_cmpint(item->form, ==, COLLECT_FORM_LINK);
	g_assert_cmpstr(item->link, ==, "../../srv/real/target");
	g_assert_cmpstr(site_content(&site, "files/files/srv/real/target"), ==, "target\n");
	g_assert_cmpstr(notes, ==, "the link '/etc/odoo/dangling' leads nowhere");
	site_clear(&site);
}

static void test_odd_names(void)
{
	const char *const paths[] = {"/etc/odd", NULL};
	struct site site;

	site_init(&site, "files");
	site_file(&site, "/etc/odd/fine", "x\n");
	site_file(&site, "/etc/odd/line\nbreak", "x\n");
	site_file(&site, "/etc/odd/\xff", "x\n");
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *all = site_paths(&site);

	g_assert_cmpstr(all, ==, "files/files/etc/odd/fine");
	g_assert_cmpuint(site_report(&site)->notes->len, ==, 2);
	g_assert_cmpstr(
		site_report(&site)->notes->pdata[0], ==,
		"'/etc/odd/line\nbreak' is left out: its name has control characters, or is "
		"not UTF-8");
	site_clear(&site);
}

static void test_missing(void)
{
	const char *const paths[] = {"/etc/odoo/no.conf", NULL};
	const char *const empty[] = {"/etc/odoo/no*", NULL};
	struct site site;

	site_init(&site, "files");
	fill(&site);
	site.settings.paths = paths;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector files: there is no '/etc/odoo/no.conf'");
	site.settings.paths = empty;
	site_collects(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(notes, ==, "there is nothing in '/etc/odoo/no*'");
	site.settings.paths = NULL;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector files: a collector of files needs paths=");
	site_clear(&site);
}

static void test_forbidden(void)
{
	const char *const file[] = {"/etc/odoo/odoo.conf", NULL};
	const char *const folder[] = {"/etc/odoo/conf.d/*", NULL};
	struct site site;

	if (geteuid() == 0) {
		g_test_skip("root may read everything");
		return;
	}
	site_init(&site, "files");
	fill(&site);
	g_autofree char *real_file = g_strconcat(site.root, file[0], NULL);
	g_autofree char *real_folder = g_strconcat(site.root, "/etc/odoo/conf.d", NULL);

	g_chmod(real_file, 0);
	g_chmod(real_folder, 0);
	site.settings.paths = file;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector files: cannot read '/etc/odoo/odoo.conf': Permission denied");
	site.settings.paths = folder;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector files: cannot read the folder '/etc/odoo/conf.d'");
	g_chmod(real_folder, 0700);
	site_clear(&site);
}

static void test_secret_files(void)
{
	const char *const paths[] = {"/etc/ssl", NULL};
	struct site site;

	site_init(&site, "files");
	site_file(&site, "/etc/ssl/a.key", "whatever\n");
	site_file(&site, "/etc/ssl/b.pem",
		  "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n");
	site.settings.paths = paths;
	site_collects(&site);
	g_assert_true(
		g_str_has_prefix(site_content(&site, "files/files/etc/ssl/a.key"), "<masked "));
	g_assert_null(strstr(site_content(&site, "files/files/etc/ssl/b.pem"), "MII"));
	site.settings.sealed = true;
	site_collects(&site);
	g_assert_cmpstr(site_content(&site, "files/files/etc/ssl/a.key"), ==, "whatever\n");
	g_assert_nonnull(strstr(site_content(&site, "files/files/etc/ssl/b.pem"), "MII"));
	site_clear(&site);
}

static void test_large(void)
{
	const char *const paths[] = {"/srv/large", NULL};
	g_autofree char *text = g_strnfill(MASK_TEXT_MAX + 1, 'x');
	struct site site;

	site_init(&site, "files");
	site_file(&site, "/srv/large", text);
	site.settings.paths = paths;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(
		site.error->message, ==,
		"collector files: '/srv/large' has more than 16 MiB of text, too much to look for "
		"secrets in: leave it out, or set secrets=sealed for the collector");
	site.settings.sealed = true;
	site_collects(&site);
	g_assert_cmpuint(strlen(site_content(&site, "files/files/srv/large")), ==,
			 MASK_TEXT_MAX + 1);
	site.settings.limit = MASK_TEXT_MAX;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector files: '/srv/large' has more than 16 MiB: raise limit= of the "
			"collector, or leave it out");
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/files/match-patterns", test_patterns);
	g_test_add_func("/collect/files/come-with-what-the-host-knows", test_file);
	g_test_add_func("/collect/files/links-bring-what-they-lead-to", test_links);
	g_test_add_func("/collect/files/with-odd-names-are-left-out", test_odd_names);
	g_test_add_func("/collect/files/that-were-asked-for-must-be-there", test_missing);
	g_test_add_func("/collect/files/that-were-asked-for-must-be-readable", test_forbidden);
	g_test_add_func("/collect/files/of-secrets-are-masked-as-a-whole", test_secret_files);
	g_test_add_func("/collect/files/of-much-text-are-not-taken-unseen", test_large);
	return g_test_run();
}
