#include "../../repo/service.h"
#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/evidence.h"
#include "record_sample.h"

#include <string.h>

struct fixture {
	struct service service;
	char *state;
	GPtrArray *repos;
	EvidenceKey *key;
	Audit *audit;
	struct evidence evidence;
};

static void set_up(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	service_set_up(&fixture->service);
	fixture->state = g_build_filename(fixture->service.folder, "state", NULL);
	fixture->repos = g_ptr_array_new();
	g_ptr_array_add(fixture->repos, fixture->service.repo);
	fixture->key = evidence_key_new(fixture->service.owner, clock_now(), 0);
	fixture->audit = audit_open(fixture->state, &error);
	g_assert_no_error(error);
	fixture->evidence = (struct evidence){.state = fixture->state,
					      .repos = fixture->repos,
					      .key = fixture->key,
					      .retain = USEC_PER_DAY};
}

static void tear_down(struct fixture *fixture, const void *data)
{
	audit_close(fixture->audit);
	evidence_key_free(fixture->key);
	g_ptr_array_unref(fixture->repos);
	g_free(fixture->state);
	service_tear_down(&fixture->service);
}

static GBytes *bytes_of(const char *text)
{
	return g_bytes_new(text, strlen(text));
}

static void sign_sample(struct fixture *fixture)
{
	g_autoptr(GBytes) record = bytes_of(record_sample);
	g_autoptr(GBytes) population = bytes_of("a\tb\n");
	g_autoptr(GError) error = NULL;

	evidence_add(&fixture->evidence, SAMPLE_RUN, EVIDENCE_POPULATION, population, &error);
	g_assert_no_error(error);
	evidence_sign(&fixture->evidence, SAMPLE_RUN, record, &error);
	g_assert_no_error(error);
}

static void expect_stored(struct fixture *fixture, const char *name)
{
	g_autofree char *local = g_strconcat("evidence/" SAMPLE_RUN "/", name, NULL);
	struct store_object object = {0};
	g_autoptr(GError) error = NULL;

	repo_head(fixture->service.repo, local, &object, &error);
	g_assert_no_error(error);
}

