#include "../archive_site.h"
#include "ops/archive/taken.h"

static void test_durable_everywhere(struct site *site, const void *data)
{
	g_autoptr(GPtrArray) records = NULL;
	g_autofree char *journal = g_build_filename(site->state, "wal", NULL);
	uint64_t pinned;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	g_assert_cmpuint(site_held(site, 0, SEGMENT, NULL), ==, 1);
	g_assert_cmpuint(site_held(site, 1, SEGMENT, NULL), ==, 1);
	g_assert_true(wal_journal_find(journal, SEGMENT, &records, NULL));
	g_assert_cmpuint(records->len, ==, 2);
	g_assert_true(cluster_pinned(site->state, &pinned, NULL));
	g_assert_cmpuint(pinned, ==, SYSTEM);
}

/* What PostgreSQL gives, %p: relative to the data directory. */
static void test_relative_path(struct site *site, const void *data)
{
	g_autofree char *before = g_get_current_dir();
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	g_assert_cmpint(g_chdir(site->pgdata), ==, 0);
	site_push_from(site, "pg_wal", SEGMENT, 0, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_chdir("pg_wal"), ==, 0);
	site_push_from(site, ".", SEGMENT, 0, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_chdir(before), ==, 0);
}

static void test_duplicate_needs_no_repository(struct site *site, const void *data)
{
	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	site_hide(site, 0);
	site_hide(site, 1);
	site_pushed(site, SEGMENT);
}

static void test_other_content_is_refused(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	site_segment_write(site, &(struct site_segment){SEGMENT, .filling = 1});
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_EXISTS, SEGMENT,
		       "its digest is", "that of this one", "nothing was written");
	g_assert_cmpuint(site_held(site, 0, SEGMENT, NULL), ==, 1);
}

static void forget_journal(struct site *site)
{
	g_autofree char *journal = g_build_filename(site->state, "wal", NULL);

	g_assert_true(file_remove_tree(journal, NULL));
}

static void test_lost_journal(struct site *site, const void *data)
{
	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	forget_journal(site);
	site_pushed(site, SEGMENT);
	g_assert_cmpuint(site_held(site, 0, SEGMENT, NULL), ==, 1);
}

static void test_damaged_object_in_the_way(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	forget_journal(site);
	site_damage(site, 1, SEGMENT);
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_CORRUPT,
		       "repository offsite holds a damaged object", "move it out", SEGMENT);
}

/* A new repository where the first one lay, and the first one's folder elsewhere. */
static void replace_repository(struct site *site, int repo)
{
	struct store_settings settings = site->stores[repo];
	g_autoptr(GError) error = NULL;
	Store *store;

	site_hide(site, repo);
	settings.create = true;
	store = store_open(&settings, &error);
	g_assert_no_error(error);
	repo_init(store, 0, &error);
	g_assert_no_error(error);
	repo_free(site->repos[repo]);
	site->repos[repo] = repo_new(store, &site->owner->service);
}

/* Two repositories exchange their names: what is in both is in both. */
static void test_renamed(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	site->stores[0].name = "offsite";
	site->stores[1].name = "main";
	for (int i = 0; i < SITE_REPOS; i++)
		site_hide(site, i);
	g_assert_true(site_push(site, SEGMENT, &error));
	g_assert_no_error(error);
}

static void test_pointed_elsewhere(struct site *site, const void *data)
{
	g_autofree char *moved = g_strconcat(site->paths[0], ".moved", NULL);

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	g_assert_cmpint(g_rename(site->paths[0], moved), ==, 0);
	g_assert_cmpint(g_mkdir(site->paths[0], 0700), ==, 0);
	replace_repository(site, 1);

	/* The same one at another place is asked, and has it; the new one at the old place gets it, once
	 * it is known to be new. */
	site->stores[0].path = moved;
	site_pushed(site, SEGMENT);
	g_assert_cmpuint(site_held(site, 1, SEGMENT, NULL), ==, 0);
	site_segment_write(site, &(struct site_segment){SEGMENT_6});
	site_pushed(site, SEGMENT_6);
	site_pushed(site, SEGMENT);
	g_assert_cmpuint(site_held(site, 1, SEGMENT, NULL), ==, 1);
}

