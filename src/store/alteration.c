#include "store/alteration.h"

#include "base/log.h"
#include "base/pool.h"
#include "store/driver.h"

#include <string.h>

#define WARNINGS_MAX 20

struct alterations {
	struct mutex *mutex; /* guards what follows */
	GHashTable *names;   /* of all that were noted */
	GPtrArray *found;    /* since they were taken last */
};

struct alterations *alterations_new(void)
{
	struct alterations *alterations = g_new0(struct alterations, 1);

	alterations->mutex = mutex_new();
	alterations->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	alterations->found = g_ptr_array_new_with_free_func((GDestroyNotify)store_alteration_free);
	return alterations;
}

void alterations_free(struct alterations *alterations)
{
	if (!alterations)
		return;
	mutex_free(alterations->mutex);
	g_hash_table_unref(alterations->names);
	g_ptr_array_unref(alterations->found);
	g_free(alterations);
}

void store_alteration_free(struct store_alteration *alteration)
{
	if (!alteration)
		return;
	g_free(alteration->name);
	g_free(alteration->what);
	g_free(alteration);
}

GPtrArray *store_alterations_take(Store *store)
{
	GPtrArray *empty = g_ptr_array_new_with_free_func((GDestroyNotify)store_alteration_free);
	GPtrArray *found = empty;

	if (!store->alterations)
		return empty;
	mutex_lock(store->alterations->mutex);
	found = store->alterations->found;
	store->alterations->found = empty;
	mutex_unlock(store->alterations->mutex);
	return found;
}

static char *describe(const Store *store, const char *name, const struct store_object *version,
		      const char *why)
{
	g_autofree char *stored = clock_format(version->stored_at);
	g_autofree char *reading =
		g_strdup_printf("cannot read '%s' of repository '%s': ", name, store->name);

	/* Which object it is about is said already. */
	if (why && g_str_has_prefix(why, reading))
		why += strlen(reading);
	if (why)
		return g_strdup_printf("a version of '%s' is no good (%s): version %s, stored %s, "
				       "was read instead",
				       name, why, version->version, stored);
	return g_strdup_printf("'%s' is hidden behind a delete marker: version %s, stored %s, was "
			       "read",
			       name, version->version, stored);
}

/* How many there are now; 0: it was known. */
static guint keep(struct alterations *alterations, const char *name, const char *what, bool hidden)
{
	struct store_alteration *one;
	guint count = 0;

	mutex_lock(alterations->mutex);
	if (g_hash_table_size(alterations->names) < STORE_ALTERATIONS_MAX &&
	    g_hash_table_add(alterations->names, g_strdup(name))) {
		one = g_new0(struct store_alteration, 1);
		one->name = g_strdup(name);
		one->hidden = hidden;
		one->what = g_strdup(what);
		one->found_at = clock_now();
		g_ptr_array_add(alterations->found, one);
		count = g_hash_table_size(alterations->names);
	}
	mutex_unlock(alterations->mutex);
	return count;
}

void store_alteration_note(Store *store, const char *name, const struct store_object *version,
			   const char *why)
{
	g_autofree char *what = describe(store, name, version, why);
	guint count = store->alterations ? keep(store->alterations, name, what, !why) : 0;

	if (count == 0)
		return;
	log_write(count <= WARNINGS_MAX ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG,
		  &(struct log_event){.name = why ? "object.replaced" : "object.hidden"},
		  "repository %s: %s; find out who writes there", store->name, what);
	if (count == WARNINGS_MAX)
		log_warning("repository %s: further objects that were altered are not warned of "
			    "one by one",
			    store->name);
}
