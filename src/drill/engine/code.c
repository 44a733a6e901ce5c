#include "drill/engine/code.h"

#include "base/background.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "drill/check/host.h"
#include "drill/engine/odoo_settings.h"
#include "odoo/conf.h"
#include "odoo/module.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_US 10000
#define CONF_MAX      ((uint64_t)1 << 20)
#define NEUTRALIZES   "/data/neutralize.sql"
#define PACKAGED      "/usr/lib/python3/dist-packages/odoo/addons"

/* ---- programs that unpack ------------------------------------------------------------------------ */

struct unpacking {
	const char *folder; /* the only one that can be written */
	char *output;
	const struct process_limits *limits;
};

static Background *start(const struct unpacking *unpacking, const char *const *argv, GError **error)
{
	g_autofree char *home = g_strconcat("HOME=", unpacking->folder, NULL);
	const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
					   "LC_ALL=C.UTF-8",
					   home,
					   "GIT_CONFIG_NOSYSTEM=1",
					   "GIT_CONFIG_GLOBAL=/dev/null",
					   "GIT_TERMINAL_PROMPT=0",
					   NULL};
	const char *const writable[] = {unpacking->folder, NULL};

	return background_start(&(struct background_request){.argv = argv,
							     .environment = environment,
							     .output = unpacking->output,
							     .death_signal = SIGKILL,
							     .writable = writable,
							     .in_sight = writable,
							     .limits = unpacking->limits,
							     .no_network = true},
				error);
}

static bool run(void *data, const char *const *argv, GError **error)
{
	const struct unpacking *unpacking = data;
	g_autoptr(Background) background = start(unpacking, argv, error);
	g_autofree char *program = g_path_get_basename(argv[0]);
	int status = 0;

	if (!background)
		return false;
	while (background_runs(background, &status)) {
		if (!stop_check(error))
			return false;
		g_usleep(LOOK_EVERY_US);
	}
	if (status == 0)
		return true;
	g_autofree char *said = drill_last_line(unpacking->output);

	return odr_fail(error, ODR_ERROR_CORRUPT, "%s ended with status %d: %s", program, status,
			said);
}

/* ---- what was captured --------------------------------------------------------------------------- */

static bool read_capture(Drill *drill, GError **error)
{
	struct drill_captured *captured = &drill->captured;
	const Manifest *manifest = drill_configuration_at(drill);

	if (!manifest)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no capture of the configuration is as old as the moment");
	captured->config = config_read_open(drill->repo, drill->means.identity, manifest, error);
	return captured->config != NULL;
}

static bool put_code(Drill *drill, GError **error)
{
	struct drill_captured *captured = &drill->captured;
	struct unpacking unpacking = {
		.folder = captured->folder,
		.limits = &drill->limits.asked,
		.output = g_build_filename(drill->sandbox.folder, "code.out", NULL)};
	bool done = config_code_put(&(struct config_code_request){.config = captured->config,
								  .folder = captured->folder,
								  .run = run,
								  .run_data = &unpacking},
				    &captured->code, error);

	g_free(unpacking.output);
	return done;
}

static bool is_captured(const Drill *drill)
{
	return drill->captured.config &&
	       config_code_captured(config_read_index(drill->captured.config));
}

/* Why there is none, of a collector that should have it; NULL: nobody was to take any. */
static const char *why_not_captured(const Drill *drill)
{
	const CollectIndex *index =
		drill->captured.config ? config_read_index(drill->captured.config) : NULL;

	for (guint i = 0; index && i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (report->state == COLLECT_FAILED && strcmp(report->type, "addons") == 0)
			return report->reason ? report->reason : "its collector failed";
	}
	return NULL;
}

bool drill_code_expected(const Drill *drill)
{
	return drill->captured.trouble || is_captured(drill) || why_not_captured(drill);
}

bool drill_code_prepare(Drill *drill, GError **error)
{
	struct drill_captured *captured = &drill->captured;
	usec_t from = drill_span_begin();

	if (!drill_has_configuration(drill))
		return true;
	captured->folder = g_build_filename(drill->sandbox.folder, "code", NULL);
	if (read_capture(drill, &captured->trouble) && is_captured(drill) &&
	    put_code(drill, &captured->trouble))
		drill_span_end(drill, PHASE_APPLICATION, plan_component_name(PLAN_CONFIG), from,
			       false);
	if (!odr_error_is(captured->trouble, ODR_ERROR_STOPPED))
		return true;
	g_propagate_error(error, g_steal_pointer(&captured->trouble));
	return false;
}

void drill_captured_clear(struct drill_captured *captured)
{
	config_read_free(captured->config);
	g_clear_error(&captured->trouble);
	g_free(captured->folder);
	config_code_clear(&captured->code);
}

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
	if (!is_captured(drill))
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no code of Odoo was captured (%s): let a collector of type addons "
				"have it, or name an odoo.conf of this host as configuration= in "
				"[odoo]",
				why_not_captured(drill) ? why_not_captured(drill)
							: "no collector was to take any");
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
