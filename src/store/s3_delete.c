#include "store/s3_delete.h"

#include "base/error.h"
#include "base/pool.h"
#include "store/s3_bucket.h"
#include "store/s3_list.h"
#include "store/s3_retry.h"

#include <string.h>

#define BATCH_MAX 1000 /* as S3 has it */
#define FORBIDDEN 403
#define ABSENT	  404

static bool delete_once(struct s3_store *self, const char *key, const char *version, GError **error)
{
	const struct s3_call call = {
		.method = "DELETE",
		.key = key,
		.query = {{version ? "versionId" : NULL, version}},
	};
	g_autoptr(S3Answer) answer = s3_answer_new();

	return s3_call(self, &call, answer, error);
}

/* Versions first, the oldest before all, delete markers last: until then it is at least hidden. */
typedef bool (*each_version)(void *data, const struct s3_entry *entry, GError **error);
static bool walk_history(struct s3_store *self, const char *key, each_version each, void *data,
			 GError **error)
{
	g_autoptr(GPtrArray) history = s3_history(self, key, error);
	bool any = false;

	if (!history)
		return false;
	for (guint markers = 0; markers < 2; markers++) {
		for (guint i = history->len; i-- > 0;) {
			const struct s3_entry *entry = history->pdata[i];

			if (entry->marker != (markers == 1))
				continue;
			any = any || !entry->marker;
			if (!each(data, entry, error))
				return false;
		}
	}
	return any || odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no such object");
}

static bool delete_entry(void *data, const struct s3_entry *entry, GError **error)
{
	return delete_once(data, entry->key, entry->version, error);
}

bool s3_delete(Store *store, const char *name, const char *version, GError **error)
{
	struct s3_store *self = s3_store(store);
	g_autofree char *key = s3_key(self, name);
	struct store_object object;

	if (version && *version)
		return delete_once(self, key, version, error);
	if (s3_has_versions(self))
		return walk_history(self, key, delete_entry, self, error);
	return s3_head(store, name, &object, error) && delete_once(self, key, NULL, error);
}

/* Several. */

/* What one request can name: a version, or a key where there are none. */
struct victim {
	char *key, *version;
	struct store_deletion *deletion;
	bool told; /* what became of it */
};

struct several {
	struct s3_store *self;
	GPtrArray *victims;
	struct store_deletion *deletion; /* whose versions are being noted */
};

static void victim_free(void *data)
{
	struct victim *victim = data;

	g_free(victim->key);
	g_free(victim->version);
	g_free(victim);
}

static void note_victim(struct several *several, const char *key, const char *version)
{
	struct victim *victim = g_new0(struct victim, 1);

	victim->key = g_strdup(key);
	victim->version = g_strdup(version);
	victim->deletion = several->deletion;
	g_ptr_array_add(several->victims, victim);
}

static bool note_entry(void *data, const struct s3_entry *entry, GError **error)
{
	note_victim(data, entry->key, entry->version);
	return true;
}

/* A failure that is a matter of one object stays with it. */
static bool keep_failure(struct store_deletion *deletion, GError *cause, GError **error)
{
	if (odr_error_is(cause, ODR_ERROR_REFUSED) && !deletion->error)
		deletion->error = g_error_copy(cause);
	if (odr_error_is(cause, ODR_ERROR_REFUSED) || odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_error_copy(cause));
	return false;
}

static bool note_deletion(struct several *several, struct store_deletion *deletion, GError **error)
{
	g_autofree char *key = s3_key(several->self, deletion->name);
	g_autoptr(GError) cause = NULL;

	several->deletion = deletion;
	if (deletion->version && *deletion->version)
		note_victim(several, key, deletion->version);
	else if (!s3_has_versions(several->self))
		note_victim(several, key, NULL);
	else if (!walk_history(several->self, key, note_entry, several, &cause) &&
		 !keep_failure(deletion, cause, error))
		return false;
	deletion->gone = true;
	return true;
}

static char *victim_name(const char *key, const char *version)
{
	return g_strconcat(key, "\n", version, NULL);
}

static char *batch_body(struct victim *const *victims, size_t count)
{
	GString *text = g_string_new("<Delete" S3_NAMESPACE "><Quiet>false</Quiet>");

	for (size_t i = 0; i < count; i++) {
		g_autofree char *key = g_markup_escape_text(victims[i]->key, -1);
		g_autofree char *version =
			victims[i]->version ? g_markup_escape_text(victims[i]->version, -1) : NULL;

		g_string_append_printf(text, "<Object><Key>%s</Key>%s%s%s</Object>", key,
				       version ? "<VersionId>" : "", version ? version : "",
				       version ? "</VersionId>" : "");
	}
	g_string_append(text, "</Delete>");
	return g_string_free(text, FALSE);
}

static bool delete_alone(struct several *several, struct victim *victim, GError **error)
{
	g_autoptr(GError) cause = NULL;

	victim->told = true;
	return delete_once(several->self, victim->key, victim->version, &cause) ||
	       keep_failure(victim->deletion, cause, error);
}

