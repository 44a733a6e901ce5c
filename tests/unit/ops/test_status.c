#include "ops/status.h"

#include "ops/record.h"

#include <string.h>

/* Segments of 16 MiB; times are seconds; the present is 10000. */
#define SEGMENT (16u << 20)
#define AT(n)	((lsn_t)(n) << 24)
#define SEC(n)	((usec_t)(n)*USEC_PER_SEC)
#define NOW	SEC(10000)
#define MAXIMUM 6

struct set {
	const char *id;
	uint32_t timeline;
	unsigned start, stop; /* segments */
	int stopped;
	unsigned damaged;
};
/* Segments first to last, the n-th stored `step` seconds after the one before. */
struct files {
	uint32_t timeline;
	unsigned first, last;
	int stored, step;
};
struct example {
	const char *promise;
	struct set sets[MAXIMUM];
	struct files files[MAXIMUM];
	int rpo;
	/* Expected: */
	int point, first_point, exposure; /* exposure -1: unknown */
	uint32_t timeline;
	unsigned end;	   /* segment; 0: none */
	const char *gaps;  /* "first-last" and "!" behind the newest set, separated by blanks */
	const char *codes; /* of the findings, separated by blanks */
	enum finding_severity worst;
};

/* The objective, then what is expected. */
#define WITH(rpo, point, first_point, exposure, timeline, end, gaps, codes, worst) \
 rpo, point, first_point, exposure, timeline, end, gaps, codes, worst

static const struct example examples[] = {
	{"nothing-at-all", {{0}}, {{0}}, WITH(0, 0, 0, -1, 0, 0, "", "set.none", FINDING_CRITICAL)},
	{"wal-without-a-set-is-worth-nothing",
	 {{0}},
	 {{1, 1, 9, 9000, 10}},
	 WITH(0, 0, 0, -1, 0, 0, "", "set.none", FINDING_CRITICAL)},
	{"a-set-and-its-wal",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 5, 9000, 100}},
	 WITH(0, 9400, 9000, 600, 1, 6, "", "", FINDING_OK)},
	{"the-end-of-the-set-counts-as-well",
	 {{"a", 1, 2, 2, 9500}},
	 {{1, 1, 2, 9000, 100}},
	 WITH(0, 9500, 9500, 500, 1, 3, "", "", FINDING_OK)},
	{"within-the-objective",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 5, 9000, 100}},
	 WITH(600, 9400, 9000, 600, 1, 6, "", "", FINDING_OK)},
	{"over-the-objective",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 5, 9000, 100}},
	 WITH(599, 9400, 9000, 600, 1, 6, "", "exposure.over", FINDING_CRITICAL)},
	{"a-gap-behind-the-newest-set-ends-it",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 3, 9000, 10}, {1, 6, 8, 9900, 10}},
	 WITH(0, 9020, 9000, 980, 1, 4, "000000010000000000000004-000000010000000000000005!",
	      "wal.gap", FINDING_CRITICAL)},
	{"a-newer-set-heals-a-gap",
	 {{"a", 1, 2, 2, 9000}, {"b", 1, 6, 6, 9800}},
	 {{1, 1, 3, 9000, 10}, {1, 6, 8, 9900, 10}},
	 WITH(0, 9920, 9000, 80, 1, 9, "000000010000000000000004-000000010000000000000005",
	      "wal.old-gap", FINDING_WARNING)},
	{"gaps-below-the-oldest-set-are-of-no-interest",
	 {{"a", 1, 6, 6, 9000}},
	 {{1, 1, 3, 8000, 10}, {1, 6, 8, 9900, 10}},
	 WITH(0, 9920, 9000, 80, 1, 9, "", "", FINDING_OK)},
	{"the-newest-set-lacks-its-wal",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 4, 8, 9500, 10}},
	 WITH(0, 9000, 9000, 1000, 0, 0, "", "wal.none", FINDING_CRITICAL)},
	{"a-later-timeline-is-followed",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 4, 9000, 10}, {2, 4, 6, 9500, 10}},
	 WITH(0, 9520, 9000, 480, 2, 7, "", "", FINDING_OK)},
	{"a-timeline-that-goes-on-beside-the-next-is-told",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 2, 5, 9000, 100}, {2, 5, 8, 9350, 100}, {1, 6, 9, 9400, 100}},
	 WITH(0, 9650, 9000, 350, 2, 9, "", "wal.fork", FINDING_CRITICAL)},
	{"a-copy-that-takes-over-is-told-for-a-day",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 2, 5, 9000, 100}, {2, 5, 8, 9350, 200}, {1, 6, 7, 9400, 100}},
	 WITH(0, 9950, 9000, 50, 2, 9, "", "wal.fork", FINDING_WARNING)},
	{"what-was-left-to-push-at-the-switch-is-no-second-server",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 2, 5, 9300, 100}, {2, 5, 8, 9350, 100}},
	 WITH(0, 9650, 9000, 350, 2, 9, "", "", FINDING_OK)},
	{"a-second-server-of-long-ago-is-forgotten",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 2, 9, -90000, 100}, {2, 5, 8, -89900, 33000}},
	 WITH(0, 9100, 9000, 900, 2, 9, "", "", FINDING_OK)},
	{"a-gap-on-the-later-timeline-ends-it",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 4, 9000, 10}, {2, 4, 5, 9500, 10}, {2, 7, 8, 9900, 10}},
	 WITH(0, 9510, 9000, 490, 2, 6, "000000020000000000000006-000000020000000000000006!",
	      "wal.gap", FINDING_CRITICAL)},
	{"a-later-timeline-out-of-reach-is-not-followed",
	 {{"a", 1, 2, 2, 9000}},
	 {{1, 1, 4, 9000, 10}, {2, 7, 8, 9900, 10}},
	 WITH(0, 9030, 9000, 970, 1, 5, "", "", FINDING_OK)},
	{"an-older-timeline-is-none-of-the-newest-set's",
	 {{"a", 1, 2, 2, 8000}, {"b", 2, 5, 5, 9000}},
	 {{1, 1, 9, 8000, 10}, {2, 4, 6, 9500, 10}},
	 WITH(0, 9520, 8000, 480, 2, 7, "", "", FINDING_OK)},
	{"damage-of-the-source-is-said",
	 {{"a", 1, 2, 2, 9000, 3}},
	 {{1, 1, 5, 9000, 100}},
	 WITH(0, 9400, 9000, 600, 1, 6, "", "set.damaged", FINDING_WARNING)},
	{"two-sets-are-due",
	 {{"a", 1, 2, 2, 2799}},
	 {{1, 1, 5, 9000, 100}},
	 WITH(0, 9400, 2799, 600, 1, 6, "", "set.old", FINDING_WARNING)}};

