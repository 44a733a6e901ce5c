/*
 * Makes evidence of drills without drills, and forges it as one could who holds the key:
 *   make_evidence runs STATE KEY REPOSITORY FIRST COUNT    COUNT runs, each of a daily slot in the future
 *                                                          REPOSITORY: a folder, or see open_repository
 *   make_evidence again STATE KEY REPOSITORY NUMBER NONCE  another run for a slot
 *   make_evidence forge STATE KEY REPOSITORY NUMBER WHAT   a run that is forged: slots, weights of its own; thin, a set
 *                                                          left out of the population; short, a window of its own; day,
 *                                                          the slot of another day; plan, another plan in the same slot;
 *                                                          nameless, of no plan, by the chain
 *   make_evidence set BUNDLE REPOSITORY ID                 a set of this id, as if it had been backed up
 *   make_evidence sign KEY FILE                            FILE.sig anew
 *   make_evidence sign-as-writer KEY OWNER FILE            the same, the owner having endorsed the key as a writer's
 *   make_evidence open STATE RUN                           a run that is drawn, and has no end
 *   make_evidence abandon STATE RUN                        its end
 */
#include "../unit/drill/evidence/record_sample.h"
#include "../unit/repo/sample.h"
#include "base/bytes.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "drill/draw/gather.h"
#include "drill/evidence/evidence.h"
#include "drill/evidence/history.h"
#include "repo/layout.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE (2 * SHA256_SIZE + 1)

static void must(bool done, const GError *error)
{
	if (done)
		return;
	fprintf(stderr, "make_evidence: %s\n", error ? error->message : "usage");
	exit(1);
}

static EvidenceKey *read_key(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	EvidenceKey *key = NULL;

	must(file_read_text(path, EVIDENCE_FILE_MAX, &text, &error) &&
		     (key = evidence_key_parse(text, path, NULL, &error)),
	     error);
	return key;
}

static void digest_of(const char *text, char digest[DIGEST_SIZE])
{
	g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	g_strlcpy(digest, hex, DIGEST_SIZE);
}

/* Two days in two repositories, from one set in each. */
#define SET	    "20261106T230501Z-5e7a11ce"
#define OLD_SET	    "20261016T230501Z-01d5e7a1" /* before the window: leads there, too */
#define BEGAN	    (1794009600 * USEC_PER_SEC)
#define STOPPED	    (BEGAN + USEC_PER_HOUR)
#define ENDED	    (BEGAN + 2 * USEC_PER_DAY)
#define OLD_STOPPED (STOPPED - 21 * USEC_PER_DAY)
#define FIRST	    ((lsn_t)0x2000028)
#define OLD_FIRST   ((lsn_t)0x1000028)
#define LAST	    ((lsn_t)0x123456789)
static const char *const repositories[] = {"main", "offsite"};
static const struct draw_edge anchor = {"anchor",	  "offsite", SET,	    1,
					1794100000123456, 0x3000000, "odr-anchor-7"};

/* What is drawn by: see usage. */
struct wish {
	unsigned number;
	const char *nonce;
	const char *forged; /* "": nothing */
	int hour;
};

static bool is_forged(const struct wish *wish, const char *what)
{
	return strcmp(wish->forged, what) == 0;
}

static json_t *holdings(const struct wish *wish)
{
	json_t *held = draw_holdings_new(&(struct draw_held_frame){
		.now = ENDED,
		.window = is_forged(wish, "short") ? 13 * USEC_PER_DAY : 14 * USEC_PER_DAY,
		.zone = "UTC"});
	g_autofree char *sha256 = g_strnfill(2 * SHA256_SIZE, '5');

	for (size_t i = 0; i < G_N_ELEMENTS(repositories); i++) {
		struct draw_held_set set = {.repository = repositories[i],
					    .set = OLD_SET,
					    .manifest_sha256 = sha256,
					    .system_identifier = 7001,
					    .timeline = 1,
					    .start = OLD_FIRST,
					    .stop = OLD_FIRST,
					    .stopped = OLD_STOPPED,
					    .opened = true,
					    .end = {ENDED, LAST}};

		draw_holdings_add_set(held, &set);
		set.set = SET;
		set.start = set.stop = FIRST;
		set.stopped = STOPPED;
		draw_holdings_add_set(held, &set);
	}
	draw_holdings_add_anchor(held, &anchor);
	return held;
}

