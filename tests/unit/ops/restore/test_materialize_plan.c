#include "ops/restore/materialize_plan.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define MIB   ((uint64_t)1 << 20)
#define PACKS 200000

struct site {
	char *folder;
	struct materialize_plan plan;
	struct materialize_piece *pieces;
	GError *error;
};

static void site_init(struct site *site, const void *data)
{
	(void)data;
	site->folder = g_dir_make_tmp("odr-plan-XXXXXX", &site->error);
	g_assert_no_error(site->error);
	materialize_plan_init(&site->plan, PACKS, site->folder);
	site->pieces = g_new(struct materialize_piece, MATERIALIZE_JOB_MAX);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	materialize_plan_clear(&site->plan);
	g_free(site->pieces);
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_clear_error(&site->error);
}

static struct layer_entry *file_new(void)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);

	entry->path = g_strdup("pgdata/base/5/16384");
	entry->kind = ENTRY_FILE;
	entry->mode = 0640;
	entry->uid = 26;
	entry->gid = 27;
	entry->owner = g_strdup("postgres");
	entry->group = g_strdup("");
	entry->mtime_ns = -5;
	memset(entry->digest, 0xd1, sizeof(entry->digest));
	entry->extents = g_array_new(false, true, sizeof(struct extent));
	return entry;
}

/* Data of a chunk of its own at a place of a pack. */
static void add_data(struct layer_entry *entry, uint32_t pack, uint64_t offset, uint64_t length)
{
	struct extent extent = {.kind = EXTENT_DATA,
				.length = length,
				.place = {.pack = pack,
					  .chunk = (uint32_t)(offset / MIB),
					  .offset = offset,
					  .sealed_size = 1000,
					  .plain_size = (uint32_t)length}};

	g_array_append_val(entry->extents, extent);
	entry->size += length;
}

static void add_zeros(struct layer_entry *entry, uint64_t length)
{
	struct extent extent = {.kind = EXTENT_ZERO, .length = length};

	g_array_append_val(entry->extents, extent);
	entry->size += length;
}

/* Takes the entry. */
static void plan(struct site *site, struct layer_entry *entry, const char *path)
{
	materialize_plan_add(&site->plan, entry, path, &site->error);
	g_assert_no_error(site->error);
	layer_entry_free(entry);
}

static void sort(struct site *site)
{
	materialize_plan_sort(&site->plan, 1, &site->error);
	g_assert_no_error(site->error);
}

static const struct materialize_job *job_at(struct site *site, guint number)
{
	const struct materialize_job *job =
		&g_array_index(site->plan.jobs, struct materialize_job, number);

	materialize_plan_pieces(&site->plan, job, site->pieces, &site->error);
	g_assert_no_error(site->error);
	return job;
}

static struct materialize_target target_of(struct site *site, const struct materialize_piece *piece)
{
	struct materialize_target target;

	materialize_plan_target(&site->plan, piece, &target, &site->error);
	g_assert_no_error(site->error);
	return target;
}

static void nothing(struct site *site, const void *data)
{
	(void)data;
	sort(site);
	g_assert_cmpuint(site->plan.jobs->len, ==, 0);
}

static void order(struct site *site, const void *data)
{
	struct layer_entry *first = file_new(), *second = file_new();

	(void)data;
	add_data(first, 300, 70000, MIB);
	add_data(first, 2, 50, MIB);
	add_data(first, 2, 90, 10);
	plan(site, first, "/srv/first");
	add_data(second, 2, 60, MIB);
	add_data(second, 300, 5, 9);
	plan(site, second, "/srv/second");
	sort(site);

	static const struct {
		uint32_t pack;
		uint64_t offset, file_offset;
		const char *path;
	} expected[] = {{2, 50, MIB, "/srv/first"},
			{2, 60, 0, "/srv/second"},
			{2, 90, 2 * MIB, "/srv/first"},
			{300, 5, MIB, "/srv/second"},
			{300, 70000, 0, "/srv/first"}};
	size_t number = 0;

	g_assert_cmpuint(site->plan.jobs->len, ==, 2);
	for (guint i = 0; i < 2; i++) {
		const struct materialize_job *job = job_at(site, i);

		for (size_t j = 0; j < job->count; j++, number++) {
			struct materialize_target target = target_of(site, &site->pieces[j]);

			g_assert_cmpuint(site->pieces[j].place.pack, ==, expected[number].pack);
			g_assert_cmpuint(site->pieces[j].place.offset, ==, expected[number].offset);
			g_assert_cmpuint(site->pieces[j].file_offset, ==,
					 expected[number].file_offset);
			g_assert_cmpstr(target.entry.path, ==, expected[number].path);
			materialize_target_clear(&target);
		}
	}
	g_assert_cmpuint(number, ==, G_N_ELEMENTS(expected));
}