static struct catalog_set *set_of(const struct set *from)
{
	struct catalog_set *set = g_new0(struct catalog_set, 1);

	set->set_id = g_strdup(from->id);
	set->timeline = from->timeline;
	if (from->start > 0) {
		set->segment_size = SEGMENT;
		set->start_lsn = AT(from->start) + 0x28;
		set->stop_lsn = AT(from->stop) + 0x100;
	}
	set->stopped = set->stored_at = SEC(from->stopped);
	set->damaged = from->damaged;
	return set;
}

static void add_files(const struct files *from, GPtrArray *files)
{
	for (unsigned i = from->first; from->timeline && i <= from->last; i++) {
		struct catalog_wal *file = g_new0(struct catalog_wal, 1);
		char name[WAL_SEGMENT_NAME_SIZE];

		wal_segment_name(from->timeline, AT(i), SEGMENT, name);
		file->file = g_strdup(name);
		file->size = 1000;
		file->stored_at = SEC(from->stored + (int)(i - from->first) * from->step);
		g_ptr_array_add(files, file);
	}
}

static struct status_repository *repository_of(const struct example *example)
{
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_set_free);
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_wal_free);
	g_autoptr(GArray) events = g_array_new(false, false, sizeof(struct catalog_exposure));

	for (size_t i = 0; i < MAXIMUM; i++) {
		if (example->sets[i].id)
			g_ptr_array_add(sets, set_of(&example->sets[i]));
		add_files(&example->files[i], files);
	}
	return status_repository_new(&(struct status_source){.repository = "main",
							     .sets = sets,
							     .files = files,
							     .events = events,
							     .rpo = SEC(example->rpo),
							     .now = NOW});
}