/* Every other slot's plan draws the set, too. */
static bool is_any_set(unsigned number)
{
	return number % 2 == 1;
}

/* What is drawn from; where it is forged, less than follows: the first of both repositories is left out. */
static void gather(const struct wish *wish, json_t *held, DrawInputs *inputs,
		   struct draw_gathered *gathered)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonValue) thin = json_deep_copy(held);

	if (is_forged(wish, "thin"))
		json_array_remove(json_object_get(thin, "sets"), 1);
	must(draw_gather(thin, inputs, gathered, &error) &&
		     (!is_any_set(wish->number) || draw_gather_sets(thin, inputs, &error)),
	     error);
}

/* Each run is of the day behind that of the one before, by its number: __wrap_clock_now. */
static usec_t ahead;
usec_t __real_clock_now(void);
usec_t __wrap_clock_now(void);
usec_t __wrap_clock_now(void)
{
	return __real_clock_now() + ahead;
}

static char *slot_of(const struct wish *wish)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	unsigned days = 1 + wish->number + (is_forged(wish, "day") ? 100 : 0);

	return draw_slot_at("daily", utc, __real_clock_now() + days * USEC_PER_DAY);
}

#define PLAN "erp-weekly"

/* Of any four slots in a row each has another method. */
static char *plan_of(const struct wish *wish)
{
	GString *text = g_string_new("[plan]\nname = " PLAN "\n[schedule]\nslot = daily\n"
				     "[select]\nmargin = 0s\nmix =");
	unsigned number = wish->number;

	for (enum draw_method method = 0; method < DRAW_METHODS; method++)
		g_string_append_printf(text, "%s %s %u", method ? ";" : "",
				       draw_method_name(method),
				       method == number % DRAW_METHODS ? 30 : 0);
	g_string_append(text, is_any_set(wish->number) ? "\nset = random\n" : "\n");
	if (is_forged(wish, "plan"))
		g_string_append(text, "# another\n");
	return g_string_free(text, FALSE);
}

/* What sha256sum prints of it; *hash is the plan's. */
static void digests_of_plan(const char *plan, char sha256[DIGEST_SIZE], char hash[DIGEST_SIZE])
{
	g_autofree char *line = NULL;

	digest_of(plan, sha256);
	line = g_strconcat(sha256, "  " PLAN ".plan\n", NULL);
	digest_of(line, hash);
}

static void set_mix(DrawInputs *inputs, unsigned number)
{
	for (enum draw_method method = 0; method < DRAW_METHODS; method++) {
		struct draw_weight weight = {method, method == number % DRAW_METHODS ? 30 : 0};

		g_array_append_val(inputs->mix, weight);
	}
}

static DrawInputs *inputs_of(const char *state, const char *checkpoint, const struct wish *wish,
			     json_t *held, struct draw_gathered *gathered)
{
	DrawInputs *inputs = draw_inputs_new();
	g_autofree char *plan = plan_of(wish);
	g_autoptr(GHashTable) stored = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GError) error = NULL;
	char unused[DIGEST_SIZE];

	g_strlcpy(inputs->checkpoint, checkpoint, sizeof(inputs->checkpoint));
	digests_of_plan(plan, unused, inputs->plan_hash);
	inputs->slot = slot_of(wish);
	inputs->nonce = g_strdup(wish->nonce);
	inputs->zone = g_strdup("UTC");
	must(draw_slot_began(inputs->slot, utc, &inputs->slot_began, &error), error);
	set_mix(inputs, wish->number);
	draw_inputs_add_repository(inputs, "main", 0);
	draw_inputs_add_repository(inputs, "offsite", 0);
	must(history_weigh(state, PLAN, inputs, stored, &error), error);
	for (guint i = 0; is_forged(wish, "slots") && i < inputs->strata->len; i++)
		((struct draw_stratum *)inputs->strata->pdata[i])->slots += 1000;
	gather(wish, held, inputs, gathered);
	return inputs;
}

