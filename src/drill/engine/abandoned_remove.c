/* What a drill that was abandoned left behind: it goes as the plan had it, and that is attested. */
#include "base/error.h"
#include "base/inhabitants.h"
#include "base/trim.h"
#include "drill/engine/abandoned.h"
#include "drill/engine/discard.h"
#include "ops/sandbox.h"

#include <string.h>

#define MARKER ".odrbackup-drill"

static const DrillPlan *plan_of(const struct abandoned_means *means, const Abandoned *drill)
{
	const char *name = json_string_value(json_object_get(drill->schedule, "plan"));

	return name && means->plan ? means->plan(means->plan_data, name) : NULL;
}

/* A file system that is not mounted after a power cut looks as if nothing had been left there. */
static bool check_place(const char *directory, const DrillPlan *plan, GError **error)
{
	const char *name = plan && plan->sandbox.marker ? plan->sandbox.marker : MARKER;
	g_autofree char *marker = g_build_filename(directory, name, NULL);

	return g_file_test(marker, G_FILE_TEST_IS_REGULAR) ||
	       odr_fail(error, ODR_ERROR_REFUSED,
			"what is left in '%s' cannot be told: there is no file '%s' there, so that "
			"it may not be mounted",
			directory, name);
}

/* As it was then, where the chain says it. */
static enum plan_discard way_of(const Abandoned *drill, const DrillPlan *plan)
{
	const char *name = json_string_value(json_object_get(drill->schedule, "discard"));
	enum plan_discard how;

	if (name && discard_parse(name, &how))
		return how;
	return plan ? plan->sandbox.discard : PLAN_DISCARD_DELETE;
}

/* Of one that was still there, or that somebody removed by hand. */
static char *key_of(const Abandoned *drill, const char *sealed)
{
	char key[FOLDER_KEY_NAME_SIZE];

	return folder_key_of(sealed, key) ? g_strdup(key) : g_strdup(drill->key);
}

struct removal {
	const char *root;	/* NULL: it never had one */
	char *kept;		/* where it stays for a look, or NULL */
	bool found;		/* it was there */
	unsigned ended;		/* processes that still were */
	json_t *left, *discard; /* discard NULL: there was nothing to do */
};

static json_t *document_of(const struct abandoned_means *means, const Abandoned *drill,
			   const struct removal *removal)
{
	json_t *document = json_object();

	json_set_string(document, "type", "odrbackup-drill-teardown");
	json_set_string(document, "format", "1.0");
	json_set_string(document, "run", drill->run);
	json_set_bool(document, "abandoned", true);
	json_set_bool(document, "server_stopped", false);
	json_set_int(document, "processes_ended", removal->ended);
	json_set_string(document, "sandbox", removal->root);
	json_set_bool(document, "found", removal->found);
	json_set_string(document, "kept", removal->kept);
	json_set(document, "discard",
		 removal->discard ? json_incref(removal->discard) : json_null());
	json_set(document, "left", json_incref(removal->left));
	json_set_string(document, "command", means->command);
	json_set(document, "actor", audit_actor(means->audit));
	json_set_time(document, "time", clock_now());
	return document;
}

/* Before anything of it is done. */
static bool announce(const struct abandoned_means *means, const Abandoned *drill,
		     const struct removal *removal, GError **error)
{
	g_autoptr(JsonValue) data = json_object();

	json_set_string(data, "state", "teardown");
	json_set_string(data, "sandbox", removal->root);
	json_set_bool(data, "kept", removal->kept != NULL);
	json_set_string(data, "command", means->command);
	return audit_append(means->audit,
			    &(struct audit_entry){
				    .event = AUDIT_DRILL_ENTERED, .run = drill->run, .data = data},
			    NULL, error);
}

static void end_processes(const struct abandoned_means *means, struct removal *removal)
{
	removal->ended = inhabitants_end(removal->root);
	if (removal->ended > 0)
		g_ptr_array_add(means->notes,
				g_strdup_printf("processes of a drill that died were still there, "
						"in '%s': they are ended",
						removal->root));
}

static void remove_copy(const struct abandoned_means *means, const Abandoned *drill,
			struct removal *removal, const DrillPlan *plan)
{
	g_autofree char *sealed = sandbox_sealed(removal->root);
	g_autofree char *key = key_of(drill, sealed);

	removal->discard = discard(&(struct discard){.directory = drill->directory,
						     .root = removal->kept ? NULL : removal->root,
						     .folder = sealed,
						     .key = key,
						     .how = way_of(drill, plan),
						     .notes = means->notes},
				   removal->left);
}

/* It stays for a look, where the drill had come so far as to put it there. */
static char *kept_of(const Abandoned *drill)
{
	g_autofree char *kept = g_build_filename(drill->directory, DRILL_KEPT_PREFIX, NULL);
	g_autofree char *folder = g_strconcat(kept, drill->run, NULL);

	return g_file_test(folder, G_FILE_TEST_IS_DIR) ? g_steal_pointer(&folder) : NULL;
}

static json_t *take_down(const struct abandoned_means *means, const Abandoned *drill,
			 struct removal *removal, GError **error)
{
	const DrillPlan *plan = plan_of(means, drill);
	struct file_lock lock = {0};
	bool announced;

	/* A plan with kind=verify has no place. */
	if (!drill->directory)
		return announce(means, drill, removal, error) ? document_of(means, drill, removal)
							      : NULL;

	g_autofree char *root = sandbox_path(drill->directory, drill->run);

	removal->root = root;
	if (!check_place(drill->directory, plan, error) || !sandbox_take_over(root, &lock, error))
		return NULL;
	removal->found = g_file_test(root, G_FILE_TEST_EXISTS);
	removal->kept = removal->found ? NULL : kept_of(drill);
	announced = announce(means, drill, removal, error);
	if (announced) {
		end_processes(means, removal);
		trim_keep_right();
		remove_copy(means, drill, removal, plan);
	}
	file_lock_release(&lock);
	return announced ? document_of(means, drill, removal) : NULL;
}

json_t *abandoned_remove(const struct abandoned_means *means, const Abandoned *drill,
			 GError **error)
{
	g_autoptr(JsonValue) left = json_array();
	struct removal removal = {.left = left};
	json_t *document = take_down(means, drill, &removal, error);

	g_clear_pointer(&removal.discard, json_decref);
	g_free(removal.kept);
	return document;
}
