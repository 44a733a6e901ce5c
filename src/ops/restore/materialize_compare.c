#include "ops/restore/materialize.h"

#include "base/file.h"
#include "base/pool.h"
#include "ops/attributes.h"
#include "ops/content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct comparing {
	const struct materialize_comparison *what;
	bool *kept;
};

struct worker {
	uint8_t *buffer;    /* CONTENT_BLOCK_SIZE */
	Accounts *accounts; /* NULL: owners stay */
};

static bool worker_begin(void *shared, unsigned number, void **context, GError **error)
{
	const struct comparing *comparing = shared;
	struct worker *worker = g_new0(struct worker, 1);

	(void)number, (void)error;
	worker->buffer = g_malloc(CONTENT_BLOCK_SIZE);
	if (comparing->what->settings->set_owner)
		worker->accounts = accounts_new();
	*context = worker;
	return true;
}

static bool worker_end(void *shared, void *context, bool finished, GError **error)
{
	struct worker *worker = context;

	(void)shared, (void)finished, (void)error;
	accounts_free(worker->accounts);
	g_free(worker->buffer);
	g_free(worker);
	return true;
}

static bool has_content(const struct worker *worker, uint64_t seed, int fd,
			const struct layer_entry *entry)
{
	struct content content = {
		.fd = fd, .size = entry->size, .digest_seed = seed, .buffer = worker->buffer};
	uint8_t digest[XXH128_SIZE];
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       (uint64_t)status.st_size == entry->size && content_digest(&content, digest, NULL) &&
	       memcmp(digest, entry->digest, XXH128_SIZE) == 0;
}

static bool compare_file(const struct comparing *comparing, const struct worker *worker,
			 const struct layer_entry *entry, bool *kept, GError **error)
{
	const struct materialize_comparison *what = comparing->what;
	g_autofree char *path = entry->kind == ENTRY_FILE ? what->path_of(what->data, entry) : NULL;
	bool done = true;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (fd < 0)
		return true; /* not there, or not a file: it will be written */
	if (has_content(worker, what->settings->digest_seed, fd, entry)) {
		done = attributes_apply(fd, path, entry, worker->accounts, error);
		*kept = done;
	}
	close(fd);
	return done;
}

static bool compare_block(void *shared, void *context, size_t number, GError **error)
{
	const struct comparing *comparing = shared;
	struct entry_block block;
	bool done = true;

	if (!entry_list_block(comparing->what->entries, number, &block, error))
		return false;
	for (guint i = 0; done && i < block.entries->len; i++)
		done = compare_file(comparing, context, block.entries->pdata[i],
				    &comparing->kept[block.first + i], error);
	entry_block_clear(&block);
	return done;
}

bool materialize_compare(const struct materialize_comparison *comparison, bool *kept,
			 GError **error)
{
	struct comparing comparing = {.what = comparison, .kept = kept};

	return pool_run(&(struct pool_work){.workers = comparison->settings->workers,
					    .jobs = entry_list_blocks(comparison->entries),
					    .shared = &comparing,
					    .begin = worker_begin,
					    .run = compare_block,
					    .end = worker_end},
			error);
}