static void targets(struct site *site, const void *data)
{
	static const struct {
		uint64_t data_before, zeros, data_behind;
		bool ended, blocks;
	} cases[] = {
		{5, 0, 0, true, true},
		{MIB, 0, 0, true, true},
		{MIB, 2 * MIB, 0, false, true},
		{MIB, 2 * MIB, 7, true, true},
		{MIB, 5, 0, false, true},
		{MIB, 5, MIB, true, false},
		{8192, 5 * MIB, 0, false, false},
		{0, 5 * MIB + 1, 0, false, true},
		{0, 0, 0, false, true},
	};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct layer_entry *entry = file_new();
		g_autofree char *path = g_strdup_printf("/srv/%zu", i);

		if (cases[i].data_before > 0)
			add_data(entry, (uint32_t)i, 1, cases[i].data_before);
		if (cases[i].zeros > 0)
			add_zeros(entry, cases[i].zeros);
		if (cases[i].data_behind > 0)
			add_data(entry, (uint32_t)i, 9, cases[i].data_behind);
		plan(site, entry, path);
	}
	sort(site);
	/* The last two have no content, and share the last job. */
	g_assert_cmpuint(site->plan.jobs->len, ==, G_N_ELEMENTS(cases) - 1);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		guint number = MIN(i, site->plan.jobs->len - 1);
		const struct materialize_job *job = job_at(site, number);
		struct materialize_target target = target_of(site, &site->pieces[i - number]);
		const struct layer_entry *entry = &target.entry;

		g_assert_cmpuint(job->count, ==, i < 7 ? target.pieces : 2);
		g_assert_cmpuint(target.pieces, ==,
				 (cases[i].data_before > 0) + (cases[i].data_behind > 0));
		g_assert_cmpint(target.zeros, ==, cases[i].zeros > 0);
		g_assert_cmpint(target.ended, ==, cases[i].ended);
		g_assert_cmpint(target.blocks, ==, cases[i].blocks);
		g_assert_cmpuint(entry->size, ==,
				 cases[i].data_before + cases[i].zeros + cases[i].data_behind);
		g_assert_cmpuint(entry->kind, ==, ENTRY_FILE);
		g_assert_cmpuint(entry->mode, ==, 0640);
		g_assert_cmpuint(entry->uid, ==, 26);
		g_assert_cmpuint(entry->gid, ==, 27);
		g_assert_cmpstr(entry->owner, ==, "postgres");
		g_assert_cmpstr(entry->group, ==, "");
		g_assert_cmpint(entry->mtime_ns, ==, -5);
		g_assert_cmpuint(entry->digest[XXH128_SIZE - 1], ==, 0xd1);
		materialize_target_clear(&target);
	}
}

/* A pack full of small files is several jobs: a worker holds the pieces of one. */
static void long_jobs(struct site *site, const void *data)
{
	uint64_t next = 0;

	(void)data;
	for (guint i = 0; i < 20000; i++) {
		struct layer_entry *entry = file_new();

		add_data(entry, 1, 7919 * i % 20000, 1);
		plan(site, entry, "/srv/file");
	}
	sort(site);
	g_assert_cmpuint(site->plan.jobs->len, ==, 3);
	for (guint i = 0; i < site->plan.jobs->len; i++) {
		const struct materialize_job *job = job_at(site, i);

		g_assert_cmpuint(job->count, <=, MATERIALIZE_JOB_MAX);
		for (size_t j = 0; j < job->count; j++)
			g_assert_cmpuint(site->pieces[j].place.offset, ==, next++);
	}
	g_assert_cmpuint(next, ==, 20000);
}

/* Bytes of memory that the process has had at most. */
static uint64_t peak(void)
{
	g_autofree char *status = NULL;
	const char *line;

	g_assert_true(g_file_get_contents("/proc/self/status", &status, NULL, NULL));
	line = strstr(status, "VmHWM:");
	return line ? g_ascii_strtoull(line + strlen("VmHWM:"), NULL, 10) << 10 : 0;
}

/* One TiB in files of 1 GiB, and half a million small ones, in packs of 32 MiB. */
static void large(struct site *site, const void *data)
{
	uint64_t before = peak(), pieces = 0, at = 0;

	(void)data;
	for (guint i = 0; i < 1024; i++) {
		struct layer_entry *entry = file_new();

		for (guint j = 0; j < 1024; j++, at++)
			add_data(entry, (uint32_t)(at / 64), at % 64 * MIB / 2, MIB);
		plan(site, entry, "/var/lib/postgresql/17/main/base/5/16384.1");
	}
	for (guint i = 0; i < 500000; i++) {
		struct layer_entry *entry = file_new();

		add_data(entry, PACKS - 1 - i / 1000, i % 1000 * 10000, 9999);
		plan(site, entry, "/var/lib/postgresql/17/main/base/5/16384_fsm");
	}
	sort(site);
	for (guint i = 0; i < site->plan.jobs->len; i++) {
		const struct materialize_job *job = job_at(site, i);

		for (size_t j = 1; j < job->count; j++)
			g_assert_cmpuint(site->pieces[j].place.offset, >,
					 site->pieces[j - 1].place.offset);
		pieces += job->count;
	}
	g_assert_cmpuint(pieces, ==, 1024 * 1024 + 500000);
#ifndef ODR_FAULT_INJECTION /* sanitizers have memory of their own */
	g_assert_cmpuint(peak() - before, <, 48 * MIB);
#endif
	g_test_message("%" G_GUINT64_FORMAT " MiB", (peak() - before) / MIB);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"nothing", nothing},
		{"pieces-by-pack-and-offset", order},
		{"what-becomes-of-a-file", targets},
		{"a-job-has-so-many-pieces-at-most", long_jobs},
		{"a-large-cluster-needs-little-memory", large},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/materialize-plan/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