/* Anything but a plain refusal is better told by a request of its own, which is also repeated. */
static bool take_failure(struct several *several, struct victim *victim,
			 const struct s3_deleted *deleted, GError **error)
{
	bool absent = strcmp(deleted->code, "NoSuchKey") == 0 ||
		      strcmp(deleted->code, "NoSuchVersion") == 0;
	const struct s3_meaning *meaning =
		s3_meaning(absent ? ABSENT : FORBIDDEN, deleted->code, deleted->message);
	g_autoptr(GError) cause = NULL;

	if (!absent && strcmp(deleted->code, "AccessDenied") != 0)
		return delete_alone(several, victim, error);
	victim->told = true;
	odr_fail(&cause, meaning->error, "%s%s%s%s", deleted->code, *deleted->message ? ": " : "",
		 deleted->message, absent ? "" : " (a policy or a lock forbids it)");
	return keep_failure(victim->deletion, cause, error);
}

static bool take_result(struct several *several, GHashTable *asked,
			const struct s3_deleted *deleted, GError **error)
{
	g_autofree char *name = victim_name(deleted->key, deleted->version);
	struct victim *victim = g_hash_table_lookup(asked, name);

	if (!victim || victim->told)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server tells of '%s'%s%s, which it was not asked to delete",
				deleted->key, deleted->version ? ", version " : "",
				deleted->version ? deleted->version : "");
	if (deleted->failed)
		return take_failure(several, victim, deleted, error);
	victim->told = true;
	return true;
}

/* What is not told of may be there still. */
static bool take_results(struct several *several, struct victim *const *victims, size_t count,
			 const S3Answer *answer, GError **error)
{
	g_autoptr(GHashTable) asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) results =
		s3_reply_deleted(answer->http->body->data, answer->http->body->len, error);

	for (size_t i = 0; i < count; i++)
		g_hash_table_insert(asked, victim_name(victims[i]->key, victims[i]->version),
				    victims[i]);
	for (guint i = 0; results && i < results->len; i++)
		if (!take_result(several, asked, results->pdata[i], error))
			return false;
	for (size_t i = 0; results && i < count; i++)
		if (!victims[i]->told)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"the server does not tell what became of '%s'",
					victims[i]->key);
	return results != NULL;
}

static bool delete_each(struct several *several, struct victim *const *victims, size_t count,
			GError **error)
{
	for (size_t i = 0; i < count; i++)
		if (!delete_alone(several, victims[i], error))
			return false;
	return true;
}

static bool knows_batches(struct s3_store *self)
{
	bool knows;

	mutex_lock(self->mutex);
	knows = !self->single_deletes;
	mutex_unlock(self->mutex);
	return knows;
}

static void forget_batches(struct s3_store *self)
{
	mutex_lock(self->mutex);
	self->single_deletes = true;
	mutex_unlock(self->mutex);
}

static bool delete_batch(struct several *several, struct victim *const *victims, size_t count,
			 GError **error)
{
	g_autofree char *body = batch_body(victims, count);
	const struct iovec part = {body, strlen(body)};
	const struct s3_call call = {
		.method = "POST",
		.query = {{"delete", ""}},
		.parts = &part,
		.part_count = 1,
		.body = true,
	};
	g_autoptr(S3Answer) answer = s3_answer_new();
	g_autoptr(GError) cause = NULL;

	if (count == 1 || !knows_batches(several->self))
		return delete_each(several, victims, count, error);
	if (s3_call(several->self, &call, answer, &cause))
		return take_results(several, victims, count, answer, error);
	/* Ceph asks for more than the right to delete each of them. */
	if (s3_not_implemented(answer) || s3_forbidden(answer, cause)) {
		forget_batches(several->self);
		return delete_each(several, victims, count, error);
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* What was noted is gone, but for what was refused or not come to. */
static void settle(const struct several *several, struct store_deletion *deletions, size_t count)
{
	for (guint i = 0; i < several->victims->len; i++) {
		const struct victim *victim = several->victims->pdata[i];

		if (!victim->told)
			victim->deletion->gone = false;
	}
	for (size_t i = 0; i < count; i++)
		if (deletions[i].error)
			deletions[i].gone = false;
}

bool s3_delete_many(Store *store, struct store_deletion *deletions, size_t count, GError **error)
{
	g_autoptr(GPtrArray) victims = g_ptr_array_new_with_free_func(victim_free);
	struct several several = {.self = s3_store(store), .victims = victims};
	bool done = true;

	for (size_t i = 0; i < count && done; i++)
		done = note_deletion(&several, &deletions[i], error);
	for (size_t i = 0; i < victims->len && done; i += BATCH_MAX)
		done = delete_batch(&several, (struct victim *const *)victims->pdata + i,
				    MIN(BATCH_MAX, victims->len - i), error);
	settle(&several, deletions, count);
	return done;
}
