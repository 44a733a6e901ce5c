#include "drill/evidence/evidence.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "repo/layout.h"

#include <string.h>

#define TYPE	     "odrbackup-audit-checkpoint"
#define FORMAT	     "1.0"
#define WHAT	     "the checkpoint"
#define DOCUMENT_MAX ((size_t)64 << 10)
#define STORED_APART (5 * USEC_PER_SEC)

void checkpoint_free(Checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	g_free(checkpoint->id);
	g_free(checkpoint->host);
	g_free(checkpoint->service);
	g_free(checkpoint);
}

static char *path_of(const char *state, const char *id, const char *suffix)
{
	g_autofree char *name = g_strconcat(id, suffix, NULL);

	return g_build_filename(state, "audit", name, NULL);
}

/* Making one. */

static GBytes *print(const struct evidence *evidence, const Checkpoint *checkpoint)
{
	g_autoptr(JsonValue) document = json_object();
	char *text;

	json_set_string(document, "type", TYPE);
	json_set_string(document, "format", FORMAT);
	json_set_int(document, "seq", (int64_t)checkpoint->head.seq);
	json_set_string(document, "head", checkpoint->head.sha256);
	json_set_time(document, "time", checkpoint->time);
	json_set_string(document, "host", checkpoint->host);
	json_set_string(document, "service", evidence->key->service.name);
	text = json_print_pretty(document);
	return g_bytes_new_take(text, strlen(text));
}

/* Signing a broken chain would vouch for it. */
static bool take_head(const struct evidence *evidence, Audit *audit, struct audit_head *head,
		      GError **error)
{
	g_autofree char *path = audit_path(evidence->state);
	struct audit_report report = {0};
	bool whole;

	if (!g_file_test(path, G_FILE_TEST_EXISTS) &&
	    !audit_append(audit, &(struct audit_entry){.event = AUDIT_BEGUN}, NULL, error))
		return false;
	if (!audit_read(path, NULL, NULL, &report, error))
		return false;
	whole = !report.broken;
	if (!whole) {
		const struct audit_finding *finding = report.findings->pdata[0];

		for (guint i = 0; finding->torn; i++)
			finding = report.findings->pdata[i];
		odr_fail(error, ODR_ERROR_CORRUPT,
			 "the audit chain is broken, and no checkpoint is made of it: line "
			 "%" G_GUINT64_FORMAT ": %s",
			 finding->line, finding->what);
	}
	*head = report.head;
	audit_report_clear(&report);
	return whole;
}

static bool store_one(const struct evidence *evidence, const Checkpoint *checkpoint,
		      const char *suffix, json_t *objects, usec_t *stored_at, GError **error)
{
	g_autofree char *path = path_of(evidence->state, checkpoint->id, suffix);
	g_autofree char *local = layout_checkpoint(checkpoint->id, suffix);
	g_autoptr(GBytes) content = NULL;

	return file_read(path, DOCUMENT_MAX, &content, error) &&
	       evidence_object_store(evidence->repos,
				     &(struct evidence_object){
					     .local = local,
					     .content = content,
					     .lock_until = clock_now() + evidence->retain,
					     .objects = objects,
					     .stored_at = stored_at,
				     },
				     error);
}

/* The signature first: what is found has one. */
static bool store(const struct evidence *evidence, Checkpoint *checkpoint, GError **error)
{
	g_autofree char *path = path_of(evidence->state, checkpoint->id, ".receipt.json");
	g_autoptr(JsonValue) objects = json_array();
	g_autoptr(JsonValue) unused = json_array();
	g_autoptr(GBytes) receipt = NULL;

	if (evidence->repos->len == 0)
		return true;
	if (!store_one(evidence, checkpoint, ".json.sig", objects, NULL, error) ||
	    !store_one(evidence, checkpoint, ".json", objects, &checkpoint->stored_at, error))
		return false;
	receipt = evidence_receipt(checkpoint->id, objects);
	return evidence_file_sign(evidence->key, path, receipt, error) &&
	       store_one(evidence, checkpoint, ".receipt.json.sig", unused, NULL, error) &&
	       store_one(evidence, checkpoint, ".receipt.json", unused, NULL, error);
}

