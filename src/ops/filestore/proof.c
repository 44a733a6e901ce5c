#include "ops/filestore/proof.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/stop.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH  4096 /* files that are looked at by all workers before the next are asked for */
#define BUFFER ((size_t)256 << 10)

struct look {
	struct proof_finding finding; /* name NULL: nothing is wrong */
	bool valid, wrong;
	bool drawn;   /* its content is looked at */
	int64_t size; /* that the database says */
	char *name;
	uint64_t bytes; /* read */
};

struct proving {
	const struct filestore_proof_request *request;
	struct filestore_proof *proof;
	int folder;    /* descriptor */
	uint64_t last; /* of the sample: files whose word is not above it */
	GArray *looks; /* struct look: the batch */
};

struct worker {
	struct sha1 *digest;
	uint8_t *buffer;
};

const char *proof_trouble_name(enum proof_trouble trouble)
{
	static const char *const names[] = {[PROOF_MISSING] = "missing",
					    [PROOF_SIZE] = "of another size",
					    [PROOF_CONTENT] = "of other content",
					    [PROOF_NAME] = "no name of a file"};

	return names[trouble];
}

static void finding_free(void *data)
{
	struct proof_finding *finding = data;

	g_free(finding->name);
	g_free(finding->model);
	g_free(finding);
}

static void look_clear(void *data)
{
	struct look *look = data;

	g_free(look->name);
	g_free(look->finding.model);
}

void filestore_proof_clear(struct filestore_proof *proof)
{
	g_clear_pointer(&proof->findings, g_ptr_array_unref);
}

uint64_t filestore_proof_new_damage(const struct filestore_proof *proof)
{
	uint64_t all =
		proof->missing + proof->wrong_size + proof->wrong_content + proof->wrong_name;

	return all - proof->baseline - proof->regenerable;
}

/* ---- one file ---------------------------------------------------------------------------------- */

static void find_wrong(struct look *look, enum proof_trouble trouble)
{
	look->wrong = true;
	look->finding.trouble = trouble;
}

static bool read_digest(struct look *look, struct worker *worker, int fd, uint8_t digest[SHA1_SIZE],
			GError **error)
{
	sha1_reset(worker->digest);
	for (ssize_t got; (got = read(fd, worker->buffer, BUFFER)) != 0;) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return odr_fail_errno(error, errno, "cannot read '%s'", look->name);
		sha1_update(worker->digest, worker->buffer, (size_t)got);
		look->bytes += (uint64_t)got;
	}
	sha1_final(worker->digest, digest);
	return true;
}

static bool compare_content(struct look *look, struct worker *worker, int fd,
			    enum proof_depth depth, GError **error)
{
	uint8_t is[SHA1_SIZE], wanted[SHA1_SIZE];
	struct stat status;

