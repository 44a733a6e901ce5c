/* Which collectors there are, and how they are run. */
#include "collect/collect.h"

#include "base/error.h"
#include "base/stop.h"
#include "collect/collector.h"

#include <string.h>

struct collector {
	struct collect_class class;
	collector_run run;
};

/* clang-format off */
static const struct collector collectors[] = {
	{{"host", true, 1, "", NULL,
	  "compare with the new host: locales first, PostgreSQL needs them; then users, sysctl, mounts"},
	 host_collect},
	{{"odrbackup", true, 2, "", NULL,
	  "put the configuration back, and bring the keys from the recovery kit"},
	 own_collect},
	{{"postgresql", true, 3, "databases", "the PostgreSQL server",
	  "files go where config_file said; roles come with the database part, this list is to compare"},
	 postgresql_collect},
	{{"addons", true, 4, "paths;history", "git, for checkouts",
	  "the same revisions: with others, views and data do not fit"},
	 addons_collect},
	{{"tools", true, 4, "paths", NULL,
	  "the same versions: with others, reports look different, or Odoo does not start"},
	 tools_collect},
	{{"odoo", true, 5, "paths;databases", "PostgreSQL, for the modules",
	  "put odoo.conf back, fill in what was masked, compare modules with the code"},
	 odoo_collect},
	{{"files", true, 5, "paths", NULL, "put them back to their paths, with mode and owner"},
	 files_collect},
	{{"systemd", true, 5, "units", "systemctl",
	  "put back the files below /etc, systemctl daemon-reload, enable what was enabled"},
	 systemd_collect},
	{{"cron", true, 5, "paths", NULL, "put them back when Odoo answers, not before"},
	 cron_collect},
	{{"redis", false, 6, "server;password-file", "the server",
	  "configure it, stop it, put its dump in place, start it"},
	 redis_collect},
	{{"traefik", true, 7, "paths", NULL, "acme.json has mode 0600, or it is not read"},
	 traefik_collect},
	{{"nginx", false, 7, "paths", "nginx",
	  "mind the route of the websocket, or of longpolling"},
	 nginx_collect},
	{{"haproxy", false, 7, "paths", NULL, "mind the route of the websocket, or of longpolling"},
	 haproxy_collect},
	{{"certificates", true, 7, "paths", NULL,
	  "see that they are still valid; order anew what has ended"},
	 certificates_collect},
	{{"kubernetes", false, 8, "paths;kinds;namespaces;kubeconfig;context", "kubectl",
	  "namespaces and definitions first, secrets by hand, then what uses them"},
	 kubernetes_collect},
	{{"compose", false, 8, "paths", "docker", "pull images by digest, then docker compose up"},
	 compose_collect},
	{{"git", false, 8, "paths;history", "git", "clone the remote, or the bundle"},
	 git_collect},
	{{"references", true, 9, "paths", NULL, "resolve each before Odoo is started"},
	 references_collect},
	{{"command", true, 9, "command", "the program", "read it"},
	 command_collect},
};
/* clang-format on */

const struct collect_class *collect_class_at(size_t index)
{
	return index < G_N_ELEMENTS(collectors) ? &collectors[index].class : NULL;
}

static const struct collector *collector_of(const char *type)
{
	for (size_t i = 0; i < G_N_ELEMENTS(collectors); i++)
		if (strcmp(collectors[i].class.type, type) == 0)
			return &collectors[i];
	return NULL;
}

const struct collect_class *collect_class_of(const char *type)
{
	const struct collector *collector = collector_of(type);

	return collector ? &collector->class : NULL;
}

static struct collect_report *report_new(const struct collect_settings *settings,
					 const struct collect_class *class)
{
	struct collect_report *report = g_new0(struct collect_report, 1);

	report->name = g_strdup(settings->name);
	report->type = g_strdup(settings->type);
	report->required = settings->required;
	report->order = class->order;
	report->needs = g_strdup(class->needs);
	report->hint = g_strdup(settings->hint ? settings->hint : class->hint);
	report->notes = g_ptr_array_new_with_free_func(g_free);
	return report;
}

/* What a failed collector had handed over stays: it is what there is. */
static bool run_one(struct collection *collection, const struct collect_settings *settings,
		    GError **error)
{
	const struct collector *collector = collector_of(settings->type);
	g_autoptr(GError) trouble = NULL;

	g_assert(collector);
	collection->settings = settings;
	collection->links_alone = false;
	collection->report = report_new(settings, &collector->class);
	g_ptr_array_add(collection->index->reports, collection->report);
	mask_init(&collection->mask, collection->host->digest_secret, settings->masks);
	if (collector->run(collection, &trouble))
		return true;
	collection_drop(collection);
	if (collection->broken || stop_requested()) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection->report->state = COLLECT_FAILED;
	g_free(collection->report->reason);
	collection->report->reason = g_strdup(trouble->message);
	return true;
}

static gint by_order(gconstpointer a, gconstpointer b)
{
	const struct collect_settings *x = *(struct collect_settings *const *)a;
	const struct collect_settings *y = *(struct collect_settings *const *)b;
	unsigned order_x = collect_class_of(x->type)->order,
		 order_y = collect_class_of(y->type)->order;

	return order_x != order_y ? (order_x < order_y ? -1 : 1) : strcmp(x->name, y->name);
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	const struct collect_item *x = *(struct collect_item *const *)a;
	const struct collect_item *y = *(struct collect_item *const *)b;

	return strcmp(x->path, y->path);
}

static bool run_all(const struct collect_request *request, struct collection *collection,
		    GError **error)
{
	g_autoptr(GPtrArray) ordered = g_ptr_array_new();

	for (guint i = 0; i < request->collectors->len; i++)
		g_ptr_array_add(ordered, request->collectors->pdata[i]);
	g_ptr_array_sort(ordered, by_order);
	for (guint i = 0; i < ordered->len; i++) {
		const struct collect_settings *settings = ordered->pdata[i];

		if (!stop_check(error) ||
		    (request->tick && !request->tick(request->tick_data, settings->name, error)) ||
		    !run_one(collection, settings, error))
			return false;
	}
	return true;
}

/* A required one that is absent is not there to be collected: that, too, is to be known. */
static bool judge(const CollectIndex *index, GError **error)
{
	g_autoptr(GString) failed = g_string_new(NULL);

	for (guint i = 0; i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (report->required && report->state == COLLECT_FAILED)
			g_string_append_printf(failed, "%scollector %s: %s",
					       failed->len ? "; " : "", report->name,
					       report->reason);
	}
	return failed->len == 0 || odr_fail(error, ODR_ERROR_FAILED, "%s", failed->str);
}

bool collect_run(const struct collect_request *request, CollectIndex **index, GError **error)
{
	g_autoptr(CollectIndex) taken = collect_index_new();
	g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct collection collection = {.host = request->host,
					.sink = request->sink,
					.index = taken,
					.paths = paths,
					.total_limit = request->total_limit,
					.digest = sha256_new()};
	bool done;

	taken->taken = clock_now();
	done = run_all(request, &collection, error);
	sha256_free(collection.digest);
	if (!done)
		return false;
	g_ptr_array_sort(taken->items, by_path);
	*index = g_steal_pointer(&taken);
	return judge(*index, error);
}
