#include "ops/filestore/steps.h"

#include "base/error.h"
#include "odoo/attachments.h"
#include "pg/session.h"

#include <string.h>

void filestore_databases_list(struct filestore_capture *capture)
{
	const struct backup_filestore *settings = capture->settings;
	g_autoptr(GPtrArray) databases = NULL;
	g_autoptr(Session) session = NULL;
	g_autoptr(GError) cause = NULL;

	if (settings->plain || !settings->conninfo)
		return;
	session = session_open(settings->conninfo, capture->part.backup->request->run_id, &cause);
	if (!session || !session_databases(session, &databases, &cause)) {
		capture->databases_unknown = g_strdup(cause->message);
		return;
	}
	capture->databases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (guint i = 0; i < databases->len; i++) {
		const struct session_database *database = databases->pdata[i];

		g_hash_table_add(capture->databases, g_strdup(database->name));
	}
}

static bool is_captured(const struct filestore_capture *capture, const char *name)
{
	return g_hash_table_contains(capture->trees.by_name, name);
}

static bool is_omitted(const struct filestore_capture *capture, const char *name)
{
	return g_hash_table_contains(capture->trees.omitted, name);
}

static void judge_counts(struct filestore_capture *capture, const char *name,
			 const struct attachments *attachments)
{
	const struct backup *backup = capture->part.backup;
	g_autofree char *elsewhere = attachments_elsewhere(attachments);

	if (elsewhere)
		backup_note(
			backup,
			"database '%s' keeps %s: they are not in the set; protect that store by "
			"itself",
			name, elsewhere);
	if (!is_captured(capture, name) && !is_omitted(capture, name) && attachments->rows > 0) {
		g_autofree char *path = g_strconcat("filestore/", name, NULL);

		damage_add(capture->alarms, path,
			   "there is no such folder, and the database names "
			   "%" G_GUINT64_FORMAT " files in it",
			   attachments->files);
	}
}

static void judge_rows(struct filestore_capture *capture, const char *name)
{
	g_autoptr(GError) cause = NULL;

	if (!is_omitted(capture, name) &&
	    !filestore_rows_judge(capture, g_hash_table_lookup(capture->trees.by_name, name),
				  &cause))
		backup_note(capture->part.backup, "%s", cause->message);
}

static void judge_database(struct filestore_capture *capture, const char *name)
{
	const struct backup *backup = capture->part.backup;
	struct attachments attachments = {0};
	g_autoptr(GError) cause = NULL;

	if (!attachments_count(&(struct attachments_source){.conninfo = capture->settings->conninfo,
							    .database = name,
							    .run_id = backup->request->run_id},
			       &attachments, &cause)) {
		if (is_captured(capture, name)) {
			json_set_string(filestore_facts(capture, name), "attachments_unknown",
					cause->message);
			backup_note(backup, "%s", cause->message);
		}
		return;
	}
	if (attachments.is_odoo) {
		if (is_captured(capture, name)) {
			json_t *facts = filestore_facts(capture, name);

			json_set(facts, "attachments", attachments_json(&attachments));
			json_object_del(facts, "attachments_unknown");
			judge_rows(capture, name);
		}
		judge_counts(capture, name, &attachments);
	}
	attachments_clear(&attachments);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of the cluster's databases, in order. */
static GPtrArray *names_of(GHashTable *databases)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, databases);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare_names);
	return names;
}

static void judge_orphans(struct filestore_capture *capture)
{
	for (guint i = 0; i < capture->trees.trees->len; i++) {
		const struct filestore_tree *tree = capture->trees.trees->pdata[i];
		bool orphan = !g_hash_table_contains(capture->databases, tree->name);

		json_set_bool(filestore_facts(capture, tree->name), "has_database", !orphan);
		if (orphan)
			backup_note(capture->part.backup,
				    "the folder '%s' belongs to no database of the cluster; it is "
				    "captured all the same",
				    tree->path);
	}
}

void filestore_databases_judge(struct filestore_capture *capture)
{
	g_autoptr(GPtrArray) names = NULL;

	if (!capture->databases) {
		if (capture->databases_unknown)
			backup_note(capture->part.backup,
				    "the databases were not asked what they expect of the "
				    "filestore: %s",
				    capture->databases_unknown);
		return;
	}
	judge_orphans(capture);
	names = names_of(capture->databases);
	for (guint i = 0; i < names->len; i++)
		if (is_captured(capture, names->pdata[i]) ||
		    filestore_trees_want(capture->settings->databases, names->pdata[i]))
			judge_database(capture, names->pdata[i]);
	capture->after->judged = clock_now();
}
