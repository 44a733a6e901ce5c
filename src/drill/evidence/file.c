#include "drill/evidence/file.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

#include <string.h>

static bool is_same_file(const char *path, GBytes *content, GError **error)
{
	g_autoptr(GBytes) there = NULL;

	if (!file_read(path, EVIDENCE_FILE_MAX, &there, error))
		return false;
	return g_bytes_equal(there, content) ||
	       odr_fail(error, ODR_ERROR_EXISTS,
			"'%s' is there already, with other content; evidence is never replaced",
			path);
}

bool evidence_file_write(const char *path, GBytes *content, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (g_bytes_get_size(content) > EVIDENCE_FILE_MAX)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' would be too large for evidence",
				path);
	if (file_write(path, g_bytes_get_data(content, NULL), g_bytes_get_size(content),
		       &(struct file_write){.mode = 0600, .exclusive = true}, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_EXISTS))
		return is_same_file(path, content, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool evidence_file_sign(const EvidenceKey *key, const char *path, GBytes *content, GError **error)
{
	g_autofree char *signature_path = g_strconcat(path, EVIDENCE_SIGNATURE, NULL);
	char *text = evidence_signature_print(key, g_bytes_get_data(content, NULL),
					      g_bytes_get_size(content));
	g_autoptr(GBytes) signature = g_bytes_new_take(text, strlen(text));

	return evidence_file_write(path, content, error) &&
	       evidence_file_write(signature_path, signature, error);
}

bool evidence_file_read(const char *path, const struct evidence_trust *trust,
			struct evidence_signer *signer, GBytes **content, GError **error)
{
	struct evidence_signer unused;
	g_autofree char *signature_path = g_strconcat(path, EVIDENCE_SIGNATURE, NULL);
	g_autoptr(GBytes) found = NULL;
	g_autoptr(GBytes) text = NULL;
	struct evidence_signature signature;

	if (!file_read(path, EVIDENCE_FILE_MAX, &found, error) ||
	    !file_read(signature_path, EVIDENCE_SIGNATURE_MAX, &text, error) ||
	    !evidence_signature_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text),
				      &signature, error) ||
	    !evidence_trust_verify(trust, &signature, g_bytes_get_data(found, NULL),
				   g_bytes_get_size(found), signer ? signer : &unused, error))
		return false;
	*content = g_steal_pointer(&found);
	return true;
}

/* Storing. */

/* The name is taken: a store that did not answer, or an earlier attempt, put it there. */
static bool is_same_object(Repo *repo, const char *name, GBytes *content,
			   struct store_receipt *receipt, GError **error)
{
	struct store_object object = {0};
	g_autoptr(GBytes) there = NULL;

	if (!store_head(repo->store, name, &object, error) ||
	    !store_get(repo->store, name, NULL, EVIDENCE_FILE_MAX, &there, error))
		return false;
	receipt->stored_at = object.stored_at;
	memcpy(receipt->version, object.version, sizeof(receipt->version));
	return g_bytes_equal(there, content) ||
	       odr_fail(error, ODR_ERROR_EXISTS,
			"'%s' is in repository %s already, with other content", name,
			store_name(repo->store));
}

static bool put(Repo *repo, const char *name, const struct evidence_object *object,
		struct store_receipt *receipt, GError **error)
{
	struct store_put how = {.lock_until = object->lock_until, .see_lock = true, .once = true};
	struct iovec part;
	g_autoptr(GError) cause = NULL;

