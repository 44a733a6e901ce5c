#include "store/store.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "store/alteration.h"
#include "store/diagnose.h"
#include "store/driver.h"
#include "store/lab.h"

#include <string.h>

/* A component and what a driver may add to it fit into a file name. */
#define COMPONENT_MAX 200

static const struct store_class *find_class(const char *type)
{
	for (const struct store_class *const *class = store_classes; *class; class ++)
		if (g_strcmp0((*class)->type, type) == 0)
			return *class;
	return NULL;
}

static void place_add(GString *text, const char *setting)
{
	g_string_append(text, setting ? setting : "");
	while (text->len > 0 && text->str[text->len - 1] == '/')
		g_string_truncate(text, text->len - 1);
	g_string_append_c(text, '\n');
}

void store_settings_place(const struct store_settings *settings, char place[STORE_PLACE_SIZE])
{
	g_autoptr(GString) text = g_string_new(NULL);
	uint8_t digest[XXH128_SIZE];

	place_add(text, settings->path);
	place_add(text, settings->endpoint);
	place_add(text, settings->bucket);
	place_add(text, settings->prefix);
	xxh128(0, text->str, text->len, digest);

	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	g_strlcpy(place, hex, STORE_PLACE_SIZE);
}

bool store_type_known(const char *type)
{
	return find_class(type) != NULL;
}

/* What other credentials or another setting of locks led to says nothing here. */
static Memory *open_memory(const Store *store, const struct store_settings *settings)
{
	const char *const access[] = {settings->credentials, settings->credential_process,
				      settings->credentials_from, settings->role_arn};
	g_autoptr(GString) about = g_string_new(NULL);

	g_string_printf(about, "%s, lock %d, ", store->description, settings->lock);
	for (size_t i = 0; i < G_N_ELEMENTS(access); i++)
		g_string_append(about, access[i] ? access[i] : "");
	return memory_open(&(struct memory_settings){
		.path = settings->memory, .about = about->str, .age = settings->memory_age});
}

Store *store_open(const struct store_settings *settings, GError **error)
{
	const struct store_class *class = find_class(settings->type);
	Store *store;

	if (!class) {
		odr_fail(error, ODR_ERROR_USAGE, "repository '%s' has unknown type '%s'",
			 settings->name, settings->type);
		return NULL;
	}
	store = class->open(settings, error);
	if (!store) {
		odr_context(error, "cannot open repository '%s'", settings->name);
		return NULL;
	}
	store_settings_place(settings, store->place);
	store->alterations = alterations_new();
	store->as_of = settings->as_of;
	store->lab = settings->lab;
	if (class->remembers && settings->memory)
		store->memory = open_memory(store, settings);
	return store;
}

void store_free(Store *store)
{
	if (!store)
		return;
	memory_close(store->memory);
	alterations_free(store->alterations);
	store->class->free(store);
}

const char *store_name(const Store *store)
{
	return store->name;
}

const char *store_describe(const Store *store)
{
	return store->description;
}

const char *store_place(const Store *store)
{
	return store->place;
}

void store_abilities(Store *store, struct store_abilities *abilities)
{
	store->class->abilities(store, abilities);
}

bool store_keeps_time(const Store *store)
{
	return store->class->keeps_time;
}

const struct store_distrust *store_distrust(const Store *store)
{
	return store->distrust;
}

/* Names. */

static bool name_character(char c)
{
	return g_ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
}

