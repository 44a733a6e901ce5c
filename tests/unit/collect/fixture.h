/* A host in a folder, a sink in memory, and one collector run over them. */
#include "base/error.h"
#include "base/file.h"
#include "collect/collector.h"
#include "crypto/keys.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct site {
	char *root;
	struct collect_host host;
	struct collect_settings settings; /* of the one collector */
	uint64_t total_limit;
	GHashTable *contents; /* path → GString */
	GString *open;
	unsigned dropped, fail_at; /* the sink fails at its n-th write */
	unsigned writes;
	CollectIndex *index;
	GError *error;
};

static bool site_begin(void *data, GError **error)
{
	struct site *site = data;

	(void)error;
	g_assert_null(site->open);
	site->open = g_string_new(NULL);
	return true;
}

static bool site_write(void *data, const void *bytes, size_t size, GError **error)
{
	struct site *site = data;

	if (++site->writes == site->fail_at)
		return odr_fail(error, ODR_ERROR_NO_SPACE, "the sink is full");
	g_string_append_len(site->open, bytes, (gssize)size);
	return true;
}

static bool site_end(void *data, const struct collect_item *item, GError **error)
{
	struct site *site = data;
	uint8_t digest[SHA256_SIZE];

	(void)error;
	sha256(site->open->str, site->open->len, digest);
	g_assert_cmpmem(digest, sizeof(digest), item->sha256, sizeof(digest));
	g_assert_cmpuint(item->size, ==, site->open->len);
	g_hash_table_insert(site->contents, g_strdup(item->path), g_steal_pointer(&site->open));
	return true;
}

static void site_drop(void *data)
{
	struct site *site = data;

	site->dropped++;
	g_assert_nonnull(site->open);
	g_string_free(g_steal_pointer(&site->open), true);
}

static void string_free(void *data)
{
	g_string_free(data, true);
}

static const uint8_t site_secret[KEY_SIZE] = {1, 2, 3};

static void site_init(struct site *site, const char *type)
{
	*site = (struct site){.root = g_dir_make_tmp("odr-collect-XXXXXX", NULL)};
	g_assert_nonnull(site->root);
	site->host = (struct collect_host){
		.root = site->root, .run_id = "run", .digest_secret = site_secret};
	site->settings = (struct collect_settings){.name = type,
						   .type = type,
						   .required = true,
						   .limit = (uint64_t)64 << 20,
						   .timeout = 60 * USEC_PER_SEC};
	site->total_limit = (uint64_t)1 << 30;
	site->contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, string_free);
}

static void site_clear(struct site *site)
{
	g_clear_pointer(&site->index, collect_index_free);
	g_clear_error(&site->error);
	g_hash_table_unref(site->contents);
	if (site->open)
		g_string_free(site->open, true);
	file_remove_tree(site->root, NULL);
	g_free(site->root);
}

/* Makes a file of the host with its folders. */
G_GNUC_UNUSED static void site_file(struct site *site, const char *path, const char *content)
{
	g_autofree char *real = g_strconcat(site->root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(real);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_assert_true(g_file_set_contents(real, content, -1, NULL));
}

G_GNUC_UNUSED static void site_link(struct site *site, const char *path, const char *target)
{
	g_autofree char *real = g_strconcat(site->root, path, NULL);

	g_assert_cmpint(symlink(target, real), ==, 0);
}

/* What collect_run gives; its error stays in site->error. */
G_GNUC_UNUSED static bool site_run(struct site *site)
{
	const struct collect_sink sink = {site_begin, site_write, site_end, site_drop, site};
	g_autoptr(GPtrArray) collectors = g_ptr_array_new();
	bool done;

	g_clear_error(&site->error);
	g_clear_pointer(&site->index, collect_index_free);
	g_hash_table_remove_all(site->contents);
	g_ptr_array_add(collectors, &site->settings);
	done = collect_run(&(struct collect_request){.collectors = collectors,
						     .host = &site->host,
						     .sink = &sink,
						     .total_limit = site->total_limit},
			   &site->index, &site->error);
	return done;
}

/* As site_run, and it is collected. */
G_GNUC_UNUSED static void site_collects(struct site *site)
{
	bool done = site_run(site);

	g_assert_no_error(site->error);
	g_assert_true(done);
	for (guint i = 0; i < site->index->reports->len; i++) {
		const struct collect_report *report = site->index->reports->pdata[i];

		g_assert_cmpstr(report->reason, ==, NULL);
		g_assert_cmpint(report->state, ==, COLLECT_COLLECTED);
	}
}

G_GNUC_UNUSED static const struct collect_report *site_report(const struct site *site)
{
	return site->index->reports->pdata[0];
}

G_GNUC_UNUSED static const char *site_content(const struct site *site, const char *path)
{
	const GString *content = g_hash_table_lookup(site->contents, path);

	return content ? content->str : NULL;
}

/* The paths of all items, joined by blanks; g_free. */
G_GNUC_UNUSED static char *site_paths(const struct site *site)
{
	GString *paths = g_string_new(NULL);

	for (guint i = 0; i < site->index->items->len; i++)
		g_string_append_printf(
			paths, "%s%s", i ? " " : "",
			((const struct collect_item *)site->index->items->pdata[i])->path);
	return g_string_free(paths, false);
}

/* The notes, joined by newlines; g_free. */
G_GNUC_UNUSED static char *site_notes(const struct site *site)
{
	const GPtrArray *notes = site_report(site)->notes;
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < notes->len; i++)
		g_string_append_printf(text, "%s%s", i ? "\n" : "", (char *)notes->pdata[i]);
	return g_string_free(text, false);
}

/* A row of a table that was collected; json_decref. */
G_GNUC_UNUSED static json_t *site_table(const struct site *site, const char *path)
{
	const char *text = site_content(site, path);
	json_t *table = NULL;

	g_assert_nonnull(text);
	g_assert_true(json_parse(text, strlen(text), path, &table, NULL));
	return table;
}

/* A program of that name, first in PATH: a script for sh. */
G_GNUC_UNUSED static void site_program(struct site *site, const char *name, const char *script)
{
	g_autofree char *folder = g_build_filename(site->root, "programs", NULL);
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *text = g_strconcat("#!/bin/sh\n", script, "\n", NULL);
	const char *old = g_getenv("PATH");
	g_autofree char *new = g_strdup_printf("%s:%s", folder, old);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_cmpint(g_chmod(path, 0755), ==, 0);
	if (!g_str_has_prefix(old, folder))
		g_setenv("PATH", new, true);
}
