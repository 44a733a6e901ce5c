#include "drill/report/stored.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "drill/evidence/file.h"
#include "drill/report/reading.h"

#include <string.h>

void stored_copy_free(void *data)
{
	struct stored_copy *copy = data;

	g_free(copy->repository);
	g_free(copy->name);
	g_free(copy->version);
	g_free(copy->mode);
	g_free(copy);
}

const char *stored_proof_name(enum stored_proof proof)
{
	static const char *const names[] = {
		[STORED_UNVERIFIABLE] = "not-verifiable",
		[STORED_VERIFIED] = "verified",
		[STORED_WRONG] = "wrong",
	};

	return names[proof];
}

enum stored_proof stored_receipt_prove(const char *path, const struct evidence_trust *trust)
{
	g_autofree char *signature = g_strconcat(path, EVIDENCE_SIGNATURE, NULL);
	g_autoptr(GBytes) content = NULL;

	if (!trust || trust->key_count + trust->owner_count == 0 ||
	    !g_file_test(signature, G_FILE_TEST_EXISTS))
		return STORED_UNVERIFIABLE;
	return evidence_file_read(path, trust, NULL, &content, NULL) ? STORED_VERIFIED
								     : STORED_WRONG;
}

static usec_t time_at(const json_t *object, const char *path)
{
	usec_t time = reading_time(object, path);

	return time > 0 ? time : 0;
}

static bool is_of(const char *name, const char *file)
{
	g_autofree char *end = g_strconcat("/", file, NULL);

	return name && g_str_has_suffix(name, end);
}

static GPtrArray *copies_in(const json_t *document, const char *file, const char *sha256)
{
	const json_t *objects = reading_at(document, "objects");
	GPtrArray *copies = g_ptr_array_new_with_free_func(stored_copy_free);

	for (size_t i = 0; i < json_array_size(objects); i++) {
		const json_t *object = json_array_get(objects, i);
		const char *name = reading_text(object, "name");
		struct stored_copy copy = {
			.stored_at = time_at(object, "stored_at"),
			.locked_until = time_at(object, "lock.until"),
			.same = g_strcmp0(reading_text(object, "sha256"), sha256) == 0};

		if (!is_of(name, file))
			continue;
		copy.repository = g_strdup(reading_text(object, "repository"));
		copy.name = g_strdup(name);
		copy.version = g_strdup(reading_text(object, "version"));
		copy.mode = g_strdup(reading_text(object, "lock.mode"));
		g_ptr_array_add(copies, g_memdup2(&copy, sizeof(copy)));
	}
	return copies;
}

GPtrArray *stored_copies(const char *receipt, const char *file, const char *sha256)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(JsonValue) document = NULL;

	if (!file_read(receipt, EVIDENCE_FILE_MAX, &content, NULL) ||
	    !json_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), receipt,
			&document, NULL))
		return NULL;
	return copies_in(document, file, sha256);
}

/* ---- the chain --------------------------------------------------------------------------------- */

static char *audit_file(const char *state, const char *id, const char *suffix)
{
	g_autofree char *name = g_strconcat(id, suffix, NULL);

	return g_build_filename(state, "audit", name, NULL);
}

/* One that cannot be read is none: odrbackup audit verify tells of it. */
static void read_checkpoint(const char *state, const char *id, const struct evidence_trust *trust,
			    struct stored_chain *chain, struct audit_head *claimed)
{
	g_autofree char *path = audit_file(state, id, ".json");
	g_autofree char *receipt = audit_file(state, id, ".receipt.json");
	g_autofree char *name = g_strconcat(id, ".json", NULL);
	g_autoptr(GBytes) content = NULL;
	Checkpoint found = {0};
	char sha256[2 * SHA256_SIZE + 1];

	if (!file_read(path, EVIDENCE_FILE_MAX, &content, NULL) ||
	    !checkpoint_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), &found,
			      NULL))
		return;
	evidence_digest(content, sha256);
	chain->checkpoint = g_strdup(id);
	chain->signed_to = found.head.seq;
	*claimed = found.head;
	chain->signed_at = found.time;
	chain->copies = stored_copies(receipt, name, sha256);
	chain->proof = stored_receipt_prove(receipt, trust);
	g_free(found.host);
}

static bool read_newest_checkpoint(const char *state, const struct evidence_trust *trust,
				   struct stored_chain *chain, struct audit_head *claimed,
				   GError **error)
{
	g_autoptr(GPtrArray) names = NULL;

	if (!checkpoint_files(state, &names, error))
		return false;
	for (guint i = names->len; i-- > 0 && !chain->checkpoint;) {
		const char *name = names->pdata[i];
		g_autofree char *id = g_strndup(name, strlen(name) - strlen(".json"));

		read_checkpoint(state, id, trust, chain, claimed);
	}
	return true;
}

/* Whether the chain has the line that the checkpoint signs. */
struct comparison {
	const struct audit_head *claimed;
	bool agrees;
};

static bool compare_line(void *data, const struct audit_line *line)
{
	struct comparison *comparison = data;

	if (line->seq == comparison->claimed->seq)
		comparison->agrees = strcmp(line->sha256, comparison->claimed->sha256) == 0;
	return true;
}

void stored_chain_read(const char *state, const struct evidence_trust *trust,
		       struct stored_chain *chain)
{
	g_autofree char *path = audit_path(state);
	g_autoptr(GError) cause = NULL;
	struct audit_report report = {0};
	struct audit_head claimed = {0};
	struct comparison comparison = {.claimed = &claimed};

	*chain = (struct stored_chain){0};
	if (!read_newest_checkpoint(state, trust, chain, &claimed, &cause) ||
	    !audit_read(path, compare_line, &comparison, &report, &cause)) {
		if (!odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			chain->trouble = g_strdup(cause->message);
		chain->disagrees = chain->checkpoint != NULL;
		return;
	}
	chain->known = true;
	chain->head = report.head;
	chain->broken = report.broken;
	chain->disagrees = chain->checkpoint && !comparison.agrees;
	audit_report_clear(&report);
}

void stored_chain_clear(struct stored_chain *chain)
{
	g_clear_pointer(&chain->copies, g_ptr_array_unref);
	g_clear_pointer(&chain->checkpoint, g_free);
	g_clear_pointer(&chain->trouble, g_free);
}
