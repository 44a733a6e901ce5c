#ifndef ODR_TESTS_STORE_VERSIONED_H
#define ODR_TESTS_STORE_VERSIONED_H

/* A store in memory that keeps versions, as a bucket does: what is put lies over what was there, what is
 * deleted without a version is hidden. Its clock is the test's. */
#include "base/error.h"
#include "store/alteration.h"
#include "store/driver.h"

#include <string.h>

struct versioned_entry {
	char *name;
	char id[16];
	GBytes *content; /* NULL: a delete marker */
	usec_t stored_at;
};
struct versioned_store {
	Store store;
	GPtrArray *entries; /* struct versioned_entry, oldest first */
	usec_t clock;
	unsigned reads, lists; /* requests so far */
	bool withholds;	       /* versions that it lists */
};

static inline struct versioned_store *versioned(Store *store)
{
	return (struct versioned_store *)store;
}

static inline void versioned_entry_free(void *data)
{
	struct versioned_entry *entry = data;

	g_free(entry->name);
	g_clear_pointer(&entry->content, g_bytes_unref);
	g_free(entry);
}

static inline const char *versioned_add(Store *store, const char *name, GBytes *content)
{
	struct versioned_store *self = versioned(store);
	struct versioned_entry *entry = g_new0(struct versioned_entry, 1);

	entry->name = g_strdup(name);
	entry->content = content;
	entry->stored_at = self->clock;
	g_snprintf(entry->id, sizeof(entry->id), "v%u", self->entries->len + 1);
	g_ptr_array_add(self->entries, entry);
	return entry->id;
}

/* For tests: what a thief may do. */
static inline void versioned_overlay(Store *store, const char *name, const char *text)
{
	versioned_add(store, name, g_bytes_new(text, strlen(text)));
}

static inline void versioned_hide(Store *store, const char *name)
{
	versioned_add(store, name, NULL);
}

/* The newest, or that version; NULL: there is none. */
static inline const struct versioned_entry *versioned_find(Store *store, const char *name,
							   const char *version)
{
	struct versioned_store *self = versioned(store);

	for (guint i = self->entries->len; i-- > 0;) {
		const struct versioned_entry *entry = self->entries->pdata[i];

		if (strcmp(entry->name, name) == 0 && (!version || strcmp(entry->id, version) == 0))
			return entry;
	}
	return NULL;
}

static inline void versioned_free(Store *store)
{
	g_ptr_array_unref(versioned(store)->entries);
	g_free(store->name);
	g_free(store->description);
	g_free(store);
}

static inline void versioned_abilities(Store *store, struct store_abilities *abilities)
{
	*abilities = (struct store_abilities){.versions = true, .lists = true};
}

static inline bool versioned_put(Store *store, const char *name, const struct iovec *parts,
				 int count, const struct store_put *how,
				 struct store_receipt *receipt, GError **error)
{
	g_autoptr(GByteArray) all = g_byte_array_new();

	for (int i = 0; i < count; i++)
		g_byte_array_append(all, parts[i].iov_base, (guint)parts[i].iov_len);
	*receipt = (struct store_receipt){.stored_at = versioned(store)->clock};
	g_strlcpy(receipt->version, versioned_add(store, name, g_bytes_new(all->data, all->len)),
		  sizeof(receipt->version));
	return true;
}

static inline bool versioned_versions(Store *store, const char *name, GPtrArray **objects,
				      GError **error)
{
	const struct versioned_entry *newest = versioned_find(store, name, NULL);
	struct versioned_store *self = versioned(store);
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)store_object_free);

	self->lists++;
	for (guint i = 0; i < self->entries->len; i++) {
		const struct versioned_entry *entry = self->entries->pdata[i];
		struct store_object *object;

		if (strcmp(entry->name, name) != 0 || !entry->content)
			continue;
		object = g_new0(struct store_object, 1);
		object->name = g_strdup(name);
		object->size = g_bytes_get_size(entry->content);
		object->stored_at = entry->stored_at;
		object->hidden = !newest->content;
		g_strlcpy(object->version, entry->id, sizeof(object->version));
		g_ptr_array_add(found, object);
	}
	if (found->len == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
	*objects = g_steal_pointer(&found);
	return true;
}

static inline bool versioned_read(Store *store, const char *name, const char *version,
				  const struct versioned_entry **entry, GError **error)
{
	g_autoptr(GPtrArray) versions = NULL;

	versioned(store)->reads++;
	*entry = versioned_find(store, name, version);
	if (*entry && (*entry)->content && !(version && versioned(store)->withholds))
		return true;
	if (!version && !versioned_versions(store, name, &versions, error))
		return false;
	return odr_fail(error, version ? ODR_ERROR_NOT_FOUND : ODR_ERROR_CORRUPT,
			version ? "there is no such version"
				: "it is hidden behind a delete marker");
}

static inline bool versioned_get(Store *store, const char *name, const char *version,
				 uint64_t limit, GBytes **content, GError **error)
{
	const struct versioned_entry *entry;

	if (!versioned_read(store, name, version, &entry, error))
		return false;
	*content = g_bytes_ref(entry->content);
	return true;
}

static inline bool versioned_get_range(Store *store, const char *name, const char *version,
				       uint64_t offset, size_t size, void *buffer, GError **error)
{
	const struct versioned_entry *entry;

	if (!versioned_read(store, name, version, &entry, error))
		return false;
	if (offset + size > g_bytes_get_size(entry->content))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is too short");
	memcpy(buffer, (const char *)g_bytes_get_data(entry->content, NULL) + offset, size);
	return true;
}

static inline bool versioned_head(Store *store, const char *name, struct store_object *object,
				  GError **error)
{
	const struct versioned_entry *entry;

	if (!versioned_read(store, name, NULL, &entry, error))
		return false;
	*object = (struct store_object){.size = g_bytes_get_size(entry->content),
					.stored_at = entry->stored_at};
	g_strlcpy(object->version, entry->id, sizeof(object->version));
	return true;
}

static inline int versioned_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline bool versioned_list(Store *store, const char *prefix, store_each each, void *data,
				  GError **error)
{
	struct versioned_store *self = versioned(store);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < self->entries->len; i++) {
		const struct versioned_entry *entry = self->entries->pdata[i];

		if (entry->content && g_str_has_prefix(entry->name, prefix) &&
		    g_hash_table_add(seen, entry->name))
			g_ptr_array_add(names, entry->name);
	}
	g_ptr_array_sort(names, versioned_compare);
	for (guint i = 0; i < names->len; i++) {
		g_autoptr(GPtrArray) versions = NULL;

		versioned_versions(store, names->pdata[i], &versions, NULL);
		((struct store_object *)versions->pdata[0])->versions = versions->len;
		if (!each(data, versions->pdata[0]))
			break;
	}
	self->lists++;
	return true;
}

static inline Store *versioned_store_new(void)
{
	static const struct store_class class = {
		.type = "versioned",
		.keeps_time = true,
		.free = versioned_free,
		.abilities = versioned_abilities,
		.put = versioned_put,
		.head = versioned_head,
		.get = versioned_get,
		.get_range = versioned_get_range,
		.list = versioned_list,
		.versions = versioned_versions,
	};
	struct versioned_store *self = g_new0(struct versioned_store, 1);

	self->store.class = &class;
	self->store.name = g_strdup("main");
	self->store.description = g_strdup("memory");
	self->store.alterations = alterations_new();
	self->entries = g_ptr_array_new_with_free_func(versioned_entry_free);
	self->clock = USEC_PER_DAY;
	return &self->store;
}

#endif