	part.iov_base = (void *)g_bytes_get_data(object->content, &part.iov_len);
	if (store_put(repo->store, name, &part, 1, &how, receipt, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_EXISTS))
		return is_same_object(repo, name, object->content, receipt, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static json_t *lock_text(const struct store_lock *lock)
{
	static const char *const modes[] = {
		[STORE_LOCK_NONE] = "none",
		[STORE_LOCK_GOVERNANCE] = "governance",
		[STORE_LOCK_COMPLIANCE] = "compliance",
		[STORE_LOCK_BUCKET] = "bucket",
	};
	json_t *said = json_object();

	json_set_string(said, "mode", modes[lock->mode]);
	json_set_time(said, "until", lock->until);
	return said;
}

/* As the store says now; null where it locks nothing. Where the repository locks, evidence counts as stored only once its
 * lock was read. */
static bool lock_read_back(Repo *repo, const char *name, const struct evidence_object *object,
			   const struct store_receipt *receipt, json_t **said, GError **error)
{
	const char *version = *receipt->version ? receipt->version : NULL;
	usec_t due = object->lock_until / USEC_PER_SEC * USEC_PER_SEC; /* as stores keep it */
	struct store_abilities abilities;
	struct store_lock lock = {0};
	g_autofree char *until = clock_format(due);
	g_autoptr(GError) cause = NULL;
	bool told = store_lock_get(repo->store, name, version, &lock, &cause);

	*said = told && lock.until != 0 ? lock_text(&lock) : json_null();
	store_abilities(repo->store, &abilities);
	if (!abilities.locks || (told && lock.until >= due))
		return true;
	g_clear_pointer(said, json_decref);
	return odr_fail(error, ODR_ERROR_REFUSED,
			"'%s' is stored, but that it is locked until %s could not be read back: "
			"%s. The credential needs s3:GetObjectRetention and "
			"s3:GetObjectLegalHold there (s3/drill.json of the examples)",
			name, until, told ? "it is not, or not so long" : cause->message);
}

static json_t *receipt_of(Repo *repo, const char *name, const struct evidence_object *object,
			  const struct store_receipt *receipt, json_t *lock)
{
	json_t *said = json_object();
	char digest[2 * SHA256_SIZE + 1];

	evidence_digest(object->content, digest);
	json_set_string(said, "repository", store_name(repo->store));
	json_set_string(said, "repository_id", *repo->id ? repo->id : NULL);
	json_set_string(said, "name", name);
	json_set_string(said, "version", *receipt->version ? receipt->version : NULL);
	json_set_int(said, "size", (int64_t)g_bytes_get_size(object->content));
	json_set_string(said, "sha256", digest);
	json_set_time(said, "stored_at", receipt->stored_at > 0 ? receipt->stored_at : -1);
	json_set(said, "lock", lock);
	return said;
}

bool evidence_object_store(const GPtrArray *repos, const struct evidence_object *object,
			   GError **error)
{
	for (guint i = 0; i < repos->len; i++) {
		Repo *repo = repos->pdata[i];
		g_autofree char *name = g_strconcat(repo->service_hex, "/", object->local, NULL);
		struct store_receipt receipt = {0};

		json_t *lock = NULL;

		if (!put(repo, name, object, &receipt, error) ||
		    !lock_read_back(repo, name, object, &receipt, &lock, error))
			return odr_context(error, "cannot store '%s' in repository %s",
					   object->local, store_name(repo->store));
		json_array_append_new(object->objects,
				      receipt_of(repo, name, object, &receipt, lock));
		if (object->stored_at)
			*object->stored_at = MAX(*object->stored_at, receipt.stored_at);
	}
	return true;
}

/* Reading what is stored. */

struct signed_object {
	const struct evidence_trust *trust;
	struct evidence_signature signature;
	usec_t stored_at;
};

static bool take_signature(void *data, GBytes *content, const struct store_object *version,
			   GError **error)
{
	struct signed_object *object = data;

	return evidence_signature_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
					&object->signature, error);
}

static bool verify_content(void *data, GBytes *content, const struct store_object *version,
			   GError **error)
{
	struct signed_object *object = data;
	struct evidence_signer signer;

	object->stored_at = version->stored_at;
	return evidence_trust_verify(object->trust, &object->signature,
				     g_bytes_get_data(content, NULL), g_bytes_get_size(content),
				     &signer, error);
}

bool evidence_is_signed(Repo *repo, const char *local, const struct evidence_trust *trust,
			usec_t *stored_at)
{
	g_autofree char *signature = g_strconcat(local, EVIDENCE_SIGNATURE, NULL);
	struct signed_object object = {.trust = trust};
	g_autoptr(GBytes) first = NULL;
	g_autoptr(GBytes) second = NULL;
	bool is_signed = repo_get_good(repo,
				       &(struct repo_wanted){.local = signature,
							     .oldest = true,
							     .limit = EVIDENCE_SIGNATURE_MAX,
							     .verify = take_signature,
							     .data = &object},
				       &first, NULL) &&
			 repo_get_good(repo,
				       &(struct repo_wanted){.local = local,
							     .oldest = true,
							     .limit = EVIDENCE_FILE_MAX,
							     .verify = verify_content,
							     .data = &object},
				       &second, NULL);

	*stored_at = object.stored_at;
	return is_signed;
}