static char *gaps_of(const struct status_repository *repository)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < repository->gaps->len; i++) {
		const struct status_gap *gap =
			&g_array_index(repository->gaps, struct status_gap, i);

		g_string_append_printf(text, "%s%s-%s%s", i ? " " : "", gap->first, gap->last,
				       gap->open ? "!" : "");
	}
	return g_string_free(text, false);
}

static char *codes_of(const GPtrArray *findings)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < findings->len; i++)
		g_string_append_printf(text, "%s%s", i ? " " : "",
				       ((const struct finding *)findings->pdata[i])->code);
	return g_string_free(text, false);
}

static const char *const only_database[] = {PART_DATABASE, NULL};

static void status_init(struct status *status, usec_t rpo)
{
	*status = (struct status){
		.service = g_strdup("erp"),
		.now = NOW,
		.rpo = rpo,
		.parts = only_database,
		.repositories =
			g_ptr_array_new_with_free_func((GDestroyNotify)status_repository_free),
		.last = g_ptr_array_new_with_free_func((GDestroyNotify)catalog_run_free),
		.running = g_ptr_array_new(),
		.findings = findings_new()};
}

static void test_example(const void *data)
{
	const struct example *example = data;
	struct status_repository *repository = repository_of(example);
	g_autofree char *gaps = gaps_of(repository);
	struct status status;

	g_assert_cmpint(repository->recovery_point, ==, SEC(example->point));
	g_assert_cmpint(repository->first_point, ==, SEC(example->first_point));
	g_assert_cmpint(repository->exposure, ==,
			example->exposure < 0 ? -1 : SEC(example->exposure));
	g_assert_cmpuint(repository->timeline, ==, example->timeline);
	g_assert_cmphex(repository->wal_end, ==, AT(example->end));
	g_assert_cmpstr(gaps, ==, example->gaps);

	status_init(&status, SEC(example->rpo));
	g_ptr_array_add(status.repositories, repository);
	status_judge(&status, SEC(3600));

	g_autofree char *codes = codes_of(status.findings);

	g_assert_cmpstr(codes, ==, example->codes);
	g_assert_cmpint(findings_worst(status.findings), ==, example->worst);
	status_clear(&status);
}

/* The largest exposure of a window is that within it; what is not known of one is no figure. */
static void windows_up_to_now(void)
{
	static const struct {
		int age, point; /* days; that was usable then, days old */
	} events[] = {{60, 70}, {59, 60}, {3, 4}, {0, 0}};
	const usec_t now = 1000 * USEC_PER_DAY;
	g_autoptr(GPtrArray) none = g_ptr_array_new();
	g_autoptr(GPtrArray) files =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_wal_free);
	g_autoptr(GArray) list = g_array_new(false, false, sizeof(struct catalog_exposure));
	struct status_source source = {
		.repository = "main", .sets = none, .files = files, .events = list, .now = now};
	struct status_repository *repository = status_repository_new(&source);

	for (int i = 0; i < STATUS_WINDOWS; i++)
		g_assert_cmpint(repository->largest[i], ==, -1);
	g_assert_cmpint(repository->wal_stored, ==, 0);
	status_repository_free(repository);
	for (size_t i = 0; i < G_N_ELEMENTS(events); i++) {
		struct catalog_exposure event = {now - events[i].age * USEC_PER_DAY,
						 now - events[i].point * USEC_PER_DAY};

		g_array_append_val(list, event);
	}
	add_files(&(struct files){1, 1, 3, 9000, 100}, files);
	repository = status_repository_new(&source);
	g_assert_cmpint(repository->largest[STATUS_DAY], ==, 4 * USEC_PER_DAY);
	g_assert_cmpint(repository->largest[STATUS_WEEK], ==, 57 * USEC_PER_DAY);
	g_assert_cmpint(repository->largest[STATUS_QUARTER], ==, 57 * USEC_PER_DAY);
	g_assert_cmpint(repository->week.maximum, ==, repository->largest[STATUS_WEEK]);
	g_assert_cmpint(repository->wal_stored, ==, SEC(9200));
	status_repository_free(repository);
}