/* When the server wrote the last of a segment. */
static usec_t written_at(const struct site *site, const char *name)
{
	g_autofree char *path = g_build_filename(site->wal, name, NULL);
	struct stat status;

	g_assert_cmpint(stat(path, &status), ==, 0);
	return (usec_t)status.st_mtim.tv_sec * USEC_PER_SEC + status.st_mtim.tv_nsec / 1000;
}

/* The journal as an older version left it. */
static void test_older_journal(struct site *site, const void *data)
{
	g_autofree char *folder = g_build_filename(site->state, "wal", NULL);
	g_autofree char *path = g_build_filename(folder, "0000000100000000", NULL);
	g_autofree char *format = g_build_filename(folder, "format", NULL);
	g_autofree char *elsewhere = g_build_filename(site->folder, "elsewhere", NULL);
	g_autoptr(GPtrArray) records = NULL;
	g_autoptr(GString) old = g_string_new(NULL);
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	g_assert_true(wal_journal_find(folder, SEGMENT, &records, &error));
	g_assert_cmpuint(records->len, ==, SITE_REPOS);
	for (guint i = 0; i < records->len; i++) {
		const struct wal_record *record = records->pdata[i];
		g_autofree char *hex = hex_encode(record->digest, XXH128_SIZE);
		g_autofree char *line = g_strdup_printf(
			"v1 %s %s %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %s", record->file, hex,
			record->size, record->stored_at, record->repository.name);
		uint32_t check = crc32c_value(crc32c_update(crc32c_init(), line, strlen(line)));

		g_assert_cmpint(record->written_at, ==, written_at(site, SEGMENT));
		g_string_append_printf(old, "%s %08x\n", line, check);
	}
	g_assert_true(g_file_set_contents(path, old->str, -1, NULL));
	g_assert_cmpint(g_unlink(format), ==, 0);
	for (int i = 0; i < SITE_REPOS; i++)
		site_hide(site, i);
	g_assert_true(site_push(site, SEGMENT, &error));
	g_assert_no_error(error);

	/* From now on the place counts: at another one it has to be seen. */
	site->stores[0].path = elsewhere;
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_UNREACHABLE, SEGMENT);
}

static void test_one_repository_missing(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_hide(site, 0);
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_UNREACHABLE,
		       "cannot archive WAL file " SEGMENT ": cannot open repository 'main'",
		       "mounted");
	g_assert_cmpuint(site_held(site, 1, SEGMENT, NULL), ==, 1);

	/* Only what is missing is made up for. */
	site_bring_back(site, 0);
	site_hide(site, 1);
	site_pushed(site, SEGMENT);
	g_assert_cmpuint(site_held(site, 0, SEGMENT, NULL), ==, 1);
}

static void test_folder_without_repository(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_hide(site, 0);
	g_assert_cmpint(g_mkdir(site->paths[0], 0700), ==, 0);
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_UNREACHABLE,
		       "holds no repository: is its file system mounted?");
}

static void test_newer_repository(struct site *site, const void *data)
{
	static const char newer[] = "{\"created\":\"2031-01-01T00:00:00Z\",\"format\" : 2}";
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_write(site->paths[0], "repository", newer, strlen(newer));
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_REFUSED,
		       "repository main has format 2");
}

