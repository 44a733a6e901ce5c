#include "store/store.h"

#include "base/error.h"
#include "base/fault.h"
#include "store/driver.h"

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

bool store_type_known(const char *type)
{
	return find_class(type) != NULL;
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
	if (!store)
		odr_context(error, "cannot open repository '%s'", settings->name);
	return store;
}

void store_free(Store *store)
{
	if (store)
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

void store_abilities(Store *store, struct store_abilities *abilities)
{
	store->class->abilities(store, abilities);
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

bool store_put(Store *store, const char *name, const struct iovec *parts, int count,
	       const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	static const struct store_put plainly = {0};
	struct store_receipt unwanted;

	if (!name_check(name, error) || !size_check(parts, count, error) ||
	    !fault_point("store.put", name, error) ||
	    !store->class->put(store, name, parts, count, how ? how : &plainly,
			       receipt ? receipt : &unwanted, error))
		return failed(store, "store", name, error);
	return true;
}

bool store_head(Store *store, const char *name, struct store_object *object, GError **error)
{
	if (!name_check(name, error) || !fault_point("store.get", name, error) ||
	    !store->class->head(store, name, object, error))
		return failed(store, "look at", name, error);
	return true;
}

bool store_get(Store *store, const char *name, const char *version, uint64_t limit,
	       GBytes **content, GError **error)
{
	if (limit == 0 || limit > STORE_OBJECT_MAX)
		limit = STORE_OBJECT_MAX;
	if (!name_check(name, error) || !fault_point("store.get", name, error) ||
	    !store->class->get(store, name, version, limit, content, error))
		return failed(store, "read", name, error);
	return true;
}

bool store_get_range(Store *store, const char *name, const char *version, uint64_t offset,
		     size_t size, void *buffer, GError **error)
{
	if (!name_check(name, error) || !fault_point("store.get", name, error) ||
	    !store->class->get_range(store, name, version, offset, size, buffer, error))
		return failed(store, "read", name, error);
	return true;
}

bool store_list(Store *store, const char *prefix, store_each each, void *data, GError **error)
{
	if (!prefix_check(prefix, error) || !fault_point("store.list", prefix, error) ||
	    !store->class->list(store, prefix, each, data, error))
		return failed(store, "list", prefix, error);
	return true;
}

static bool versions_of_one(Store *store, const char *name, GPtrArray **objects, GError **error)
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
		store->class->versions ? store->class->versions : versions_of_one;

	if (!name_check(name, error) || !fault_point("store.list", name, error) ||
	    !versions(store, name, objects, error))
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

bool store_lock_get(Store *store, const char *name, usec_t *until, GError **error)
{
	if (!store->class->lock_get) {
		*until = 0;
		return true;
	}
	if (!name_check(name, error) || !fault_point("store.get", name, error) ||
	    !store->class->lock_get(store, name, until, error))
		return failed(store, "ask for the lock of", name, error);
	return true;
}

bool store_lock_extend(Store *store, const char *name, usec_t until, GError **error)
{
	if (!store->class->lock_extend)
		return odr_fail(error, ODR_ERROR_REFUSED, "repository '%s' cannot lock objects",
				store->name);
	if (!name_check(name, error) || !fault_point("store.put", name, error) ||
	    !store->class->lock_extend(store, name, until, error))
		return failed(store, "lock", name, error);
	return true;
}

uint64_t store_space(Store *store)
{
	return store->class->space ? store->class->space(store) : UINT64_MAX;
}

void store_object_free(struct store_object *object)
{
	if (!object)
		return;
	g_free(object->name);
	g_free(object);
}
