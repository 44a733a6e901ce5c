#include "fixture.h"

#include "base/process.h"
#include "collect/code.h"

/* In a folder of the host; git's own configuration is that of nobody. */
static void run(struct site *site, const char *folder, const char *script)
{
	g_autofree char *directory = g_strconcat(site->root, folder, NULL);
	const char *const argv[] = {"sh", "-ec", script, NULL};
	const char *const environment[] = {"PATH=/usr/bin:/bin",    "HOME=/nonexistent",
					   "GIT_AUTHOR_NAME=a",	    "GIT_AUTHOR_EMAIL=a@example",
					   "GIT_COMMITTER_NAME=a",  "GIT_COMMITTER_EMAIL=a@example",
					   "GIT_CONFIG_NOSYSTEM=1", NULL};
	struct process_result result = {0};

	g_assert_true(process_run(&(struct process_request){.argv = argv,
							    .directory = directory,
							    .environment = environment},
				  &result, NULL));
	if (result.status != 0)
		g_error("%s: %s", script, result.err);
	process_result_clear(&result);
}

static void write_out(const struct site *site, const char *item, const char *path)
{
	const GString *content = g_hash_table_lookup(site->contents, item);
	g_autofree char *real = g_strconcat(site->root, path, NULL);

	g_assert_nonnull(content);
	g_assert_true(g_file_set_contents(real, content->str, (gssize)content->len, NULL));
}

static void make_checkout(struct site *site)
{
	site_file(site, "/srv/custom/shop/__manifest__.py", "{}\n");
	run(site, "/srv/custom",
	    "git init -q -b main .; git add .; git commit -qm one; "
	    "git remote add origin https://user:geheim@git.example/shop.git");
}

static json_t *facts(const struct site *site)
{
	return site_table(site, "addons/git/srv/custom/repository.json");
}

static void test_clean(void)
{
	const char *const paths[] = {"/srv/custom", "/srv/custom/shop", NULL};
	struct site site;

	site_init(&site, "addons");
	make_checkout(&site);
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *items = site_paths(&site);
	g_autoptr(JsonValue) repository = facts(&site);

	g_assert_cmpstr(items, ==,
			"addons/git/srv/custom/history.bundle "
			"addons/git/srv/custom/repository.json");
	g_assert_cmpstr(json_string_value(json_object_get(repository, "branch")), ==, "main");
	g_assert_cmpstr(json_string_value(json_object_get(repository, "history")), ==, "all");
	g_assert_cmpuint(strlen(json_string_value(json_object_get(repository, "head"))), ==, 40);
	g_assert_false(json_is_true(json_object_get(repository, "changed")));
	const char *remotes = json_string_value(json_object_get(repository, "remotes"));

	g_assert_null(strstr(remotes, "geheim"));
	g_assert_nonnull(strstr(remotes, "@git.example/shop.git"));

	/* What was captured is the repository. */
	write_out(&site, "addons/git/srv/custom/history.bundle", "/b");
	run(&site, "",
	    "git clone -q b copy; test -e copy/shop/__manifest__.py; cd copy; "
	    "git log --format=%s | grep -qx one");
	site_clear(&site);
}

static void test_changed(void)
{
	const char *const paths[] = {"/srv/custom", NULL};
	struct site site;

	site_init(&site, "addons");
	make_checkout(&site);
	run(&site, "/srv/custom",
	    "echo '{1}' >shop/__manifest__.py; mkdir new; echo code >new/x.py; echo '*.log' >.gitignore; "
	    "echo no >a.log; ln -s new link");
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *notes = site_notes(&site);
	g_autoptr(JsonValue) repository = facts(&site);

	g_assert_cmpstr(notes, ==, "/srv/custom has changes that are not committed");
	g_assert_true(json_is_true(json_object_get(repository, "changed")));
	g_assert_cmpint(json_integer_value(json_object_get(repository, "untracked")), ==, 3);
	write_out(&site, "addons/git/srv/custom/history.bundle", "/b");
	write_out(&site, "addons/git/srv/custom/changes.diff", "/d");
	write_out(&site, "addons/git/srv/custom/untracked.tar", "/t");
	run(&site, "",
	    "git clone -q b copy; cd copy; git apply ../d; tar -xf ../t; diff -r . ../srv/custom -x .git -x a.log; "
	    "test ! -e a.log; test -L link");
	site_clear(&site);
}

static void test_unpushed(void)
{
	const char *const paths[] = {"/srv/custom", NULL};
	struct site site;

	site_init(&site, "addons");
	make_checkout(&site);
	run(&site, "/srv/custom", "git update-ref refs/remotes/origin/main HEAD");
	site.settings.paths = paths;
	site.settings.history = "unpushed";
	site_collects(&site);
	g_autofree char *none = site_paths(&site);

	g_assert_cmpstr(none, ==, "addons/git/srv/custom/repository.json");
	run(&site, "/srv/custom",
	    "cp -r . ../remote; echo 2 >two; git add two; git commit -qm two");
	site_collects(&site);
	write_out(&site, "addons/git/srv/custom/history.bundle", "/b");
	run(&site, "/srv/remote",
	    "git fetch -q ../../b main; git log --format=%s FETCH_HEAD | grep -qx two");

	site.settings.history = "none";
	site_collects(&site);
	g_autofree char *nothing = site_paths(&site);

	g_assert_cmpstr(nothing, ==, "addons/git/srv/custom/repository.json");
	site_clear(&site);
}