struct run {
	struct evidence evidence;
	Audit *audit;
	const char *id;
};

static void tell(struct run *run, enum audit_event event, json_t *data)
{
	g_autoptr(GError) error = NULL;

	must(audit_append(run->audit,
			  &(struct audit_entry){.event = event, .run = run->id, .data = data}, NULL,
			  &error),
	     error);
	json_decref(data);
}

static GBytes *record_of(const struct run *run, const char *slot, const char *plan, json_t *draw)
{
	char plan_sha256[DIGEST_SIZE], hash[DIGEST_SIZE];
	g_autoptr(JsonValue) record = NULL;
	g_autoptr(GError) error = NULL;
	char previous[DIGEST_SIZE];
	char *text;

	must(json_parse(record_sample, strlen(record_sample), "the sample", &record, &error),
	     error);
	must(evidence_previous(run->evidence.state, run->id, G_MAXUINT64, previous, &error), error);
	digests_of_plan(plan, plan_sha256, hash);
	json_set_string(json_object_get(record, "plan"), "hash", hash);
	json_set(json_object_get(record, "plan"), "files",
		 json_pack("[{s:s,s:s}]", "name", PLAN ".plan", "sha256", plan_sha256));
	json_set_string(json_object_get(record, "run"), "id", run->id);
	json_set_string(json_object_get(record, "run"), "slot", slot);
	json_set_string(record, "previous_record_sha256", *previous ? previous : NULL);
	json_set_string(json_object_get(record, "source"), "service",
			run->evidence.key->service.name);
	json_set(record, "draw", draw);
	text = json_print_pretty(record);
	return g_bytes_new_take(text, strlen(text));
}

static void add(const struct run *run, const char *name, const char *text)
{
	g_autoptr(GBytes) content = g_bytes_new(text, strlen(text));
	g_autoptr(GError) error = NULL;

	must(evidence_add(&run->evidence, run->id, name, content, &error), error);
}

static void schedule(struct run *run, const struct wish *wish)
{
	g_autofree char *slot = slot_of(wish);
	g_autofree char *plan = plan_of(wish);
	char sha256[DIGEST_SIZE], hash[DIGEST_SIZE];

	digests_of_plan(plan, sha256, hash);
	tell(run, AUDIT_DRILL_SCHEDULED,
	     json_pack("{s:s,s:s,s:s,s:s}", "plan", PLAN, "plan_hash", hash, "slot", slot,
		       "service", run->evidence.key->service.name));
}

/* The draw, announced first. */
static json_t *draw(struct run *run, const char *checkpoint, const struct wish *wish)
{
	struct draw_gathered gathered = {0};
	g_autofree char *plan = plan_of(wish);
	g_autoptr(JsonValue) facts = holdings(wish);
	g_autofree char *held = draw_holdings_print(facts);
	g_autoptr(DrawInputs) inputs = NULL;
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	struct draw_point point;
	char digest[DIGEST_SIZE], holdings_digest[DIGEST_SIZE];
	json_t *found, *announced;

	schedule(run, wish);
	inputs = inputs_of(run->evidence.state, checkpoint, wish, facts, &gathered);
	text = draw_inputs_print(inputs);
	must(draw_make(inputs, gathered.population, &point, &error), error);
	digest_of(text, digest);
	digest_of(held, holdings_digest);
	found = draw_record(inputs, &point, digest);
	json_set_string(found, "holdings_sha256", holdings_digest);
	json_set_bool(found, "operator_chosen", false);
	announced = json_copy(found);
	if (!is_forged(wish, "nameless"))
		json_set_string(announced, "plan", PLAN);
	json_set_time(announced, "t_loss", ENDED);
	tell(run, AUDIT_DRILL_DRAWN, announced);
	add(run, EVIDENCE_PLAN, plan);
	add(run, EVIDENCE_HOLDINGS, held);
	add(run, EVIDENCE_POPULATION, gathered.text);
	add(run, EVIDENCE_DRAW, text);
	draw_gathered_clear(&gathered);
	return found;
}

