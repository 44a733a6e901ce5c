/* How the copy goes: removed; or its key is taken from the kernel first; or its blocks are discarded afterwards. */
#include "drill/engine/discard.h"

#include "base/error.h"
#include "base/trim.h"
#include "crypto/folder_key.h"
#include "drill/engine/engine.h"

#include <string.h>

static const char *const names[] = {[PLAN_DISCARD_DELETE] = "delete",
				    [PLAN_DISCARD_BLKDISCARD] = "blkdiscard",
				    [PLAN_DISCARD_DROP_KEY] = "drop-key"};

const char *discard_name(enum plan_discard how)
{
	return names[how];
}

bool discard_parse(const char *name, enum plan_discard *how)
{
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i], name) == 0) {
			*how = (enum plan_discard)i;
			return true;
		}
	return false;
}

const char *drill_discard_name(const DrillPlan *plan)
{
	return discard_name(plan->sandbox.discard);
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

static void tell(const struct discard *copy, const char *what, const GError *trouble)
{
	g_ptr_array_add(copy->notes, g_strdup_printf("%s: %s", what, trouble->message));
}

/* What is without its key is unreadable, even if it cannot be removed. */
static void drop_key(const struct discard *copy, json_t *attested, json_t *left)
{
	g_autoptr(GError) trouble = NULL;
	bool removed = folder_key_remove(copy->directory, copy->key, &trouble);
	bool reads = folder_key_reads(copy->folder);

	json_set_string(attested, "key", copy->key);
	json_set_bool(attested, "key_removed", removed);
	json_set_bool(attested, "readable", reads);
	if (removed && !reads)
		return;
	g_autofree char *what = g_strdup_printf("key %s", copy->key);

	json_array_append_new(left, json_string(what));
	if (trouble)
		tell(copy, "the key is not removed", trouble);
}

static void trim_blocks(const struct discard *copy, json_t *attested, json_t *left)
{
	g_autoptr(GError) trouble = NULL;
	uint64_t bytes;

	if (trim(copy->directory, &bytes, &trouble)) {
		json_set_int(attested, "bytes_trimmed", (int64_t)bytes);
		return;
	}
	g_autofree char *what = g_strdup_printf("blocks of %s", copy->directory);

	json_set(attested, "bytes_trimmed", json_null());
	json_array_append_new(left, json_string(what));
	tell(copy, "the blocks are not discarded", trouble);
}

static bool remove_all(const struct discard *copy, json_t *left)
{
	g_autoptr(GError) trouble = NULL;

	if (sandbox_remove_tree(copy->root, &trouble))
		return true;
	tell(copy, "not everything is removed", trouble);
	json_array_append_new(left, json_string(copy->root));
	return false;
}

json_t *discard(const struct discard *copy, json_t *left)
{
	json_t *attested = json_object();

	json_set_string(attested, "method", discard_name(copy->how));
	if (!copy->root)
		return attested;
	if (copy->key && *copy->key)
		drop_key(copy, attested, left);
	if (remove_all(copy, left) && copy->how == PLAN_DISCARD_BLKDISCARD)
		trim_blocks(copy, attested, left);
	return attested;
}

json_t *drill_discard(Drill *drill, json_t *left)
{
	return discard(&(struct discard){.directory = drill->plan->sandbox.directory,
					 .root = drill->sandbox.root,
					 .folder = drill->sandbox.folder,
					 .key = drill->sandbox.key,
					 .how = drill->plan->sandbox.discard,
					 .notes = drill->notes},
		       left);
}
