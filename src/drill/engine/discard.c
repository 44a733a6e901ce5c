/* How the copy goes: removed; or its key is taken from the kernel first; or its blocks are discarded afterwards. */
#include "base/error.h"
#include "base/file.h"
#include "base/trim.h"
#include "crypto/folder_key.h"
#include "drill/engine/engine.h"

static const char *const names[] = {[PLAN_DISCARD_DELETE] = "delete",
				    [PLAN_DISCARD_BLKDISCARD] = "blkdiscard",
				    [PLAN_DISCARD_DROP_KEY] = "drop-key"};

const char *drill_discard_name(const DrillPlan *plan)
{
	return names[plan->sandbox.discard];
}

bool drill_discard_possible(const DrillPlan *plan, GError **error)
{
	const char *directory = plan->sandbox.directory;

	if (plan->sandbox.discard == PLAN_DISCARD_DELETE)
		return true;
	if (plan->sandbox.discard == PLAN_DISCARD_DROP_KEY)
		return folder_key_possible(directory, error);
	trim_keep_right();
	return trim_possible(directory, error);
}

/* ---- at the end ---------------------------------------------------------------------------------- */

static void tell(Drill *drill, const char *what, const GError *trouble)
{
	g_ptr_array_add(drill->notes, g_strdup_printf("%s: %s", what, trouble->message));
}

/* What is without its key is unreadable, even if it cannot be removed. */
static void drop_key(Drill *drill, json_t *attested, json_t *left)
{
	const struct sandbox *sandbox = &drill->sandbox;
	g_autoptr(GError) trouble = NULL;
	bool removed = folder_key_remove(sandbox->root, sandbox->key, &trouble);
	bool reads = folder_key_reads(sandbox->folder);

	json_set_string(attested, "key", sandbox->key);
	json_set_bool(attested, "key_removed", removed);
	json_set_bool(attested, "readable", reads);
	if (removed && !reads)
		return;
	g_autofree char *what = g_strdup_printf("key %s", sandbox->key);

	json_array_append_new(left, json_string(what));
	if (trouble)
		tell(drill, "the key is not removed", trouble);
}

static void trim_blocks(Drill *drill, json_t *attested, json_t *left)
{
	const char *directory = drill->plan->sandbox.directory;
	g_autoptr(GError) trouble = NULL;
	uint64_t bytes;

	if (trim(directory, &bytes, &trouble)) {
		json_set_int(attested, "bytes_trimmed", (int64_t)bytes);
		return;
	}
	g_autofree char *what = g_strdup_printf("blocks of %s", directory);

	json_set(attested, "bytes_trimmed", json_null());
	json_array_append_new(left, json_string(what));
	tell(drill, "the blocks are not discarded", trouble);
}

static bool remove_all(Drill *drill, json_t *left)
{
	const char *root = drill->sandbox.root;
	g_autoptr(GError) trouble = NULL;

	if (file_remove_tree(root, &trouble))
		return true;
	tell(drill, "not everything is removed", trouble);
	json_array_append_new(left, json_string(root));
	return false;
}

json_t *drill_discard(Drill *drill, json_t *left)
{
	json_t *attested = json_object();

	json_set_string(attested, "method", drill_discard_name(drill->plan));
	if (!drill->sandbox.root)
		return attested;
	if (*drill->sandbox.key)
		drop_key(drill, attested, left);
	if (remove_all(drill, left) && drill->plan->sandbox.discard == PLAN_DISCARD_BLKDISCARD)
		trim_blocks(drill, attested, left);
	return attested;
}