static bool component_valid(const char *component, size_t length)
{
	if (length == 0 || length > COMPONENT_MAX || component[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!name_character(component[i]))
			return false;
	return true;
}

bool store_name_valid(const char *name)
{
	if (strlen(name) > STORE_NAME_MAX)
		return false;
	for (;;) {
		size_t length = strcspn(name, "/");

		if (!component_valid(name, length))
			return false;
		if (!name[length])
			return true;
		name += length + 1;
	}
}

static bool name_check(const char *name, GError **error)
{
	if (!store_name_valid(name))
		return odr_fail(error, ODR_ERROR_FAILED, "'%s' cannot name an object", name);
	return true;
}

/* A prefix is a name that may stop anywhere: with a letter more it is a name. */
static bool prefix_check(const char *prefix, GError **error)
{
	g_autofree char *name = g_strconcat(prefix, "x", NULL);

	if (!store_name_valid(name))
		return odr_fail(error, ODR_ERROR_FAILED, "'%s' cannot begin the name of an object",
				prefix);
	return true;
}

/* Every failure says what was being done, and in which repository. */
static bool failed(const Store *store, const char *doing, const char *name, GError **error)
{
	return odr_context(error, "cannot %s '%s' %s repository '%s'", doing, name,
			   strcmp(doing, "store") == 0 ? "in" : "of", store->name);
}

/* Objects. */

static bool size_check(const struct iovec *parts, int count, GError **error)
{
	uint64_t size = 0;

	for (int i = 0; i < count; i++) {
		if (parts[i].iov_len > STORE_OBJECT_MAX - size)
			return odr_fail(error, ODR_ERROR_FAILED,
					"an object has at most %" G_GUINT64_FORMAT " MiB",
					STORE_OBJECT_MAX >> 20);
		size += parts[i].iov_len;
	}
	return true;
}

bool store_can_lock(Store *store, usec_t until, GError **error)
{
	return !store->class->can_lock || store->class->can_lock(store, until, error) ||
	       odr_context(error, "repository '%s'", store->name);
}

bool store_put(Store *store, const char *name, const struct iovec *parts, int count,
	       const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	static const struct store_put plainly = {0};
	struct store_receipt unwanted;
	g_autoptr(GError) cause = NULL;

	if (name_check(name, &cause) && size_check(parts, count, &cause) &&
	    fault_point("store.put", name, &cause) &&
	    store->class->put(store, name, parts, count, how ? how : &plainly,
			      receipt ? receipt : &unwanted, &cause))
		return true;
	if (store->memory && !odr_error_is(cause, ODR_ERROR_EXISTS))
		memory_forget(store->memory);
	g_propagate_error(error, g_steal_pointer(&cause));
	return failed(store, "store", name, error);
}

/* Apart from lists: those leave out what is hidden. */
static bool may_read(const Store *store, const char *point, const char *name, GError **error)
{
	return name_check(name, error) && fault_point(point, name, error) &&
	       store_lab_allows(store->lab, name, error) &&
	       (!store_lab_hides(store->lab, name) ||
		odr_fail(error, ODR_ERROR_NOT_FOUND, "the lab hides it"));
}

static void alter(GBytes **content)
{
	gsize size;
	void *copy = g_bytes_unref_to_data(*content, &size);

	store_lab_alter(copy, size);
	*content = g_bytes_new_take(copy, size);
}

bool store_head(Store *store, const char *name, struct store_object *object, GError **error)
{
	if (!may_read(store, "store.get", name, error) ||
	    !store->class->head(store, name, object, error))
		return failed(store, "look at", name, error);
	return true;
}

bool store_get(Store *store, const char *name, const char *version, uint64_t limit,
	       GBytes **content, GError **error)
{
	if (limit == 0 || limit > STORE_OBJECT_MAX)
		limit = STORE_OBJECT_MAX;
	if (!may_read(store, "store.get", name, error) ||
	    !store->class->get(store, name, version, limit, content, error))
		return failed(store, "read", name, error);
	if (store_lab_alters(store->lab, name))
		alter(content);
	return true;
}

bool store_get_range(Store *store, const char *name, const char *version, uint64_t offset,
		     size_t size, void *buffer, GError **error)
{
	if (!may_read(store, "store.get", name, error) ||
	    !store->class->get_range(store, name, version, offset, size, buffer, error))
		return failed(store, "read", name, error);
	if (store_lab_alters(store->lab, name))
		store_lab_alter(buffer, size);
	return true;
}

struct listing {
	Store *store;
	store_each each;
	void *data;
};

static bool list_object(void *data, const struct store_object *object)
{
	const struct listing *listing = data;
	Store *store = listing->store;

	if (store->as_of != 0 && object->stored_at > store->as_of)
		return true;
	if (store_lab_hides(store->lab, object->name))
		return true;
	/* Probes are ours to hide. */
	if (object->hidden && !g_str_has_prefix(object->name, STORE_PROBE))
		store_alteration_note(store, object->name, object, NULL);
	return listing->each(listing->data, object);
}

bool store_list(Store *store, const char *prefix, store_each each, void *data, GError **error)
{
	struct listing listing = {store, each, data};

	if (!prefix_check(prefix, error) || !fault_point("store.list", prefix, error) ||
	    !store_lab_allows(store->lab, prefix, error) ||
	    !store->class->list(store, prefix, list_object, &listing, error))
		return failed(store, "list", prefix, error);
	return true;
}

bool store_versions_of_one(Store *store, const char *name, GPtrArray **objects, GError **error)
{
	struct store_object object = {0};

	if (!store->class->head(store, name, &object, error))
		return false;
	object.name = g_strdup(name);
	*objects = g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);
	g_ptr_array_add(*objects, g_memdup2(&object, sizeof(object)));
	return true;
}

bool store_versions(Store *store, const char *name, GPtrArray **objects, GError **error)
{
	bool (*versions)(Store *, const char *, GPtrArray **, GError **) =
		store->class->versions ? store->class->versions : store_versions_of_one;

	if (!may_read(store, "store.list", name, error) || !versions(store, name, objects, error))
		return failed(store, "list the versions of", name, error);
	return true;
}