static void a_run_is_signed_and_stored(struct fixture *fixture, const void *data)
{
	static const char *const names[] = {
		"record.json",	    "record.json.sig", "population.tsv",    "receipt.json",
		"receipt.json.sig", "teardown.json",   "teardown.json.sig",
	};
	g_autoptr(GBytes) teardown = bytes_of("{}\n");
	g_autoptr(GError) error = NULL;
	g_autofree char *path = NULL, *receipt = NULL;

	sign_sample(fixture);
	evidence_store(&fixture->evidence, SAMPLE_RUN, &error);
	g_assert_no_error(error);
	evidence_attest(&fixture->evidence, SAMPLE_RUN, teardown, &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		expect_stored(fixture, names[i]);

	/* The receipt names all but itself and what came after it. */
	path = g_build_filename(fixture->state, "evidence", SAMPLE_RUN, "receipt.json", NULL);
	g_assert_true(g_file_get_contents(path, &receipt, NULL, NULL));
	g_assert_nonnull(strstr(receipt, "/evidence/" SAMPLE_RUN "/record.json\""));
	g_assert_nonnull(strstr(receipt, "/evidence/" SAMPLE_RUN "/record.json.sig\""));
	g_assert_nonnull(strstr(receipt, "/evidence/" SAMPLE_RUN "/population.tsv\""));
	g_assert_null(strstr(receipt, "receipt.json\""));

	/* Once more does no harm. */
	evidence_store(&fixture->evidence, SAMPLE_RUN, &error);
	g_assert_no_error(error);
	sign_sample(fixture);
}

static void nothing_is_replaced(struct fixture *fixture, const void *data)
{
	g_autoptr(GBytes) other = bytes_of("other");
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) parts = g_strsplit(record_sample, "1 passed", 2);
	g_autofree char *text = g_strjoinv("2 passed", parts);
	g_autoptr(GBytes) record = bytes_of(text);

	sign_sample(fixture);
	g_assert_false(evidence_sign(&fixture->evidence, SAMPLE_RUN, record, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_EXISTS);
	g_assert_true(g_str_has_suffix(
		error->message, "record.json' is there already, with other content; evidence "
				"is never replaced"));
	g_clear_error(&error);
	g_assert_false(evidence_add(&fixture->evidence, SAMPLE_RUN, "draw.json", other, &error));
	g_assert_cmpstr(error->message, ==,
			"the record of run " SAMPLE_RUN " is signed: nothing is added to it");
	g_clear_error(&error);

	/* Nor in the repository. */
	service_put(&fixture->service, "evidence/" SAMPLE_RUN "/population.tsv", "x", 1);
	g_assert_false(evidence_store(&fixture->evidence, SAMPLE_RUN, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_EXISTS);
	g_assert_nonnull(
		strstr(error->message, "is in repository main already, with other content"));
}

static void what_does_not_hold_is_not_signed(struct fixture *fixture, const void *data)
{
	g_auto(GStrv) parts = g_strsplit(record_sample, SAMPLE_MET, 2);
	g_autofree char *text = g_strjoinv(SAMPLE_MISSED, parts);
	g_autoptr(GBytes) record = bytes_of(text);
	g_autoptr(GError) error = NULL;

	g_assert_false(evidence_sign(&fixture->evidence, SAMPLE_RUN, record, &error));
	g_assert_cmpstr(error->message, ==,
			"the record of run " SAMPLE_RUN
			" is not signed: the record says pass (pass), what stands in it comes to: "
			"fail-objective");
}

static void tell_signed(struct fixture *fixture, const char *run, char digit,
			struct audit_head *head)
{
	g_autofree char *sha256 = g_strnfill(2 * SHA256_SIZE, digit);
	g_autoptr(JsonValue) data = json_pack("{s:s}", "record_sha256", sha256);
	g_autoptr(GError) error = NULL;

	audit_append(fixture->audit,
		     &(struct audit_entry){.event = AUDIT_DRILL_SIGNED, .run = run, .data = data},
		     head, &error);
	g_assert_no_error(error);
}

static void expect_before(struct fixture *fixture, const char *run, uint64_t seq, char digit)
{
	g_autofree char *due = digit ? g_strnfill(2 * SHA256_SIZE, digit) : g_strdup("");
	char digest[2 * SHA256_SIZE + 1];
	g_autoptr(GError) error = NULL;

	evidence_previous(fixture->state, run, seq, digest, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(digest, ==, due);
}

/* Two drills may go on at once: which one was signed first is the chain's word, not that of their ids. */
static void the_record_before_is_found(struct fixture *fixture, const void *data)
{
	struct audit_head first, second;

	tell_signed(fixture, "20261121T230502Z-00000000", 'b', &first);
	tell_signed(fixture, SAMPLE_RUN, 'a', &second);
	expect_before(fixture, SAMPLE_RUN, second.seq, 0);
	expect_before(fixture, "20261121T230503Z-00000000", first.seq, 0);
	expect_before(fixture, "20261121T230503Z-00000000", second.seq, 'b');
	expect_before(fixture, "20261121T230503Z-00000000", second.seq + 1, 'b');
	expect_before(fixture, "20261121T230502Z-00000000", second.seq + 1, 'a');
}

static Checkpoint *make(struct fixture *fixture)
{
	Checkpoint *checkpoint = NULL;
	g_autoptr(GError) error = NULL;

	checkpoint_make(&fixture->evidence, fixture->audit, &checkpoint, &error);
	g_assert_no_error(error);
	return checkpoint;
}

static void checkpoints_are_found_by_time(struct fixture *fixture, const void *data)
{
	struct evidence_trust trust = {.owners = &fixture->service.owner->service,
				       .owner_count = 1};
	struct checkpoint_wanted wanted = {.trust = &trust};
	g_autoptr(Checkpoint) first = make(fixture);
	g_autoptr(Checkpoint) second = NULL;
	g_autoptr(Checkpoint) found = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) troubles = g_ptr_array_new_with_free_func(g_free);

	g_assert_cmpuint(first->head.seq, ==, 1);
	second = make(fixture);
	g_assert_cmpuint(second->head.seq, ==, 2);
	wanted.before = clock_now() + USEC_PER_HOUR;
	checkpoint_before(fixture->service.repo, &wanted, &found, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->id, ==,
			strcmp(first->id, second->id) < 0 || first->stored_at < second->stored_at
				? second->id
				: first->id);
	g_assert_cmpuint(found->head.seq, >=, 1);
	g_clear_pointer(&found, checkpoint_free);

	wanted.before = first->stored_at;
	checkpoint_before(fixture->service.repo, &wanted, &found, &error);
	g_assert_no_error(error);
	g_assert_null(found);

	/* Of those that are named. */
	g_autoptr(GHashTable) among = g_hash_table_new(g_str_hash, g_str_equal);

	wanted.before = clock_now() + USEC_PER_HOUR;
	wanted.among = among;
	checkpoint_before(fixture->service.repo, &wanted, &found, &error);
	g_assert_no_error(error);
	g_assert_null(found);
	g_hash_table_add(among, first->id);
	checkpoint_before(fixture->service.repo, &wanted, &found, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->id, ==, first->id);
	g_clear_pointer(&found, checkpoint_free);
	wanted.among = NULL;

	/* Another owner's do not count. */
	g_autoptr(OwnerKey) other = owner_key_new("erp-prod");

	trust.owners = &other->service;
	wanted.troubles = troubles;
	checkpoint_before(fixture->service.repo, &wanted, &found, &error);
	g_assert_no_error(error);
	g_assert_null(found);
	g_assert_cmpuint(troubles->len, ==, 2);
	g_assert_nonnull(strstr(troubles->pdata[0], "does not count: "));
}

static void a_broken_chain_gets_no_checkpoint(struct fixture *fixture, const void *data)
{
	g_autofree char *path = audit_path(fixture->state);
	g_autoptr(Checkpoint) first = make(fixture);
	g_autoptr(Checkpoint) second = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	*strstr(text, "begun") = 'v';
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_false(checkpoint_make(&fixture->evidence, fixture->audit, &second, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
	g_assert_cmpstr(error->message, ==,
			"cannot make a checkpoint of the audit chain: the audit chain is broken, "
			"and no checkpoint is made of it: line 2: prev is not the SHA-256 of the "
			"line before it: that line was altered");
}

#define ADD(name, test) g_test_add("/evidence/" name, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("a-run-is-signed-and-stored", a_run_is_signed_and_stored);
	ADD("nothing-is-replaced", nothing_is_replaced);
	ADD("what-does-not-hold-is-not-signed", what_does_not_hold_is_not_signed);
	ADD("the-record-before-is-found", the_record_before_is_found);
	ADD("checkpoints-are-found-by-time", checkpoints_are_found_by_time);
	ADD("a-broken-chain-gets-no-checkpoint", a_broken_chain_gets_no_checkpoint);
	return g_test_run();
}
