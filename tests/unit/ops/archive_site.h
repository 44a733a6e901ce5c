#ifndef ODR_TEST_OPS_ARCHIVE_SITE_H
#define ODR_TEST_OPS_ARCHIVE_SITE_H

#include "../pg/control_file.h"
#include "base/error.h"
#include "base/file.h"
#include "crypto/secret.h"
#include "ops/archive/archive.h"
#include "ops/cluster.h"
#include "repo/repo.h"
#include "repo/wal_held.h"
#include "repo/wal_journal.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define MIB	   ((uint32_t)1 << 20)
#define SYSTEM	   7711944223782957749 /* as control_file_make has it */
#define SEGMENT	   "000000010000000000000005"
#define SEGMENT_6  "000000010000000000000006"
#define SEGMENT_7  "000000010000000000000007"
#define HISTORY_2  "00000002.history"
#define SITE_REPOS 2

/* A service with keys and two repositories, and a data directory of PostgreSQL 15, made by hand, with
 * segments of 1 MiB. */
struct site {
	char *folder, *pgdata, *wal, *state, *spool, *out;
	OwnerKey *owner;
	Identity *identity;
	Bundle *bundle;
	GPtrArray *recipients;
	char *paths[SITE_REPOS];
	struct store_settings stores[SITE_REPOS];
	Repo *repos[SITE_REPOS];
};

static inline void site_fatal(GError *error)
{
	g_assert_no_error(error);
}

static inline void site_write(const char *folder, const char *name, const void *data, size_t size)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	GError *error = NULL;

	file_write(path, data, size, NULL, &error);
	site_fatal(error);
}

static inline void site_control(struct site *site, uint32_t segment_size)
{
	g_autofree char *global = g_build_filename(site->pgdata, "global", NULL);
	uint8_t file[CONTROL_FILE_SIZE];

	control_file_make(file, &control_rows[2]);
	bytes_set_u32(file + 228, segment_size);
	control_file_sign(file, control_rows[2].crc_at);
	site_write(global, "pg_control", file, sizeof(file));
}

static inline void site_set_up(struct site *site, const void *data)
{
	static const char *const names[SITE_REPOS] = {"main", "offsite"};
	GError *error = NULL;

	(void)data;
	crypto_init(&error);
	site_fatal(error);
	site->folder = g_dir_make_tmp("odr-archive-XXXXXX", &error);
	site_fatal(error);
	site->pgdata = g_build_filename(site->folder, "pgdata", NULL);
	site->wal = g_build_filename(site->pgdata, "pg_wal", NULL);
	site->state = g_build_filename(site->folder, "state", NULL);
	site->spool = g_build_filename(site->folder, "spool", "wal", NULL);
	site->out = g_build_filename(site->folder, "out", NULL);

	g_autofree char *status = g_build_filename(site->wal, "archive_status", NULL);
	g_autofree char *global = g_build_filename(site->pgdata, "global", NULL);

	g_assert_cmpint(g_mkdir_with_parents(status, 0700), ==, 0);
	g_assert_cmpint(g_mkdir_with_parents(global, 0700), ==, 0);
	g_assert_cmpint(g_mkdir_with_parents(site->state, 0700), ==, 0);
	site_control(site, MIB);
	site->owner = owner_key_new("erp-prod");
	site->identity = identity_new(site->owner, "safe", RECIPIENT_SCOPE_ALL);
	site->recipients = g_ptr_array_new();
	g_ptr_array_add(site->recipients, &site->identity->recipient);
	site->bundle = bundle_new(site->owner, KEY_ROLE_WRITER, clock_now(), 0, site->recipients);
	for (int i = 0; i < SITE_REPOS; i++) {
		struct store_settings settings = {.name = names[i], .type = "posix"};
		Store *store;

		site->paths[i] = g_build_filename(site->folder, names[i], NULL);
		settings.path = site->paths[i];
		site->stores[i] = settings;
		settings.create = true;
		store = store_open(&settings, &error);
		site_fatal(error);
		repo_init(store, 0, &error);
		site_fatal(error);
		site->repos[i] = repo_new(store, &site->owner->service);
	}
}

static inline void site_tear_down(struct site *site, const void *data)
{
	(void)data;
	for (int i = 0; i < SITE_REPOS; i++) {
		repo_free(site->repos[i]);
		g_free(site->paths[i]);
	}
	bundle_free(site->bundle);
	identity_free(site->identity);
	owner_key_free(site->owner);
	g_ptr_array_unref(site->recipients);
	file_remove_tree(site->folder, NULL);
	g_free(site->folder);
	g_free(site->pgdata);
	g_free(site->wal);
	g_free(site->state);
	g_free(site->spool);
	g_free(site->out);
}