bool store_delete(Store *store, const char *name, const char *version, GError **error)
{
	if (!name_check(name, error) || !fault_point("store.delete", name, error) ||
	    !store->class->delete (store, name, version, error))
		return failed(store, "delete", name, error);
	return true;
}

/* What went wrong is a matter of this object, or of the store: then *error has it. */
static bool deletion_take(struct store_deletion *deletion, GError *cause, GError **error)
{
	deletion->gone = odr_error_is(cause, ODR_ERROR_NOT_FOUND);
	if (!deletion->gone && !odr_error_is(cause, ODR_ERROR_REFUSED)) {
		g_propagate_error(error, cause);
		return false;
	}
	if (deletion->gone)
		g_error_free(cause);
	else
		deletion->error = cause;
	return true;
}

static bool delete_each(Store *store, struct store_deletion *deletions, size_t count,
			GError **error)
{
	for (size_t i = 0; i < count; i++) {
		GError *cause = NULL;

		if (!stop_check(error))
			return false;
		deletions[i].gone =
			store_delete(store, deletions[i].name, deletions[i].version, &cause);
		if (cause && !deletion_take(&deletions[i], cause, error))
			return false;
	}
	return true;
}

static bool deletions_check(const struct store_deletion *deletions, size_t count, GError **error)
{
	for (size_t i = 0; i < count; i++)
		if (!name_check(deletions[i].name, error) ||
		    !fault_point("store.delete", deletions[i].name, error))
			return false;
	return true;
}

bool store_delete_many(Store *store, struct store_deletion *deletions, size_t count, GError **error)
{
	bool done;

	if (count == 0)
		return true;
	if (!store->class->delete_many)
		return delete_each(store, deletions, count, error);
	done = deletions_check(deletions, count, error) &&
	       store->class->delete_many(store, deletions, count, error);
	for (size_t i = 0; i < count; i++)
		if (deletions[i].error)
			failed(store, "delete", deletions[i].name, &deletions[i].error);
	if (done)
		return true;
	if (count == 1)
		return failed(store, "delete", deletions[0].name, error);
	return odr_context(error, "cannot delete '%s' and others (%zu in all) of repository '%s'",
			   deletions[0].name, count, store->name);
}

bool store_sweep(Store *store, const char *folder, const struct store_sweep *sweep,
		 struct store_swept *swept, GError **error)
{
	*swept = (struct store_swept){0};
	if (!store->class->sweep)
		return true;
	if (!name_check(folder, error) || !store->class->sweep(store, folder, sweep, swept, error))
		return failed(store, "remove what was left behind in", folder, error);
	return true;
}

bool store_lock_get(Store *store, const char *name, const char *version, struct store_lock *lock,
		    GError **error)
{
	if (!store->class->lock_get) {
		*lock = (struct store_lock){0};
		return true;
	}
	if (!name_check(name, error) || !fault_point("store.get", name, error) ||
	    !store->class->lock_get(store, name, version, lock, error))
		return failed(store, "ask for the lock of", name, error);
	return true;
}

static bool cannot_lock(const Store *store, GError **error)
{
	return odr_fail(error, ODR_ERROR_REFUSED, "repository '%s' cannot lock objects",
			store->name);
}

bool store_lock_extend(Store *store, const char *name, const char *version, usec_t until,
		       GError **error)
{
	if (!store->class->lock_extend)
		return cannot_lock(store, error);
	if (!name_check(name, error) || !fault_point("store.put", name, error) ||
	    !store->class->lock_extend(store, name, version, until, error))
		return failed(store, "lock", name, error);
	return true;
}

bool store_hold(Store *store, const char *name, const char *version, bool hold, GError **error)
{
	if (!store->class->hold)
		return cannot_lock(store, error);
	if (!name_check(name, error) || !fault_point("store.put", name, error) ||
	    !store->class->hold(store, name, version, hold, error))
		return failed(store, hold ? "hold" : "release", name, error);
	return true;
}

char *store_recall(Store *store, const char *fact)
{
	return store->memory ? memory_recall(store->memory, fact) : NULL;
}

void store_note(Store *store, const char *fact, const char *word)
{
	if (store->memory)
		memory_note(store->memory, fact, word);
}

struct store_object *store_object_copy(const struct store_object *object)
{
	struct store_object *copy = g_memdup2(object, sizeof(*object));

	copy->name = g_strdup(object->name);
	return copy;
}

void store_object_free(struct store_object *object)
{
	if (!object)
		return;
	g_free(object->name);
	g_free(object);
}