static void newest_database_set(void)
{
	static const struct set made[] = {
		{"a", 1, 1, 1, 100}, {"b", 2, 2, 1, 200}, {"c", 0, 0, 1, 300}};
	g_autoptr(GPtrArray) files = g_ptr_array_new();
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func((GDestroyNotify)catalog_set_free);
	g_autoptr(GArray) events = g_array_new(false, false, sizeof(struct catalog_exposure));
	struct status_source source = {.repository = "main",
				       .sets = sets,
				       .files = files,
				       .events = events,
				       .now = SEC(400)};
	struct status_repository *repository;

	for (size_t i = 0; i < G_N_ELEMENTS(made); i++) {
		struct catalog_set *set = set_of(&made[i]);

		set->bytes = 1000 * (i + 1);
		set->stored = 10 * (i + 1);
		g_ptr_array_add(sets, set);
	}
	repository = status_repository_new(&source);
	g_assert_cmpuint(repository->stored, ==, 60);
	g_assert_cmpint(repository->database_stopped, ==, SEC(200));
	g_assert_cmpuint(repository->database_content, ==, 2000);
	g_assert_cmpuint(repository->database_stored, ==, 20);
	status_repository_free(repository);
}

/* Sets of files beside those of a database, and instead of them. */
static const struct parts_example {
	const char *promise;
	const char *parts[4];
	struct set sets[MAXIMUM]; /* start 0: a set without a database */
	int filestore;		  /* its point */
	const char *codes;
	int rpo_filestore;
	int whole; /* the point of both, where there are both */
} parts_examples[] = {
	{"files-alone-are-no-less-than-a-service-without-a-cluster-has",
	 {PART_FILESTORE},
	 {{"a", 0, 0, 0, 9000}},
	 9000,
	 ""},
	{"files-do-not-stand-for-a-database",
	 {PART_DATABASE, PART_FILESTORE},
	 {{"a", 0, 0, 0, 9000}},
	 9000,
	 "set.part"},
	{"a-database-does-not-stand-for-files",
	 {PART_DATABASE, PART_FILESTORE},
	 {{"a", 1, 2, 2, 9000}},
	 0,
	 "set.part"},
	{"newer-files-do-not-make-a-database-newer",
	 {PART_DATABASE, PART_FILESTORE},
	 {{"a", 1, 2, 2, 2799}, {"b", 0, 0, 0, 9900}},
	 9900,
	 "set.old",
	 0,
	 9400},
	{"files-within-their-objective",
	 {PART_DATABASE, PART_FILESTORE},
	 {{"a", 1, 2, 2, 9000}},
	 9300,
	 "",
	 700,
	 9300},
	{"files-over-their-objective",
	 {PART_DATABASE, PART_FILESTORE},
	 {{"a", 1, 2, 2, 9000}},
	 9300,
	 "exposure.part-over",
	 699,
	 9300},
};

static void test_parts(const void *data)
{
	const struct parts_example *example = data;
	struct example like = {.files = {{1, 1, 5, 9000, 100}}};
	struct status_point points[] = {{.part = PART_FILESTORE, .point = SEC(example->filestore)},
					{.part = STATUS_WHOLE}};
	struct status_repository *repository;
	struct status status;

	memcpy(like.sets, example->sets, sizeof(like.sets));
	repository = repository_of(&like);
	g_array_append_vals(repository->points, points, G_N_ELEMENTS(points));
	status_complete_points(repository);
	if (example->whole)
		g_assert_cmpint(status_point(repository, STATUS_WHOLE), ==, SEC(example->whole));
	status_init(&status, 0);
	status.rpo_filestore = SEC(example->rpo_filestore);
	status.parts = example->parts;
	g_ptr_array_add(status.repositories, repository);
	status_judge(&status, SEC(3600));

	g_autofree char *codes = codes_of(status.findings);

	g_assert_cmpstr(codes, ==, example->codes);
	status_clear(&status);
}

