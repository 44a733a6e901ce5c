#include "ops/materialize.h"

#include "base/file.h"
#include "base/pool.h"
#include "ops/attributes.h"
#include "ops/materialize_plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool materialize_digest(uint64_t seed, int fd, uint64_t size, uint8_t *buffer,
			uint8_t digest[XXH128_SIZE], GError **error)
{
	g_autofree uint8_t *digests = g_malloc(materialize_blocks(size) * XXH128_SIZE);

	for (uint64_t offset = 0, block = 0; offset < size || block == 0;
	     offset += CONTENT_BLOCK_SIZE, block++) {
		ssize_t got = file_pread(fd, buffer, (size_t)MIN(CONTENT_BLOCK_SIZE, size - offset),
					 (off_t)offset, error);

		if (got < 0)
			return false;
		xxh128(seed, buffer, (size_t)got, digests + block * XXH128_SIZE);
	}
	content_digest_join(seed, digests, materialize_blocks(size), digest);
	return true;
}

struct comparison {
	const struct materialize_settings *settings;
	const GPtrArray *files;
	bool *kept;
};

static bool compare_begin(void *shared, unsigned number, void **context, GError **error)
{
	(void)shared, (void)number, (void)error;
	*context = g_malloc(CONTENT_BLOCK_SIZE);
	return true;
}

static bool compare_end(void *shared, void *context, bool finished, GError **error)
{
	(void)shared, (void)finished, (void)error;
	g_free(context);
	return true;
}

static bool compare_file(void *shared, void *context, size_t number, GError **error)
{
	struct comparison *comparison = shared;
	const struct materialize_file *file = comparison->files->pdata[number];
	uint8_t digest[XXH128_SIZE];
	struct stat status;
	bool done = true;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return true; /* not there, or not a file: it will be written */
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (uint64_t)status.st_size == file->entry->size &&
	    materialize_digest(comparison->settings->digest_seed, fd, file->entry->size, context,
			       digest, NULL) &&
	    memcmp(digest, file->entry->digest, XXH128_SIZE) == 0) {
		done = attributes_apply(fd, file->path, file->entry,
					comparison->settings->set_owner, error);
		comparison->kept[number] = done;
	}
	close(fd);
	return done;
}

bool materialize_compare(const struct materialize_settings *settings, const GPtrArray *files,
			 bool *kept, GError **error)
{
	struct comparison comparison = {.settings = settings, .files = files, .kept = kept};

	return pool_run(&(struct pool_work){.workers = settings->workers,
					    .jobs = files->len,
					    .shared = &comparison,
					    .begin = compare_begin,
					    .run = compare_file,
					    .end = compare_end},
			error);
}