static bool write_signed(const struct evidence *evidence, Checkpoint *checkpoint, GError **error)
{
	g_autofree char *path = path_of(evidence->state, checkpoint->id, ".json");
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(GBytes) document = print(evidence, checkpoint);

	evidence_digest(document, checkpoint->sha256);
	return file_make_dirs(folder, 0700, error) &&
	       evidence_file_sign(evidence->key, path, document, error);
}

static bool tell_chain(Audit *audit, const Checkpoint *checkpoint, GError **error)
{
	g_autoptr(JsonValue) data = json_object();

	json_set_string(data, "id", checkpoint->id);
	json_set_string(data, "sha256", checkpoint->sha256);
	json_set_int(data, "seq", (int64_t)checkpoint->head.seq);
	json_set_string(data, "head", checkpoint->head.sha256);
	return audit_append(audit, &(struct audit_entry){.event = AUDIT_CHECKPOINTED, .data = data},
			    NULL, error);
}

bool checkpoint_make(const struct evidence *evidence, Audit *audit, Checkpoint **checkpoint,
		     GError **error)
{
	g_autoptr(Checkpoint) made = g_new0(Checkpoint, 1);

	made->time = clock_now();
	made->id = set_id_new(made->time);
	made->host = g_strdup(g_get_host_name());
	if (!take_head(evidence, audit, &made->head, error) ||
	    !write_signed(evidence, made, error) || !store(evidence, made, error) ||
	    !tell_chain(audit, made, error))
		return odr_context(error, "cannot make a checkpoint of the audit chain");
	*checkpoint = g_steal_pointer(&made);
	return true;
}

/* Reading one. */

bool checkpoint_parse(const char *text, size_t size, Checkpoint *checkpoint, GError **error)
{
	g_autoptr(JsonValue) document = NULL;
	const char *type, *format, *head, *time, *host, *service;
	int64_t seq;

	if (!json_parse(text, size, WHAT, &document, error) ||
	    !json_string_member(document, WHAT, "type", &type, error) ||
	    !json_string_member(document, WHAT, "format", &format, error) ||
	    !json_int_member(document, WHAT, "seq", &seq, error) ||
	    !json_string_member(document, WHAT, "head", &head, error) ||
	    !json_string_member(document, WHAT, "time", &time, error) ||
	    !json_string_member(document, WHAT, "host", &host, error) ||
	    !json_string_member(document, WHAT, "service", &service, error) ||
	    !clock_parse(time, &checkpoint->time, error))
		return false;
	if (!g_str_has_prefix(format, "1."))
		return odr_fail(error, ODR_ERROR_REFUSED,
				WHAT " is of format %s, this program reads " FORMAT, format);
	if (strcmp(type, TYPE) != 0 || seq < 1 || strlen(head) != (size_t)2 * SHA256_SIZE ||
	    !hex_is_digits(head, (size_t)2 * SHA256_SIZE))
		return odr_fail(error, ODR_ERROR_CORRUPT, "that is no checkpoint");
	checkpoint->head.seq = (uint64_t)seq;
	g_strlcpy(checkpoint->head.sha256, head, sizeof(checkpoint->head.sha256));
	g_free(checkpoint->host);
	checkpoint->host = g_strdup(host);
	g_free(checkpoint->service);
	checkpoint->service = g_strdup(service);
	return true;
}

struct reading {
	const struct evidence_trust *trust;
	struct evidence_signature signature;
	Checkpoint *checkpoint;
};

static bool verify_signature(void *data, GBytes *content, const struct store_object *version,
			     GError **error)
{
	struct reading *reading = data;

	return evidence_signature_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content),
					&reading->signature, error);
}

static bool verify_document(void *data, GBytes *content, const struct store_object *version,
			    GError **error)
{
	struct reading *reading = data;
	struct evidence_signer signer;
	const void *bytes = g_bytes_get_data(content, NULL);
	size_t size = g_bytes_get_size(content);

	if (!evidence_trust_verify(reading->trust, &reading->signature, bytes, size, &signer,
				   error) ||
	    !checkpoint_parse(bytes, size, reading->checkpoint, error))
		return false;
	evidence_digest(content, reading->checkpoint->sha256);
	return true;
}

