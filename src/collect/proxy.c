/* What stands before Odoo: Traefik, nginx, HAProxy. */
#include "collect/collector.h"

#include "base/error.h"

#include <string.h>

static const char *const traefik_files[] = {"/etc/traefik", "/opt/traefik", "/srv/traefik",
					    "/var/lib/traefik/acme.json", NULL};

/* acme.json is mode 0600 and worth nothing without its keys; ordering anew runs into rate limits. */
static void note_masked_acme(struct collection *collection)
{
	const GPtrArray *items = collection->index->items;

	for (guint i = 0; i < items->len; i++) {
		const struct collect_item *item = items->pdata[i];

		if (strcmp(item->collector, collection->report->name) == 0 && item->masked &&
		    g_str_has_suffix(item->path, "acme.json"))
			collection_note(
				collection,
				"the keys of %s are masked: with secrets=sealed it could be "
				"restored, without it certificates have to be ordered anew",
				item->source);
	}
}

bool traefik_collect(struct collection *collection, GError **error)
{
	unsigned found = 0;

	if (!collection_paths(collection, traefik_files, &found, error))
		return false;
	if (found == 0)
		return collection_absent(collection, "there is nothing in /etc/traefik");
	note_masked_acme(collection);
	return true;
}

static const char *const nginx_files[] = {"/etc/nginx", NULL};

/* nginx -T has what is in force, with all that is included; it wants to read keys, so that it needs root. */
static bool take_nginx(struct collection *collection, GError **error)
{
	static const char *const argv[] = {"nginx", "-T", NULL};
	g_autoptr(GError) trouble = NULL;

	if (!tool_exists(argv[0]))
		return true;
	if (tool_item(collection, &(struct tool){.argv = argv},
		      &(struct collection_item){.path = "nginx-T",
						.source = "nginx -T",
						.hint = "to compare: what is in force"},
		      &trouble))
		return true;
	if (collection->broken) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(collection, "what is in force is not here: %s", trouble->message);
	return true;
}

bool nginx_collect(struct collection *collection, GError **error)
{
	unsigned found = 0;

	if (!collection_paths(collection, nginx_files, &found, error))
		return false;
	if (found == 0 && !tool_exists("nginx"))
		return collection_absent(collection, "there is no nginx");
	return take_nginx(collection, error);
}

static const char *const haproxy_files[] = {"/etc/haproxy", NULL};

bool haproxy_collect(struct collection *collection, GError **error)
{
	unsigned found = 0;

	if (!collection_paths(collection, haproxy_files, &found, error))
		return false;
	if (found == 0)
		return collection_absent(collection, "there is nothing in /etc/haproxy");
	return true;
}
