/* odrbackup show: a set, or the configuration that it has. */
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/trail.h"
#include "cli/site/config_choice.h"
#include "cli/site/filling.h"
#include "cli/site/set_choice.h"
#include "cli/views/config.h"
#include "cli/views/hold.h"
#include "cli/views/set.h"
#include "ops/config/read.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What is shown, of what. */
struct showing {
	Context *context;
	const struct arguments *arguments;
	char *set_id;
	struct set_found set;
	const char *part; /* NULL: the set as a whole */
};

static void showing_clear(struct showing *showing)
{
	set_found_clear(&showing->set);
	context_free(showing->context);
	g_free(showing->set_id);
}

static bool choose_part(struct showing *showing, GError **error)
{
	const GPtrArray *parts = arguments_list(showing->arguments, "part");
	const char *part = parts ? parts->pdata[0] : NULL;

	if (parts && parts->len > 1)
		return odr_fail(error, ODR_ERROR_USAGE, "show one part at a time");
	if (!part && arguments_list(showing->arguments, "item"))
		part = PART_CONFIG;
	if (part && strcmp(part, PART_CONFIG) != 0)
		return odr_fail(error, ODR_ERROR_USAGE,
				"--part is " PART_CONFIG
				", not '%s': the other parts have no items "
				"to show",
				part);
	showing->part = part;
	return true;
}

static bool open_set(struct showing *showing, GError **error)
{
	const struct arguments *arguments = showing->arguments;
	const char *second = arguments_positional(arguments, 1);
	const char *name = second ? second : arguments_positional(arguments, 0);
	g_autoptr(Catalog) catalog = NULL;
	Context *context =
		context_open(arguments, second ? arguments_positional(arguments, 0) : NULL, error);

	showing->context = context;
	if (!context)
		return false;
	catalog = filling_open(context, FILLING_ASK, error);
	if (!catalog ||
	    !set_choose(context, catalog, &(struct set_name){.name = name, .part = showing->part},
			&showing->set_id, error))
		return false;
	/* What is in a part takes the key. */
	if (showing->part ? !trail_identity(context, error)
			  : !context_identity_optional(context, error))
		return false;
	trail_identity_used(context, context);
	return (context->identity || context_bundle(context, error)) &&
	       context_repos(context, error) &&
	       set_load(context, showing->set_id, &showing->set, error);
}

/* ---- items ----------------------------------------------------------------------------------- */

static bool write_out(void *data, const void *bytes, size_t size, GError **error)
{
	(void)data;
	return fwrite(bytes, 1, size, stdout) == size ||
	       odr_fail(error, ODR_ERROR_SYSTEM, "cannot write to stdout");
}

/* On a terminal nothing may steer it. */
static bool write_escaped(ConfigRead *config, const struct collect_item *item, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	gsize size;

	if (item->form == COLLECT_FORM_BINARY)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"'%s' is not text: send it to a file, not to a terminal",
				item->path);
	if (!config_read_item(config, item, CONFIG_TEXT_MAX, &content, error))
		return false;
	const char *text = g_bytes_get_data(content, &size);
	g_autofree char *copy = g_strndup(text ? text : "", size);
	g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_autofree char *escaped = text_escape(*line);

		printf("%s%s", escaped, line[1] ? "\n" : "");
	}
	return true;
}

static bool show_item(ConfigRead *config, const struct collect_item *item, GError **error)
{
	if (item->form == COLLECT_FORM_LINK)
		printf("%s\n", item->link);
	else if (isatty(STDOUT_FILENO))
		return write_escaped(config, item, error);
	else
		return config_read_stream(config, item, write_out, NULL, error);
	return true;
}

static bool show_items(ConfigRead *config, const GPtrArray *names, GError **error)
{
	const struct collect_item *item;

	for (guint i = 0; i < names->len; i++)
		if (!config_choose(config_read_index(config), names->pdata[i], &item, error) ||
		    !show_item(config, item, error))
			return false;
	return true;
}

static bool show_config(struct showing *showing, GError **error)
{
	const GPtrArray *names = arguments_list(showing->arguments, "item");
	g_autoptr(ConfigRead) config = config_read_open(
		showing->set.repo, showing->context->identity, showing->set.manifest, error);

	if (!config)
		return false;
	const CollectIndex *index = config_read_index(config);

	if (names)
		return show_items(config, names, error);
	if (arguments_flag(showing->arguments, "json"))
		json_out(config_view_json(showing->set_id, index));
	else
		config_view_print(showing->set_id, index);
	return true;
}

static bool show_set(const struct showing *showing, GError **error)
{
	const Manifest *manifest = showing->set.manifest;
	g_autoptr(GPtrArray) holds = NULL;
	const struct hold *hold;

	if (!hold_list(showing->set.repo, showing->set_id, &holds, NULL, error))
		return false;
	if (arguments_flag(showing->arguments, "json")) {
		json_t *document = set_json(manifest, showing->set.repositories);

		json_set(document, "holds", hold_view_json(holds, NULL));
		json_out(document);
		return true;
	}
	set_print(manifest, showing->set.repositories);
	hold = hold_of(holds, showing->set_id, clock_now());
	if (hold) {
		g_autofree char *words = hold_view_words(hold);

		printf("Held %s\n", words);
	}
	return true;
}

bool cmd_show(const struct arguments *arguments, GError **error)
{
	struct showing showing = {.arguments = arguments};
	bool done = choose_part(&showing, error) && open_set(&showing, error);

	if (done && showing.part)
		done = show_config(&showing, error);
	else if (done)
		done = show_set(&showing, error);
	showing_clear(&showing);
	return done;
}