static GBytes *attestation_of(const struct run *run)
{
	char *text = g_strdup_printf(
		"{\"type\":\"odrbackup-drill-teardown\",\"run\":\"%s\",\"left\":[]}\n", run->id);

	return g_bytes_new_take(text, strlen(text));
}

static void make_run(struct run *run, const char *checkpoint, const struct wish *wish)
{
	g_autofree char *slot = slot_of(wish);
	g_autofree char *plan = plan_of(wish);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) record = NULL;
	g_autoptr(GBytes) teardown = attestation_of(run);
	g_autofree char *sha256 = NULL;

	ahead = (1 + wish->number) * USEC_PER_DAY;
	record = record_of(run, slot, plan, draw(run, checkpoint, wish));
	sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, record);
	tell(run, AUDIT_DRILL_JUDGED, json_pack("{s:s}", "outcome", "pass"));
	ahead = 0;
	must(evidence_sign(&run->evidence, run->id, record, &error), error);
	tell(run, AUDIT_DRILL_SIGNED, json_pack("{s:s}", "record_sha256", sha256));
	must(evidence_store(&run->evidence, run->id, &error), error);
	tell(run, AUDIT_DRILL_STORED, json_object());
	must(evidence_attest(&run->evidence, run->id, teardown, &error), error);
	tell(run, AUDIT_DRILL_CLOSED, json_pack("{s:s}", "outcome", "pass"));
}

/* A folder, or "ENDPOINT BUCKET PREFIX CREDENTIALS" of one that locks. */
static Store *open_repository(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	struct store_settings settings = {.name = "main", .type = "posix", .path = text};
	g_autoptr(GError) error = NULL;
	Store *store;

	if (g_strv_length(words) == 4)
		settings = (struct store_settings){.name = "main",
						   .type = "s3",
						   .endpoint = words[0],
						   .bucket = words[1],
						   .prefix = words[2],
						   .credentials = words[3],
						   .lock = STORE_LOCK_COMPLIANCE,
						   .retry_for = USEC_PER_SEC,
						   .silent_within = USEC_PER_MIN};
	store = store_open(&settings, &error);
	must(store != NULL, error);
	return store;
}

/* STATE KEY REPOSITORY, and a checkpoint if there is none yet; *newest is the one that seeds are made of. */
static void begin(char **words, struct run *run, GPtrArray *repos, char newest[DIGEST_SIZE])
{
	EvidenceKey *key = read_key(words[1]);
	struct evidence_trust trust = {.owners = &key->service, .owner_count = 1};
	g_autoptr(GError) error = NULL;
	g_autoptr(Checkpoint) checkpoint = NULL;

	g_ptr_array_add(repos, repo_new(open_repository(words[2]), &key->service));
	run->evidence = (struct evidence){
		.state = words[0], .repos = repos, .key = key, .retain = USEC_PER_DAY};
	run->audit = audit_open(words[0], &error);
	must(run->audit != NULL, error);
	must(checkpoint_before(repos->pdata[0],
			       &(struct checkpoint_wanted){.trust = &trust,
							   .before = clock_now() + USEC_PER_HOUR},
			       &checkpoint, &error),
	     error);
	if (!checkpoint)
		must(checkpoint_make(&run->evidence, run->audit, &checkpoint, &error), error);
	g_strlcpy(newest, checkpoint->sha256, DIGEST_SIZE);
}

static void end(struct run *run)
{
	audit_close(run->audit);
	evidence_key_free((EvidenceKey *)run->evidence.key);
}

static void make_runs(char **words, unsigned count, const struct wish *first)
{
	g_autoptr(GPtrArray) repos = g_ptr_array_new_with_free_func((GDestroyNotify)repo_free);
	struct run run = {0};
	char newest[DIGEST_SIZE];

	begin(words, &run, repos, newest);
	for (unsigned i = 0; i < count; i++) {
		struct wish wish = *first;
		g_autofree char *id = NULL;

		wish.number += i;
		id = g_strdup_printf("20261122T%02d%02u00Z-%08x", wish.hour, wish.number,
				     wish.number);
		run.id = id;
		make_run(&run, newest, &wish);
	}
	end(&run);
}