static void test_foreign_segments(struct site *site, const void *data)
{
	static const struct {
		struct site_segment segment;
		const char *reason;
	} cases[] = {
		{{SEGMENT, .system = 1}, "it belongs to the cluster 1, not to 7711944223782957749"},
		{{SEGMENT, .size = MIB / 2}, "524288"},
		{{SEGMENT, .size = 2 * MIB}, "2097152"},
		{{SEGMENT, .size = 16}, "too few"},
		{{SEGMENT, .segment_size = 2 * MIB}, "2097152"},
		{{SEGMENT, .address = MIB}, "by its name it begins at 0/500000"},
		{{SEGMENT, .timeline = 2}, "timeline 2"},
		{{SEGMENT, .magic = 0x0D}, "PostgreSQL 14"},
		{{SEGMENT, .magic = 0xFF}, "does not begin like a WAL segment"},
		{{SEGMENT ".partial", .system = 1}, "it belongs to the cluster 1"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *name = cases[i].segment.name;
		GError *error = NULL;

		site_segment_write(site, &cases[i].segment);
		assert_refused(site_push(site, name, &error), error, ODR_ERROR_CORRUPT,
			       "refusing '", name, cases[i].reason);
		g_assert_cmpuint(site_held(site, 0, name, NULL), ==, 0);
	}
}

/* A segment of a new timeline begins as a copy of the old one's. */
static void test_older_timeline_inside(struct site *site, const void *data)
{
	site_segment_write(site, &(struct site_segment){"000000030000000000000005", .timeline = 2});
	site_pushed(site, "000000030000000000000005");
}

static void test_other_kinds(struct site *site, const void *data)
{
	static const char backup[] = "START WAL LOCATION: 0/500028\n", history[] = "1\t0/5000\tx\n";

	site_write(site->wal, SEGMENT ".00000028.backup", backup, strlen(backup));
	site_pushed(site, SEGMENT ".00000028.backup");
	site_write(site->wal, HISTORY_2, history, strlen(history));
	site_pushed(site, HISTORY_2);
	site_segment_write(site, &(struct site_segment){SEGMENT ".partial"});
	site_pushed(site, SEGMENT ".partial");
	g_assert_cmpuint(site_held(site, 0, SEGMENT ".partial", NULL), ==, 1);
	g_assert_cmpuint(site_held(site, 0, SEGMENT, NULL), ==, 0);
}

/* Also when another host, with a journal of its own, was promoted. */
static void test_second_history(struct site *site, const void *data)
{
	GError *error = NULL;

	site_write(site->wal, HISTORY_2, "1\t0/5000\tx\n", 11);
	site_pushed(site, HISTORY_2);
	forget_journal(site);
	site_write(site->wal, HISTORY_2, "1\t0/6000\tx\n", 11);
	assert_refused(site_push(site, HISTORY_2, &error), error, ODR_ERROR_EXISTS, HISTORY_2,
		       "Does a copy of the cluster archive to the same service?");
}

static void test_unknown_names(struct site *site, const void *data)
{
	static const char *const names[] = {
		"postgresql.conf",
		"00000001000000000000000g",
		SEGMENT ".gz",
		".",
		"000000010000000000000005000000010000000000000005000000010000000000000005",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		GError *error = NULL;

		assert_refused(site_push(site, names[i], &error), error, ODR_ERROR_USAGE,
			       "is not the path of a WAL file");
	}
}

static void test_missing_and_empty(struct site *site, const void *data)
{
	GError *error = NULL;

	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_NOT_FOUND, "cannot open",
		       SEGMENT);
	site_write(site->wal, SEGMENT, "", 0);
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_CORRUPT, "it is empty");
}

static void test_without_data_directory(struct site *site, const void *data)
{
	g_autofree char *global = g_build_filename(site->pgdata, "global", NULL);
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	g_assert_true(file_remove_tree(global, NULL));
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_REFUSED,
		       "is not a data directory", "nothing to compare");
	g_assert_true(cluster_pin(site->state, SYSTEM, NULL));
	site_pushed(site, SEGMENT);
	site_segment_write(site, &(struct site_segment){SEGMENT_6, .system = 1});
	assert_refused(site_push(site, SEGMENT_6, &error), error, ODR_ERROR_CORRUPT,
		       "it belongs to the cluster 1");
}

