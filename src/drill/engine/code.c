#include "drill/engine/code.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/engine/odoo_settings.h"
#include "odoo/conf.h"
#include "odoo/module.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define CONF_MAX    ((uint64_t)1 << 20)
#define NEUTRALIZES "/data/neutralize.sql"
#define PACKAGED    "/usr/lib/python3/dist-packages/odoo/addons"

/* ---- which odoo.conf ----------------------------------------------------------------------------- */

static bool is_conf(const CollectIndex *index, const struct collect_item *item)
{
	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (strcmp(report->name, item->collector) == 0)
			return strcmp(report->type, "odoo") == 0 && item->in_place &&
			       item->form != COLLECT_FORM_LINK &&
			       !g_str_has_suffix(item->path, NEUTRALIZES);
	}
	return false;
}

/* Whether it says that it serves the database; *any: it does not say which. */
static bool serves(const char *text, const char *database, bool *any)
{
	g_autoptr(OdooConf) conf = odoo_conf_parse(text);
	const char *value = odoo_conf_value(conf, "db_name");
	g_auto(GStrv) names = g_strsplit_set(value ? value : "", ", \n", -1);

	*any = !value || !*value || g_ascii_strcasecmp(value, "False") == 0;
	return g_strv_contains((const char *const *)names, database);
}

static char *text_of(const Drill *drill, const struct collect_item *item, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	gsize size;

	if (!config_read_item(drill->captured.config, item, CONF_MAX, &content, error))
		return NULL;
	const char *bytes = g_bytes_get_data(content, &size);

	return g_strndup(bytes ? bytes : "", size);
}

/* The one that names the database; else the only one that names none. */
static const struct collect_item *choose_conf(const Drill *drill, const char *database,
					      GError **error)
{
	const CollectIndex *index = config_read_index(drill->captured.config);
	const struct collect_item *found = NULL;
	g_autoptr(GString) names = g_string_new(NULL);
	unsigned fitting = 0;

	for (guint i = 0; i < index->items->len; i++) {
		const struct collect_item *item = index->items->pdata[i];
		g_autofree char *text = NULL;
		bool any = false;

		if (!is_conf(index, item))
			continue;
		text = text_of(drill, item, error);
		if (!text)
			return NULL;
		if (serves(text, database, &any))
			return item;
		g_string_append_printf(names, "%s%s", names->len ? ", " : "", item->source);
		fitting += any;
		if (any)
			found = item;
	}
	if (fitting == 1)
		return found;
	odr_fail(error, ODR_ERROR_NOT_FOUND,
		 names->len ? "of the captured %s it is not known which is that of database '%s': "
			      "name one as configuration= in [odoo]"
			    : "no odoo.conf was captured%s for database '%s': name one as "
			      "configuration= in [odoo]",
		 names->str, database);
	return NULL;
}

/* ---- where its code is --------------------------------------------------------------------------- */

