#include "collect/odoo_site.h"

#include "base/error.h"
#include "base/file.h"
#include "odoo/conf.h"

#include <string.h>

#define COMMAND_LINE_MAX ((size_t)128 << 10)

static const char *const usual_confs[] = {
	"/etc/odoo/*.conf",	     "/etc/odoo*.conf",
	"/etc/openerp/*.conf",	     "/opt/odoo*/odoo*.conf",
	"/opt/odoo*/*/odoo*.conf",   "/opt/odoo*/etc/*.conf",
	"/srv/odoo*/odoo*.conf",     "/srv/odoo*/etc/*.conf",
	"/usr/local/etc/odoo*.conf", NULL,
};

static void add_once(GPtrArray *list, const char *text)
{
	if (!g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
		g_ptr_array_add(list, g_strdup(text));
}

/* ---- running servers ------------------------------------------------------------------------- */

static bool is_odoo(const char *word)
{
	static const char *const names[] = {"odoo", "odoo-bin", "odoo.py", "openerp-server", NULL};
	g_autofree char *name = g_path_get_basename(word);

	return g_strv_contains(names, name);
}

void odoo_site_conf_of_command(const char *const *words, GPtrArray *confs)
{
	bool odoo = false;

	/* "python3 -u /opt/odoo/odoo-bin -c …" */
	for (size_t i = 0; words[i] && i < 4; i++)
		odoo = odoo || is_odoo(words[i]);
	for (size_t i = 0; odoo && words[i]; i++) {
		const char *conf = NULL;

		if (strcmp(words[i], "-c") == 0 || strcmp(words[i], "--config") == 0)
			conf = words[i + 1];
		else if (g_str_has_prefix(words[i], "--config="))
			conf = words[i] + strlen("--config=");
		else if (g_str_has_prefix(words[i], "-c/"))
			conf = words[i] + strlen("-c");
		if (conf && g_path_is_absolute(conf))
			add_once(confs, conf);
	}
}

static void look_at_process(const struct collection *collection, const char *pid, GPtrArray *confs)
{
	g_autofree char *path = g_strdup_printf("%s/proc/%s/cmdline", collection->host->root, pid);
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autoptr(GBytes) line = NULL;
	gsize size;

	/* Gone meanwhile, or nobody's business. */
	if (!file_read(path, COMMAND_LINE_MAX, &line, NULL))
		return;
	const char *text = g_bytes_get_data(line, &size);
	g_autofree char *copy = g_malloc0(size + 1);

	if (size > 0)
		memcpy(copy, text, size);
	for (const char *word = copy; word < copy + size; word += strlen(word) + 1)
		g_ptr_array_add(words, (char *)word);
	g_ptr_array_add(words, NULL);
	odoo_site_conf_of_command((const char *const *)words->pdata, confs);
}

static void look_at_processes(const struct collection *collection, GPtrArray *confs)
{
	g_autofree char *proc = collection_path(collection, "/proc");
	g_autoptr(GDir) dir = g_dir_open(proc, 0, NULL);

	for (const char *name; dir && (name = g_dir_read_name(dir)) != NULL;)
		if (g_ascii_isdigit(name[0]))
			look_at_process(collection, name, confs);
}

/* ---- folders of modules ---------------------------------------------------------------------- */

static bool is_module(const struct collection *collection, const char *folder)
{
	g_autofree char *manifest = g_build_filename(folder, "__manifest__.py", NULL);

	return collection_path_exists(collection, manifest);
}

static void add_if_base(const struct collection *collection, GPtrArray *addons, const char *folder)
{
	g_autofree char *base = g_build_filename(folder, "base", NULL);

	if (is_module(collection, base))
		add_once(addons, folder);
}

/* What Odoo looks in besides addons_path: modules beside its own code, and those below data_dir. */
static void add_implied(const struct collection *collection, const OdooConf *conf,
			GPtrArray *addons)
{
	const char *data_dir = odoo_conf_value(conf, "data_dir");
	guint named = addons->len;

	for (guint i = 0; i < named; i++) {
		g_autofree char *folder = g_path_get_dirname(addons->pdata[i]);
		g_autofree char *core = g_build_filename(folder, "odoo", "addons", NULL);

		add_if_base(collection, addons, core);
	}
	add_if_base(collection, addons, "/usr/lib/python3/dist-packages/odoo/addons");
	if (data_dir && g_path_is_absolute(data_dir)) {
		g_autofree char *own = g_build_filename(data_dir, "addons", NULL);

		if (collection_path_exists(collection, own))
			add_once(addons, own);
	}
}

static void read_conf(struct collection *collection, const char *path, struct odoo_site *site)
{
	g_autoptr(OdooConf) conf = NULL;
	g_autoptr(GPtrArray) addons = NULL;
	g_autoptr(GError) trouble = NULL;
	g_autofree char *text = NULL;

	if (!collection_read(collection, path, &text, &trouble)) {
		collection_note(collection, "cannot look for modules: %s", trouble->message);
		return;
	}
	conf = odoo_conf_parse(text);
	addons = odoo_conf_addons(conf);
	site->knows_addons = site->knows_addons || addons->len > 0;
	for (guint i = 0; i < addons->len; i++)
		add_once(site->addons, addons->pdata[i]);
	add_implied(collection, conf, site->addons);
}

bool odoo_site_find(struct collection *collection, const char *const *conf_paths,
		    struct odoo_site *site, GError **error)
{
	*site = (struct odoo_site){.confs = g_ptr_array_new_with_free_func(g_free),
				   .addons = g_ptr_array_new_with_free_func(g_free)};
	for (const char *const *pattern = conf_paths ? conf_paths : usual_confs; *pattern;
	     pattern++) {
		g_autoptr(GPtrArray) found = collection_match(collection, *pattern, NULL);

		for (guint i = 0; i < found->len; i++)
			add_once(site->confs, found->pdata[i]);
		if (conf_paths && found->len == 0 && !strpbrk(*pattern, "*?[")) {
			odoo_site_clear(site);
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no '%s'", *pattern);
		}
	}
	if (!conf_paths)
		look_at_processes(collection, site->confs);
	for (guint i = 0; i < site->confs->len;) {
		if (collection_path_exists(collection, site->confs->pdata[i])) {
			read_conf(collection, site->confs->pdata[i++], site);
			continue;
		}
		collection_note(collection, "a server reads '%s', which is not on this host",
				(char *)site->confs->pdata[i]);
		g_ptr_array_remove_index(site->confs, i);
	}
	return true;
}

void odoo_site_clear(struct odoo_site *site)
{
	g_clear_pointer(&site->confs, g_ptr_array_unref);
	g_clear_pointer(&site->addons, g_ptr_array_unref);
}

char *odoo_site_module(const struct collection *collection, const struct odoo_site *site,
		       const char *module)
{
	for (guint i = 0; i < site->addons->len; i++) {
		g_autofree char *folder = g_build_filename(site->addons->pdata[i], module, NULL);

		if (is_module(collection, folder))
			return g_steal_pointer(&folder);
	}
	return NULL;
}