static void test_another_cluster(struct site *site, const void *data)
{
	GError *error = NULL;

	g_assert_true(cluster_pin(site->state, 1, NULL));
	site_segment_write(site, &(struct site_segment){SEGMENT});
	assert_refused(site_push(site, SEGMENT, &error), error, ODR_ERROR_REFUSED,
		       "this is another cluster", "make a service of its own");
}

static void test_takes_others_along(struct site *site, const void *data)
{
	GError *error = NULL;

	for (int i = 4; i <= 9; i++) {
		g_autofree char *name = g_strdup_printf("00000001000000000000000%d", i);

		site_segment_write(site, &(struct site_segment){name});
		site_ready(site, name);
	}
	/* Neither of these decides about the requested one. */
	site_segment_write(site, &(struct site_segment){SEGMENT_6, .size = 100});
	site_ready(site, "00000001000000000000000A");
	site_ready(site, HISTORY_2);
	site_push_from(site, site->wal, SEGMENT, 3, &error);
	g_assert_no_error(error);

	static const struct {
		const char *name;
		unsigned held;
	} after[] = {
		{"000000010000000000000004", 0},
		{SEGMENT, 1},
		{SEGMENT_6, 0},
		{SEGMENT_7, 1},
		{"000000010000000000000008", 1},
		{"000000010000000000000009", 0},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(after); i++)
		g_assert_cmpuint(site_held(site, 1, after[i].name, NULL), ==, after[i].held);
	site_hide(site, 0);
	site_pushed(site, SEGMENT_7);
}

/* Content of another kind under the same name is refused once it is read: that it is not, where the file is
 * said to be as it was, shows that nothing was read. */
static void test_taken_along_is_not_read_again(struct site *site, const void *data)
{
	g_autofree char *journal = g_build_filename(site->state, "wal", NULL);
	g_autofree char *path = g_build_filename(site->wal, SEGMENT_6, NULL);
	g_autoptr(GPtrArray) records = NULL, lines = g_ptr_array_new_with_free_func(g_free);
	WalSource source = {.name = SEGMENT_6, .read_at = clock_now() + USEC_PER_MIN};
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_segment_write(site, &(struct site_segment){SEGMENT_6});
	site_ready(site, SEGMENT_6);
	g_assert_true(site_push_from(site, site->wal, SEGMENT, 3, &error));
	site_segment_write(site, &(struct site_segment){SEGMENT_6, .filling = 1});
	assert_refused(site_push(site, SEGMENT_6, &error), error, ODR_ERROR_EXISTS, SEGMENT_6);

	g_assert_true(wal_journal_find(journal, SEGMENT_6, &records, &error));
	g_assert_cmpuint(records->len, ==, SITE_REPOS);
	memcpy(source.digest, ((struct wal_record *)records->pdata[0])->digest, XXH128_SIZE);
	g_assert_cmpint(stat(path, &source.status), ==, 0);
	g_ptr_array_add(lines, archive_taken_line(&source));
	archive_taken_save(journal, lines);
	site_pushed(site, SEGMENT_6);

	/* Durable is only what the journal has. */
	g_autofree char *lost = g_build_filename(journal, "0000000100000000", NULL);

	g_assert_cmpint(g_unlink(lost), ==, 0);
	site_pushed(site, SEGMENT_6);
	g_assert_cmpuint(site_held(site, 0, SEGMENT_6, NULL), ==, 2);
}

static void test_requested_decides(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT, .system = 1});
	site_segment_write(site, &(struct site_segment){SEGMENT_6});
	site_ready(site, SEGMENT_6);
	assert_refused(site_push_from(site, site->wal, SEGMENT, 3, &error), error,
		       ODR_ERROR_CORRUPT, SEGMENT);
}