static void assert_run(const char *command, const char *outcome, const char *message,
		       const char *expected)
{
	struct catalog_run *run = g_new0(struct catalog_run, 1);
	struct status status;

	run->command = g_strdup(command);
	run->outcome = g_strdup(outcome);
	run->message = g_strdup(message);
	run->started = SEC(9940);
	status_init(&status, 0);
	g_ptr_array_add(status.last, run);
	status_judge(&status, 0);
	if (!expected) {
		g_assert_cmpuint(status.findings->len, ==, 0);
	} else {
		const struct finding *finding = status.findings->pdata[0];
		g_autofree char *text = g_strdup_printf(
			"%s: %s -> %s", finding_severity_name(finding->severity), finding->text,
			finding->advice ? finding->advice : "nothing to type");

		g_assert_cmpuint(status.findings->len, ==, 1);
		g_assert_cmpstr(text, ==, expected);
	}
	status_clear(&status);
}

static void test_runs(void)
{
	assert_run("backup", "ok", NULL, NULL);
	assert_run(
		"backup", "failed", "no space",
		"critical: the last backup, 1 min ago, failed: no space -> odrbackup backup erp");
	assert_run(
		"expire", "failed", "it is locked",
		"warning: the last expire, 1 min ago, failed: it is locked -> odrbackup expire erp");
	assert_run("backup", "aborted", "SIGTERM",
		   "warning: the last backup, 1 min ago, was stopped -> odrbackup backup erp");
	assert_run("backup", "abandoned", NULL,
		   "warning: the last backup, 1 min ago, was cut off -> odrbackup backup erp");
	assert_run("mark", "failed", "x",
		   "warning: the last mark, 1 min ago, failed: x -> odrbackup mark erp NAME");
	assert_run("anchor", "failed", "x",
		   "warning: the last anchor, 1 min ago, failed: x -> odrbackup anchor create erp");
	assert_run(
		"verify", "failed", "x",
		"warning: the last verify, 1 min ago, failed: x -> odrbackup verify filestore erp");
	assert_run("restore", "failed", "x",
		   "warning: the last restore, 1 min ago, failed: x -> nothing to type");
}

static void test_ages(void)
{
	static const struct {
		usec_t time;
		const char *expected;
	} ages[] = {{NOW, "just now"},
		    {NOW - 999999, "just now"},
		    {NOW + 999999, "just now"},
		    {NOW - SEC(65) - 3, "1 min 5 s ago"},
		    {NOW + SEC(7200), "in 2 h"}};

	for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
		g_autofree char *age = status_age(NOW, ages[i].time);

		g_assert_cmpstr(age, ==, ages[i].expected);
	}
}

static void test_exit_status(void)
{
	static const struct {
		enum finding_severity severity;
		enum finding_kind kind;
		int status, strict;
	} cases[] = {{FINDING_OK, FINDING_CORRUPTION, 0, 0},
		     {FINDING_WARNING, FINDING_STATE, 0, 3},
		     {FINDING_CRITICAL, FINDING_OBJECTIVE, 5, 5},
		     {FINDING_CRITICAL, FINDING_STATE, 4, 4},
		     {FINDING_CRITICAL, FINDING_NO_SET, 7, 7},
		     {FINDING_CRITICAL, FINDING_CORRUPTION, 13, 13}};
	g_autoptr(GPtrArray) findings = findings_new();

	/* Each outranks the ones before. */
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		findings_add(findings, cases[i].severity, "x", NULL, g_strdup("y"), NULL)->kind =
			cases[i].kind;
		g_assert_cmpint(findings_exit_status(findings, false), ==, cases[i].status);
		g_assert_cmpint(findings_exit_status(findings, true), ==, cases[i].strict);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autofree char *path = g_strdup_printf("/status/%s", examples[i].promise);

		g_test_add_data_func(path, &examples[i], test_example);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(parts_examples); i++) {
		g_autofree char *path =
			g_strdup_printf("/status/parts/%s", parts_examples[i].promise);

		g_test_add_data_func(path, &parts_examples[i], test_parts);
	}
	g_test_add_func("/status/windows-up-to-now", windows_up_to_now);
	g_test_add_func("/status/bytes-are-those-of-the-newest-database-set", newest_database_set);
	g_test_add_func("/status/runs-that-did-not-end-well-are-said", test_runs);
	g_test_add_func("/status/ages-are-in-words", test_ages);
	g_test_add_func("/finding/the-worst-decides-the-exit-status", test_exit_status);
	return g_test_run();
}