static bool load(Repo *repo, struct reading *reading, GError **error)
{
	const char *id = reading->checkpoint->id;
	g_autofree char *document = layout_checkpoint(id, ".json");
	g_autofree char *signature = layout_checkpoint(id, ".json.sig");
	g_autoptr(GBytes) first = NULL;
	g_autoptr(GBytes) second = NULL;

	return repo_get_good(repo,
			     &(struct repo_wanted){.local = signature,
						   .oldest = true,
						   .limit = EVIDENCE_SIGNATURE_MAX,
						   .verify = verify_signature,
						   .data = reading},
			     &first, error) &&
	       repo_get_good(repo,
			     &(struct repo_wanted){.local = document,
						   .oldest = true,
						   .limit = DOCUMENT_MAX,
						   .verify = verify_document,
						   .data = reading},
			     &second, error);
}

bool checkpoint_load(Repo *repo, const char *id, const struct evidence_trust *trust,
		     Checkpoint **checkpoint, GError **error)
{
	g_autoptr(Checkpoint) loaded = g_new0(Checkpoint, 1);
	struct reading reading = {.trust = trust, .checkpoint = loaded};

	loaded->id = g_strdup(id);
	if (!load(repo, &reading, error))
		return false;
	*checkpoint = g_steal_pointer(&loaded);
	return true;
}

struct listing {
	const struct checkpoint_wanted *wanted;
	GPtrArray *found; /* Checkpoint: id and stored_at */
};

static bool is_among(const struct checkpoint_wanted *wanted, const char *id)
{
	return !wanted->among || g_hash_table_contains(wanted->among, id);
}

static bool note_listed(void *data, const struct store_object *object)
{
	struct listing *listing = data;
	g_autofree char *id = NULL;
	Checkpoint *checkpoint;

	if (object->stored_at >= listing->wanted->before ||
	    !layout_parse_checkpoint(object->name, &id) || !is_among(listing->wanted, id))
		return true;
	checkpoint = g_new0(Checkpoint, 1);
	checkpoint->id = g_steal_pointer(&id);
	checkpoint->stored_at = object->stored_at;
	g_ptr_array_add(listing->found, checkpoint);
	return true;
}

static int compare_stored(const void *a, const void *b)
{
	const Checkpoint *one = *(Checkpoint *const *)a, *two = *(Checkpoint *const *)b;

	if (one->stored_at != two->stored_at)
		return one->stored_at < two->stored_at ? -1 : 1;
	return strcmp(one->id, two->id);
}

/* Which of two that a store took within a few seconds is the newer one, its clock does not tell: what they hold does. */
static bool is_older(const Checkpoint *checkpoint, const Checkpoint *newest)
{
	return checkpoint->stored_at < newest->stored_at - STORED_APART;
}

bool checkpoint_before(Repo *repo, const struct checkpoint_wanted *wanted, Checkpoint **checkpoint,
		       GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)checkpoint_free);
	struct listing listing = {wanted, found};
	const Checkpoint *newest = NULL;
	guint at = 0;

	if (!repo_list(repo, "audit/", note_listed, &listing, error))
		return odr_context(error, "cannot list checkpoints");
	g_ptr_array_sort(found, compare_stored);
	for (guint i = found->len; i-- > 0 && !(newest && is_older(found->pdata[i], newest));) {
		struct reading reading = {.trust = wanted->trust, .checkpoint = found->pdata[i]};
		g_autoptr(GError) cause = NULL;

		if (load(repo, &reading, &cause)) {
			if (!newest || reading.checkpoint->head.seq > newest->head.seq) {
				newest = reading.checkpoint;
				at = i;
			}
			continue;
		}
		if (!repo_concerns_one(cause)) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		if (wanted->troubles)
			g_ptr_array_add(wanted->troubles,
					g_strdup_printf("checkpoint %s does not count: %s",
							reading.checkpoint->id, cause->message));
	}
	*checkpoint = newest ? g_ptr_array_steal_index(found, at) : NULL;
	return true;
}
