/* From the chain of a host, and those that were joined to it, to incidents. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/incident/collect.h"
#include "repo/layout.h"

#include <string.h>

/* Adds a sentence to troubles where the chain does not hold. An absent one has no lines. */
static bool read_chain(struct collection *collection, const char *path, bool *broken,
		       GPtrArray *troubles, GError **error)
{
	g_autoptr(GError) cause = NULL;
	struct audit_report report = {0};

	*broken = false;
	if (!audit_read(path, collect_line, collection, &report, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	*broken = report.broken;
	if (report.broken)
		g_ptr_array_add(troubles, g_strdup_printf("the audit chain '%s' is broken: what it "
							  "tells may not be what was written; "
							  "odrbackup audit verify tells where",
							  path));
	audit_report_clear(&report);
	return true;
}

bool chain_digest_valid(const char *text)
{
	return text && strlen(text) == 2 * SHA256_SIZE && hex_is_digits(text, 2 * SHA256_SIZE);
}

char *incident_chain_path(const char *state, const char *id, const char *digest)
{
	return g_build_filename(state, "incidents", id, digest, "audit.log", NULL);
}

static void G_GNUC_PRINTF(3, 4)
	find(Incident *incident, GPtrArray *troubles, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(troubles, g_strdup_vprintf(format, arguments));
	va_end(arguments);
	incident->broken = true;
}

/* The copy is named by its digest, which our own chain has: its last lines are held by that. */
static bool judge_joined(Incident *incident, const char *path, const char *digest,
			 GPtrArray *troubles)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;
	char found[2 * SHA256_SIZE + 1];

	if (!file_read(path, CHAIN_MAX, &content, &cause)) {
		find(incident, troubles, "a chain that was joined to incident %s is gone: %s",
		     incident->id, cause->message);
		return false;
	}
	evidence_digest(content, found);
	if (strcmp(found, digest) != 0)
		find(incident, troubles,
		     "the chain '%s', which was joined to incident %s, is not what it was then",
		     path, incident->id);
	return true;
}

static bool read_joined(struct collection *collection, const char *state, Incident *incident,
			const char *digest, GPtrArray *troubles, GError **error)
{
	g_autofree char *path = incident_chain_path(state, incident->id, digest);
	bool broken;

	if (!judge_joined(incident, path, digest, troubles))
		return true;
	collection->chain = digest;
	collection->only = incident->id;
	if (!read_chain(collection, path, &broken, troubles, error))
		return false;
	incident->broken |= broken;
	return true;
}

static bool read_all_joined(struct collection *collection, const char *state, Incident *incident,
			    GPtrArray *troubles, GError **error)
{
	g_autoptr(GPtrArray) digests = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];

		if (entry->kind == INCIDENT_JOINED && !entry->chain &&
		    chain_digest_valid(entry->text))
			g_ptr_array_add(digests, g_strdup(entry->text));
	}
	for (guint i = 0; i < digests->len; i++)
		if (!read_joined(collection, state, incident, digests->pdata[i], troubles, error))
			return false;
	return true;
}

static bool read_state(struct collection *collection, const char *state, GPtrArray *troubles,
		       GError **error)
{
	g_autofree char *path = audit_path(state);
	bool broken;

	if (!read_chain(collection, path, &broken, troubles, error))
		return false;
	for (guint i = 0; i < collection->incidents->len; i++) {
		Incident *incident = collection->incidents->pdata[i];

		incident->broken = broken;
		if (!read_all_joined(collection, state, incident, troubles, error))
			return false;
	}
	collection_finish(collection);
	return true;
}

static gint by_id(gconstpointer a, gconstpointer b)
{
	return strcmp((*(Incident *const *)a)->id, (*(Incident *const *)b)->id);
}

bool incident_load_all(const char *state, const char *service, GPtrArray **incidents,
		       GPtrArray *troubles, GError **error)
{
	struct collection collection;
	bool done;

	collection_init(&collection);
	done = read_state(&collection, state, troubles, error);
	if (done) {
		GPtrArray *found = g_steal_pointer(&collection.incidents);

		for (guint i = found->len; service && i-- > 0;)
			if (g_strcmp0(((const Incident *)found->pdata[i])->service, service) != 0)
				g_ptr_array_remove_index(found, i);
		g_ptr_array_sort(found, by_id);
		*incidents = found;
	}
	collection_clear(&collection);
	return done;
}

bool incident_load(const char *state, const char *name, Incident **incident, GPtrArray *troubles,
		   GError **error)
{
	g_autoptr(GPtrArray) all = NULL;
	bool latest = strcmp(name, "latest") == 0;

	if (!latest && !set_id_valid(name))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no id of an incident; one is 'latest', or looks like "
				"20261121T230501Z-1a2b3c4d: odrbackup incident list shows them",
				name);
	if (!incident_load_all(state, NULL, &all, troubles, error))
		return false;
	for (guint i = all->len; i-- > 0;) {
		if (!latest && strcmp(((const Incident *)all->pdata[i])->id, name) != 0)
			continue;
		*incident = g_ptr_array_steal_index(all, i);
		return true;
	}
	return latest ? odr_fail(error, ODR_ERROR_NOT_FOUND,
				 "no incident was opened here: odrbackup incident open opens one")
		      : odr_fail(error, ODR_ERROR_NOT_FOUND,
				 "there is no incident %s here: odrbackup incident list shows what "
				 "there is; one of another host comes here with odrbackup incident "
				 "link --chain",
				 name);
}

static char *ids_of(const GPtrArray *incidents)
{
	GString *ids = g_string_new(NULL);

	for (guint i = 0; i < incidents->len; i++)
		g_string_append_printf(ids, "%s%s", i ? ", " : "",
				       ((const Incident *)incidents->pdata[i])->id);
	return g_string_free(ids, FALSE);
}

bool incident_load_open(const char *state, Incident **incident, GPtrArray *troubles, GError **error)
{
	g_autoptr(GPtrArray) all = NULL;

	if (!incident_load_all(state, NULL, &all, troubles, error))
		return false;
	for (guint i = all->len; i-- > 0;)
		if (((const Incident *)all->pdata[i])->closed > 0)
			g_ptr_array_remove_index(all, i);
	if (all->len == 0)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"no incident is open: name one, or open one with odrbackup incident "
			"open");
	if (all->len > 1) {
		g_autofree char *ids = ids_of(all);

		return odr_fail(error, ODR_ERROR_USAGE,
				"several incidents are open: name one of %s", ids);
	}
	*incident = g_ptr_array_steal_index(all, 0);
	return true;
}