/* A whole history that is too large gives way to what no remote has. */
static void test_large(void)
{
	const char *const paths[] = {"/srv/custom", NULL};
	struct site site;

	site_init(&site, "addons");
	make_checkout(&site);
	run(&site, "/srv/custom",
	    "head -c 300000 /dev/urandom >noise; git add noise; git commit -qm noise; "
	    "git update-ref refs/remotes/origin/main HEAD");
	site.settings.paths = paths;
	site.settings.limit = 100000;
	site_collects(&site);
	g_autoptr(JsonValue) repository = facts(&site);

	g_assert_cmpstr(json_string_value(json_object_get(repository, "history")), ==, "unpushed");
	site.settings.history = "all";
	g_assert_false(site_run(&site));
	g_assert_cmpstr(
		site.error->message, ==,
		"collector addons: 'git bundle in /srv/custom' has more than 97.7 KiB: raise "
		"limit= of the collector, or leave it out");
	site_clear(&site);
}

static void test_folder(void)
{
	const char *const paths[] = {"/srv/plain/", NULL};
	struct site site;

	site_init(&site, "addons");
	site_file(&site, "/srv/plain/b/x.py", "x\n");
	site_file(&site, "/srv/plain/a/y.py", "y\n");
	site_file(&site, "/srv/plain/a/__pycache__/y.pyc", "z\n");
	site.settings.paths = paths;
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(items, ==, "addons/tar/srv/plain.tar");
	write_out(&site, "addons/tar/srv/plain.tar", "/t");
	run(&site, "",
	    "tar -tf t | tr '\\n' ' ' | grep -qx 'plain/ plain/a/ plain/a/y.py plain/b/ plain/b/x.py '");
	site_clear(&site);
}

static void test_by_conf(void)
{
	struct site site;

	site_init(&site, "addons");
	make_checkout(&site);
	site_file(
		&site, "/etc/odoo/odoo.conf",
		"[options]\naddons_path = /srv/custom,/srv/none,/usr/lib/python3/dist-packages/odoo/addons\n");
	site_file(&site, "/usr/lib/python3/dist-packages/odoo/addons/base/__manifest__.py", "{}");
	site_collects(&site);
	g_autofree char *items = site_paths(&site);

	g_assert_cmpstr(items, ==,
			"addons/git/srv/custom/history.bundle "
			"addons/git/srv/custom/repository.json");
	site_clear(&site);
}

static void test_git(void)
{
	const char *const wrong[] = {"/srv/plain", NULL}, *const missing[] = {"/srv/none", NULL};
	const char *const right[] = {"/srv/custom", NULL};
	struct site site;

	site_init(&site, "git");
	make_checkout(&site);
	site_file(&site, "/srv/plain/x", "");
	site.settings.paths = wrong;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==,
			"collector git: '/srv/plain' is no checkout of git");
	site.settings.paths = missing;
	g_assert_false(site_run(&site));
	g_assert_cmpstr(site.error->message, ==, "collector git: there is no folder '/srv/none'");
	site.settings.paths = right;
	site_collects(&site);
	/* Broken: named, it fails; with its addons_path, the files are taken. */
	run(&site, "/srv/custom", "rm -r .git/objects");
	g_assert_false(site_run(&site));
	g_assert_nonnull(strstr(
		site.error->message,
		"collector git: cannot look into the checkout /srv/custom: 'git' ended with"));
	site.settings.type = site.settings.name = "addons";
	site.settings.paths = NULL;
	site_file(&site, "/etc/odoo/odoo.conf", "[options]\naddons_path = /srv/custom\n");
	site_collects(&site);
	g_autofree char *items = site_paths(&site);
	g_autofree char *notes = site_notes(&site);

	g_assert_cmpstr(items, ==, "addons/tar/srv/custom.tar");
	g_assert_true(g_str_has_prefix(notes, "/srv/custom is taken without its history: "));
	site_clear(&site);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/collect/code/a-checkout-comes-back-from-its-bundle", test_clean);
	g_test_add_func("/collect/code/what-is-not-committed-comes-along", test_changed);
	g_test_add_func("/collect/code/only-what-no-remote-has", test_unpushed);
	g_test_add_func("/collect/code/a-large-history-gives-way", test_large);
	g_test_add_func("/collect/code/a-folder-is-an-archive", test_folder);
	g_test_add_func("/collect/code/folders-of-addons-path", test_by_conf);
	g_test_add_func("/collect/code/what-is-no-checkout", test_git);
	return g_test_run();
}