/* A segment's file: what the header says can be made wrong. */
struct site_segment {
	const char *name;
	uint64_t system;
	uint32_t size, segment_size, timeline;
	int address; /* added */
	uint16_t magic;
	uint8_t filling;
};
static inline void site_segment_write(struct site *site, const struct site_segment *wanted)
{
	uint32_t segment_size = wanted->segment_size ? wanted->segment_size : MIB;
	uint32_t size = wanted->size ? wanted->size : segment_size;
	g_autofree uint8_t *content = g_malloc(size);
	g_autofree char *name = g_strndup(wanted->name, WAL_SEGMENT_NAME_SIZE - 1);
	uint32_t timeline;
	lsn_t start;

	g_assert_true(wal_segment_parse(name, segment_size, &timeline, &start));
	for (uint32_t i = 0; i < size; i++)
		content[i] = (uint8_t)(i / 64 + wanted->filling);
	memset(content, 0, MIN(size, WAL_HEADER_SIZE));
	if (size >= WAL_HEADER_SIZE) {
		content[0] = (uint8_t)(wanted->magic ? wanted->magic : 0xD110);
		content[1] = 0xD1;
		content[2] = 0x06;
		bytes_set_u32(content + 4, wanted->timeline ? wanted->timeline : timeline);
		bytes_set_u64(content + 8, start + (uint64_t)wanted->address);
		bytes_set_u64(content + 24, wanted->system ? wanted->system : SYSTEM);
		bytes_set_u32(content + 32, segment_size);
		bytes_set_u32(content + 36, 8192);
	}
	site_write(site->wal, wanted->name, content, size);
}

static inline void site_ready(struct site *site, const char *name)
{
	g_autofree char *folder = g_build_filename(site->wal, "archive_status", NULL);
	g_autofree char *file = g_strconcat(name, ".ready", NULL);

	site_write(folder, file, "", 0);
}

static inline bool site_push_from(struct site *site, const char *folder, const char *name,
				  unsigned batch, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);

	return archive_push(&(struct archive_push_request){.repositories = site->stores,
							   .repository_count = SITE_REPOS,
							   .bundle = site->bundle,
							   .state = site->state,
							   .path = path,
							   .batch = batch,
							   .workers = 2,
							   .compress_level = 1},
			    error);
}

static inline bool site_push(struct site *site, const char *name, GError **error)
{
	return site_push_from(site, site->wal, name, 0, error);
}

static inline void site_pushed(struct site *site, const char *name)
{
	GError *error = NULL;

	site_push(site, name, &error);
	site_fatal(error);
}

static inline struct archive_get_request site_get_request(struct site *site, const char *file)
{
	return (struct archive_get_request){.repositories = site->stores,
					    .repository_count = SITE_REPOS,
					    .identity = site->identity,
					    .spool = site->spool,
					    .file = file,
					    .path = site->out,
					    .workers = 2};
}

static inline bool site_get(struct site *site, const char *file, bool *found, GError **error)
{
	struct archive_get_request request = site_get_request(site, file);
	enum archive_got got = ARCHIVE_NEEDS_SETS;
	bool good = archive_get(&request, &got, error);

	*found = got == ARCHIVE_GOT;
	return good;
}

/* How many objects of a file one repository holds, and the first one's path (g_free) if wanted. */
static inline unsigned site_held(struct site *site, int repo, const char *file, char **path)
{
	g_autoptr(GPtrArray) held = NULL;
	GError *error = NULL;

	wal_find(site->repos[repo], file, &held, &error);
	site_fatal(error);
	if (path && held->len > 0) {
		const struct wal_held *first = held->pdata[0];

		*path = g_build_filename(site->paths[repo], site->repos[repo]->service_hex,
					 first->locals->pdata[0], NULL);
	}
	return held->len;
}

/* Turns one byte of the object over. */
static inline void site_damage(struct site *site, int repo, const char *file)
{
	g_autofree char *path = NULL;
	g_autofree char *content = NULL;
	GError *error = NULL;
	gsize size;

	g_assert_cmpuint(site_held(site, repo, file, &path), >, 0);
	g_file_get_contents(path, &content, &size, &error);
	site_fatal(error);
	content[size / 2] ^= 1;
	g_file_set_contents_full(path, content, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
				 &error);
	site_fatal(error);
}

static inline void site_hide(struct site *site, int repo)
{
	g_autofree char *away = g_strconcat(site->paths[repo], ".away", NULL);

	g_assert_cmpint(g_rename(site->paths[repo], away), ==, 0);
}

static inline void site_bring_back(struct site *site, int repo)
{
	g_autofree char *away = g_strconcat(site->paths[repo], ".away", NULL);

	g_assert_cmpint(g_rename(away, site->paths[repo]), ==, 0);
}

static inline void assert_same_file(const char *folder, const char *name, const char *other)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *one = NULL, *two = NULL;
	gsize one_size, two_size;

	g_assert_true(g_file_get_contents(path, &one, &one_size, NULL));
	g_assert_true(g_file_get_contents(other, &two, &two_size, NULL));
	g_assert_cmpmem(one, one_size, two, two_size);
}

/* Fails the test unless the call failed with this code and a message that contains all parts. */
#define assert_refused(result, error, wanted, ...)                \
 do {                                                             \
  const char *const parts[] = {__VA_ARGS__};                      \
  g_assert_false(result);                                         \
  g_assert_error(error, ODR_ERROR, wanted);                       \
  for (size_t part = 0; part < G_N_ELEMENTS(parts); part++)       \
   if (!strstr((error)->message, parts[part]))                    \
    g_error("'%s' is not in: %s", parts[part], (error)->message); \
  g_clear_error(&(error));                                        \
 } while (0)

#define SITE_TEST(path, function) \
 g_test_add(path, struct site, NULL, site_set_up, function, site_tear_down)

#endif