static bool has_module(const char *folder, const char *module)
{
	g_autofree char *path = g_build_filename(folder, module, ODOO_MANIFEST, NULL);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void add_folder(GPtrArray *folders, const char *folder)
{
	if (!g_ptr_array_find_with_equal_func(folders, folder, g_str_equal, NULL))
		g_ptr_array_add(folders, g_strdup(folder));
}

/* Odoo looks for base beside its own code, whatever addons_path says. */
static void add_implied(GPtrArray *folders)
{
	guint named = folders->len;

	for (guint i = 0; i < named; i++) {
		g_autofree char *above = g_path_get_dirname(folders->pdata[i]);
		g_autofree char *core = g_build_filename(above, "odoo", "addons", NULL);

		if (has_module(core, "base"))
			add_folder(folders, core);
	}
	for (guint i = 0; i < folders->len; i++)
		if (has_module(folders->pdata[i], "base"))
			return;
	if (has_module(PACKAGED, "base"))
		add_folder(folders, PACKAGED);
}

/* Packages are not captured: they come back by apt. */
static bool is_packaged(const char *folder)
{
	return g_str_has_prefix(folder, "/usr/lib/python3/") ||
	       g_str_has_prefix(folder, "/usr/share/");
}

static void miss(const Drill *drill, const char *folder, GString *trouble)
{
	const char *gap = config_code_gap(&drill->captured.code, folder);

	g_string_append_printf(trouble, "%s'%s' of addons_path is not there: %s",
			       trouble->len ? "; " : "", folder,
			       is_packaged(folder) ? "install the package that has it here"
			       : gap		   ? gap
						   : "its code was not captured");
}

static void find_captured(const Drill *drill, char *const *named, GPtrArray *folders,
			  GString *trouble)
{
	for (; *named; named++) {
		g_autofree char *plain = g_canonicalize_filename(*named, "/");
		g_autofree char *put = g_build_filename(drill->captured.folder, plain, NULL);

		if (g_file_test(put, G_FILE_TEST_IS_DIR))
			add_folder(folders, put);
		else if (is_packaged(plain) && g_file_test(plain, G_FILE_TEST_IS_DIR))
			add_folder(folders, plain);
		else
			miss(drill, plain, trouble);
	}
}

static void find_here(char *const *named, GPtrArray *folders, GString *trouble)
{
	for (; *named; named++) {
		if (g_file_test(*named, G_FILE_TEST_IS_DIR))
			add_folder(folders, *named);
		else
			g_string_append_printf(trouble, "%s'%s' of addons_path is not there",
					       trouble->len ? "; " : "", *named);
	}
}

static bool find_code(const Drill *drill, DrillCode *code, GError **error)
{
	g_auto(GStrv) named = odoo_settings_addons(code->text, error);
	g_autoptr(GPtrArray) folders = g_ptr_array_new();
	g_autoptr(GString) trouble = g_string_new(NULL);

	if (!named)
		return odr_context(error, "'%s'", code->name);
	if (*code->root)
		find_captured(drill, named, folders, trouble);
	else
		find_here(named, folders, trouble);
	add_implied(folders);
	g_ptr_array_add(folders, NULL);
	code->addons = (char **)g_ptr_array_free(g_steal_pointer(&folders), FALSE);
	if (trouble->len)
		code->trouble = g_strdup(trouble->str);
	return true;
}

static bool take_plans(const Drill *drill, DrillCode *code, GError **error)
{
	code->name = g_strdup(drill->plan->odoo.configuration);
	code->text = drill_plan_text(drill, code->name);
	code->root = g_strdup("");
	return code->text ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND, "the plan has no file '%s'", code->name);
}

static bool take_captured(const Drill *drill, const char *database, DrillCode *code, GError **error)
{
	const struct drill_captured *captured = &drill->captured;
	const struct collect_item *item;

	if (captured->trouble)
		return odr_fail(error, captured->trouble->code, "%s", captured->trouble->message);
	if (drill_code_missing(drill))
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no code of Odoo was captured (%s): let a collector of type addons "
				"have it, or name an odoo.conf of this host as configuration= in "
				"[odoo]",
				drill_code_missing(drill));
	item = choose_conf(drill, database, error);
	if (!item)
		return false;
	code->name = g_strdup(item->source);
	code->text = text_of(drill, item, error);
	code->root = g_strdup(captured->folder);
	return code->text != NULL;
}

DrillCode *drill_code_captured(const Drill *drill, const char *database, GError **error)
{
	g_autoptr(DrillCode) code = g_new0(DrillCode, 1);

	return take_captured(drill, database, code, error) && find_code(drill, code, error)
		       ? g_steal_pointer(&code)
		       : NULL;
}

DrillCode *drill_code_of(const Drill *drill, const char *database, GError **error)
{
	g_autoptr(DrillCode) code = g_new0(DrillCode, 1);

	if (!drill->plan->odoo.configuration)
		return drill_code_captured(drill, database, error);
	return take_plans(drill, code, error) && find_code(drill, code, error)
		       ? g_steal_pointer(&code)
		       : NULL;
}

void drill_code_free(struct drill_code *code)
{
	if (!code)
		return;
	g_free(code->name);
	g_free(code->text);
	g_strfreev(code->addons);
	g_free(code->root);
	g_free(code->trouble);
	g_free(code);
}

/* Captured code is the customer's: it may have links to what it should not show. */
static bool is_within(const DrillCode *code, const char *folder, const char *path)
{
	g_autofree char *real = g_new0(char, PATH_MAX);
	g_autofree char *root = g_new0(char, PATH_MAX);

	if (!*code->root || !g_str_has_prefix(folder, code->root))
		return true;
	return realpath(path, real) && realpath(code->root, root) && g_str_has_prefix(real, root) &&
	       real[strlen(root)] == '/';
}

char *drill_code_file(const DrillCode *code, const char *module, const char *name)
{
	for (char **folder = code->addons; *folder; folder++) {
		g_autofree char *manifest = g_build_filename(*folder, module, ODOO_MANIFEST, NULL);
		g_autofree char *path = g_build_filename(*folder, module, name, NULL);

		if (has_module(*folder, module) && is_within(code, *folder, manifest))
			return !g_file_test(path, G_FILE_TEST_EXISTS) ||
					       is_within(code, *folder, path)
				       ? g_steal_pointer(&path)
				       : NULL;
	}
	return NULL;
}