static void test_pieces(struct site *site, const void *data)
{
	g_autoptr(GPtrArray) held = NULL;
	GError *error = NULL;
	bool found;

	site_control(site, 64 * MIB);
	site_segment_write(site, &(struct site_segment){SEGMENT, .segment_size = 64 * MIB});
	site_pushed(site, SEGMENT);
	g_assert_true(wal_find(site->repos[0], SEGMENT, &held, &error));
	g_assert_cmpuint(((struct wal_held *)held->pdata[0])->locals->len, ==, 2);
	g_assert_true(site_get(site, SEGMENT, &found, &error));
	g_assert_true(found);
	assert_same_file(site->wal, SEGMENT, site->out);
}

/* Readers would refuse it; what was durable before stays durable. */
static void test_ended_endorsement(struct site *site, const void *data)
{
	GError *error = NULL;

	site_segment_write(site, &(struct site_segment){SEGMENT});
	site_pushed(site, SEGMENT);
	bundle_free(site->bundle);
	site->bundle = bundle_new(site->owner, KEY_ROLE_WRITER, clock_now() - 2 * USEC_PER_DAY,
				  USEC_PER_DAY, site->recipients);
	site_pushed(site, SEGMENT);
	site_segment_write(site, &(struct site_segment){SEGMENT_6});
	g_assert_false(site_push(site, SEGMENT_6, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_assert_nonnull(strstr(error->message, "odrbackup key endorse"));
	g_clear_error(&error);
	g_assert_cmpuint(site_held(site, 0, SEGMENT_6, NULL), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	SITE_TEST("/archive/push/is-durable-in-every-repository", test_durable_everywhere);
	SITE_TEST("/archive/push/takes-the-path-that-postgresql-gives", test_relative_path);
	SITE_TEST("/archive/push/a-duplicate-needs-no-repository",
		  test_duplicate_needs_no_repository);
	SITE_TEST("/archive/push/refuses-other-content-of-the-same-name",
		  test_other_content_is_refused);
	SITE_TEST("/archive/push/what-was-taken-along-is-not-read-again",
		  test_taken_along_is_not_read_again);
	SITE_TEST("/archive/push/a-lost-journal-means-pushing-again", test_lost_journal);
	SITE_TEST("/archive/push/names-a-damaged-object-in-its-way",
		  test_damaged_object_in_the_way);
	SITE_TEST("/archive/push/a-renamed-repository-is-the-same", test_renamed);
	SITE_TEST("/archive/push/another-repository-of-the-name-is-another",
		  test_pointed_elsewhere);
	SITE_TEST("/archive/push/takes-over-the-journal-of-an-older-version", test_older_journal);
	SITE_TEST("/archive/push/a-missing-repository-does-not-keep-it-from-others",
		  test_one_repository_missing);
	SITE_TEST("/archive/push/refuses-a-folder-without-a-repository",
		  test_folder_without_repository);
	SITE_TEST("/archive/push/refuses-a-newer-repository", test_newer_repository);
	SITE_TEST("/archive/push/refuses-what-the-cluster-did-not-write", test_foreign_segments);
	SITE_TEST("/archive/push/takes-a-first-page-of-an-older-timeline",
		  test_older_timeline_inside);
	SITE_TEST("/archive/push/takes-history-backup-and-partial-files", test_other_kinds);
	SITE_TEST("/archive/push/refuses-a-second-history-of-a-timeline", test_second_history);
	SITE_TEST("/archive/push/refuses-unknown-names", test_unknown_names);
	SITE_TEST("/archive/push/names-a-missing-or-empty-file", test_missing_and_empty);
	SITE_TEST("/archive/push/without-data-directory-the-pin-counts",
		  test_without_data_directory);
	SITE_TEST("/archive/push/refuses-another-cluster", test_another_cluster);
	SITE_TEST("/archive/push/takes-ready-segments-along", test_takes_others_along);
	SITE_TEST("/archive/push/the-requested-file-decides", test_requested_decides);
	SITE_TEST("/archive/push/refuses-once-the-endorsement-has-ended", test_ended_endorsement);
	SITE_TEST("/archive/push/large-segments-become-pieces", test_pieces);
	return g_test_run();
}