	if (fstat(fd, &status) != 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", look->name);
	bool other_size = depth != PROOF_TO_NAME && look->size >= 0 && status.st_size != look->size;

	if (!S_ISREG(status.st_mode) || other_size) {
		find_wrong(look, S_ISREG(status.st_mode) ? PROOF_SIZE : PROOF_CONTENT);
		return true;
	}
	if (!look->drawn)
		return true;
	if (!read_digest(look, worker, fd, is, error))
		return false;
	hex_decode(strchr(look->name, '/') + 1, wanted, SHA1_SIZE);
	if (memcmp(is, wanted, SHA1_SIZE) != 0)
		find_wrong(look, PROOF_CONTENT);
	return true;
}

static bool look_at(void *shared, void *context, size_t job, GError **error)
{
	struct proving *proving = shared;
	struct look *look = &g_array_index(proving->looks, struct look, job);
	bool done;
	int fd;

	if (!look->valid) {
		find_wrong(look, PROOF_NAME);
		return true;
	}
	fd = file_open_beneath(proving->folder, look->name, O_RDONLY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		find_wrong(look, PROOF_MISSING);
		return true;
	}
	if (fd < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", look->name);
	done = compare_content(look, context, fd, proving->request->depth, error);
	close(fd);
	return done;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static bool worker_begin(void *shared, unsigned number, void **context, GError **error)
{
	struct worker *worker = g_new0(struct worker, 1);

	(void)shared, (void)number, (void)error;
	worker->digest = sha1_new();
	worker->buffer = g_malloc(BUFFER);
	*context = worker;
	return true;
}

static bool worker_end(void *shared, void *context, bool finished, GError **error)
{
	struct worker *worker = context;

	(void)shared, (void)finished, (void)error;
	sha1_free(worker->digest);
	g_free(worker->buffer);
	g_free(worker);
	return true;
}

static void count(struct filestore_proof *proof, const struct proof_finding *finding)
{
	uint64_t *const counters[] = {[PROOF_MISSING] = &proof->missing,
				      [PROOF_SIZE] = &proof->wrong_size,
				      [PROOF_CONTENT] = &proof->wrong_content,
				      [PROOF_NAME] = &proof->wrong_name};

	++*counters[finding->trouble];
	if (finding->baseline)
		proof->baseline++;
	else if (finding->regenerable)
		proof->regenerable++;
}

static void take_look(struct proving *proving, struct look *look)
{
	struct filestore_proof *proof = proving->proof;
	GHashTable *baseline = proving->request->baseline;

	proof->bytes += look->bytes;
	proof->checked += look->drawn;
	if (!look->wrong)
		return;
	look->finding.baseline = baseline && g_hash_table_contains(baseline, look->name);
	count(proof, &look->finding);
	if (proof->findings->len >= PROOF_FINDINGS_MAX)
		return;
	struct proof_finding *finding = g_new0(struct proof_finding, 1);

	*finding = look->finding;
	finding->name = g_utf8_make_valid(look->name, -1);
	finding->model = g_steal_pointer(&look->finding.model);
	g_ptr_array_add(proof->findings, finding);
}

static bool prove_batch(struct proving *proving, GError **error)
{
	const struct filestore_proof_request *request = proving->request;

	if (!stop_check(error) || !pool_run(&(struct pool_work){.workers = MAX(request->workers, 1),
								.jobs = proving->looks->len,
								.shared = proving,
								.begin = worker_begin,
								.run = look_at,
								.end = worker_end},
					    error))
		return false;
	for (guint i = 0; i < proving->looks->len; i++)
		take_look(proving, &g_array_index(proving->looks, struct look, i));
	g_array_set_size(proving->looks, 0);
	if (request->progress)
		request->progress(request->progress_data, proving->proof->named);
	return true;
}

/* ---- which of them ------------------------------------------------------------------------------ */

static uint64_t word_of(const struct proof_sample *sample, const char *name)
{
	g_autofree char *text = g_strdup_printf("%s\n%s", sample->seed, name);
	uint8_t digest[SHA256_SIZE];

	sha256(text, strlen(text), digest);
	return bytes_u64(digest);
}

static bool is_drawn(const struct proving *proving, const char *name)
{
	const struct proof_sample *sample = proving->request->sample;

	return proving->request->depth == PROOF_TO_CONTENT &&
	       (!sample || word_of(sample, name) <= proving->last);
}

struct drawing {
	const struct proof_sample *sample;
	GArray *words;
};

static bool take_word(void *data, const struct expected_file *file, GError **error)
{
	struct drawing *drawing = data;
	uint64_t word = word_of(drawing->sample, file->name);

	(void)error;
	g_array_append_val(drawing->words, word);
	return true;
}

static int by_word(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Those whose words are the smallest: as many as are wanted, however many there are. */
static bool draw_sample(struct proving *proving, GError **error)
{
	const struct proof_sample *sample = proving->request->sample;
	g_autoptr(GArray) words = g_array_new(false, false, sizeof(uint64_t));
	struct drawing drawing = {sample, words};
	uint64_t count;

	if (!sample)
		return true;
	if (!expected_files(proving->request->session, take_word, &drawing, error))
		return false;
	count = ((uint64_t)words->len * sample->ppm + 999999) / 1000000;
	count = MAX(count, sample->least);
	if (sample->most > 0)
		count = MIN(count, sample->most);
	count = MIN(count, words->len);
	g_array_sort(words, by_word);
	proving->last = count > 0 ? g_array_index(words, uint64_t, count - 1) : 0;
	return true;
}

static bool take_expected(void *data, const struct expected_file *file, GError **error)
{
	struct proving *proving = data;
	struct look look = {.valid = file->valid,
			    .drawn = is_drawn(proving, file->name),
			    .size = file->size,
			    .name = g_strdup(file->name),
			    .finding = {.rows = file->rows,
					.first_id = file->first_id,
					.model = g_strdup(file->model),
					.regenerable = file->regenerable}};

	g_array_append_val(proving->looks, look);
	proving->proof->named++;
	return proving->looks->len < BATCH || prove_batch(proving, error);
}

/* ---- what nothing names ------------------------------------------------------------------------ */

static bool is_shard(const char *name)
{
	return strlen(name) == 2 && g_ascii_isxdigit(name[0]) && g_ascii_isxdigit(name[1]);
}

static bool count_files(const char *folder, uint64_t *files, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);

	if (!dir)
		return odr_fail_errno(error, errno, "cannot list '%s'", folder);
	while (g_dir_read_name(dir))
		++*files;
	return true;
}

/* Each name stands for one file, so that what is there and was not found by name is named by nothing. */
static bool count_unnamed(struct proving *proving, GError **error)
{
	struct filestore_proof *proof = proving->proof;
	const char *folder = proving->request->folder;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	uint64_t found = proof->named - proof->missing - proof->wrong_name, files = 0;

	if (!dir)
		return odr_fail_errno(error, errno, "cannot list '%s'", folder);
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (is_shard(name) && (!stop_check(error) || !count_files(path, &files, error)))
			return false;
	}
	proof->unnamed = files > found ? files - found : 0;
	return true;
}

bool filestore_prove(const struct filestore_proof_request *request, struct filestore_proof *proof,
		     GError **error)
{
	struct proving proving = {.request = request, .proof = proof};
	bool done;

	*proof = (struct filestore_proof){.findings = g_ptr_array_new_with_free_func(finding_free)};
	proving.folder = open(request->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proving.folder < 0)
		return odr_fail_errno(error, errno, "cannot open '%s'", request->folder);
	proving.looks = g_array_new(false, true, sizeof(struct look));
	g_array_set_clear_func(proving.looks, look_clear);
	done = draw_sample(&proving, error) &&
	       expected_files(request->session, take_expected, &proving, error) &&
	       prove_batch(&proving, error) && count_unnamed(&proving, error);
	g_array_unref(proving.looks);
	close(proving.folder);
	return done || odr_context(error, "cannot prove the filestore");
}