static void put_set(const char *bundle_path, const char *folder, const char *id)
{
	g_autoptr(Manifest) manifest = sample_manifest(id);
	g_autofree char *local = layout_set(id);
	g_autofree char *text = NULL;
	g_autoptr(Bundle) bundle = NULL;
	g_autoptr(GBytes) object = NULL;
	g_autoptr(Repo) repo = NULL;
	g_autoptr(GError) error = NULL;
	struct store_receipt receipt;
	struct iovec part;

	must(file_read_text(bundle_path, EVIDENCE_FILE_MAX, &text, &error) &&
		     (bundle = bundle_parse(text, bundle_path, &error)),
	     error);
	repo = repo_new(open_repository(folder), &bundle->service);
	object = sample_seal(manifest, bundle);
	part.iov_base = (void *)g_bytes_get_data(object, &part.iov_len);
	must(repo_put(repo, local, &part, 1, 0, &receipt, &error), error);
}

static unsigned number_of(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void sign_with(const EvidenceKey *key, const char *path)
{
	g_autofree char *signature_path = g_strconcat(path, EVIDENCE_SIGNATURE, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) error = NULL;

	must(file_read(path, EVIDENCE_FILE_MAX, &content, &error), error);
	text = evidence_signature_print(key, g_bytes_get_data(content, NULL),
					g_bytes_get_size(content));
	must(file_write(signature_path, text, strlen(text), &(struct file_write){.mode = 0600},
			&error),
	     error);
}

static void sign(const char *key_path, const char *path)
{
	g_autoptr(EvidenceKey) key = read_key(key_path);

	sign_with(key, path);
}

static void sign_as_writer(const char *key_path, const char *owner_path, const char *path)
{
	g_autoptr(EvidenceKey) key = read_key(key_path);
	g_autofree char *text = NULL;
	g_autoptr(OwnerKey) owner = NULL;
	g_autoptr(GError) error = NULL;

	must(file_read_text(owner_path, EVIDENCE_FILE_MAX, &text, &error) &&
		     (owner = owner_key_parse(text, owner_path, NULL, &error)),
	     error);
	key->endorsement.role = KEY_ROLE_WRITER;
	endorsement_sign(&key->endorsement, owner);
	sign_with(key, path);
}

static void tell_run(const char *state, const char *id, enum audit_event event)
{
	g_autoptr(GError) error = NULL;
	struct run run = {.audit = audit_open(state, &error), .id = id};

	must(run.audit != NULL, error);
	tell(&run, event, json_object());
	audit_close(run.audit);
}

int main(int argc, char **argv)
{
	must(crypto_init(NULL) && argc > 3, NULL);
	if (strcmp(argv[1], "sign") == 0)
		sign(argv[2], argv[3]);
	else if (strcmp(argv[1], "sign-as-writer") == 0 && argc == 5)
		sign_as_writer(argv[2], argv[3], argv[4]);
	else if (strcmp(argv[1], "set") == 0 && argc == 5)
		put_set(argv[2], argv[3], argv[4]);
	else if (strcmp(argv[1], "open") == 0)
		tell_run(argv[2], argv[3], AUDIT_DRILL_DRAWN);
	else if (strcmp(argv[1], "abandon") == 0)
		tell_run(argv[2], argv[3], AUDIT_DRILL_ABANDONED);
	else if (strcmp(argv[1], "runs") == 0 && argc == 7)
		make_runs(argv + 2, number_of(argv[6]),
			  &(struct wish){number_of(argv[5]), "", "", 10});
	else if (strcmp(argv[1], "again") == 0 && argc == 7)
		make_runs(argv + 2, 1,
			  &(struct wish){number_of(argv[5]), argv[6], "", *argv[6] ? 21 : 20});
	else if (strcmp(argv[1], "forge") == 0 && argc == 7)
		make_runs(argv + 2, 1, &(struct wish){number_of(argv[5]), "", argv[6], 22});
	else
		must(false, NULL);
	return 0;
}
