#include "base/spool.h"

#include "base/error.h"
#include "base/file.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define TAIL_MAX ((size_t)1 << 20)

struct spool {
	char *folder;
	int fd;		  /* -1: all of it is in memory */
	uint64_t written; /* bytes in the file */
	GByteArray *tail; /* what follows them */
};

Spool *spool_new(const char *folder)
{
	Spool *spool = g_new0(Spool, 1);

	spool->folder = g_strdup(folder);
	spool->fd = -1;
	spool->tail = g_byte_array_new();
	return spool;
}

void spool_free(Spool *spool)
{
	if (!spool)
		return;
	if (spool->fd >= 0)
		close(spool->fd);
	g_byte_array_unref(spool->tail);
	g_free(spool->folder);
	g_free(spool);
}

static bool write_tail(Spool *spool, GError **error)
{
	if (spool->fd < 0)
		spool->fd = file_open_unnamed(spool->folder, error);
	if (spool->fd < 0 || !file_pwrite(spool->fd, spool->tail->data, spool->tail->len,
					  (off_t)spool->written, error))
		return odr_context(error, "cannot keep a list in '%s'", spool->folder);
	spool->written += spool->tail->len;
	g_byte_array_set_size(spool->tail, 0);
	return true;
}

bool spool_append(Spool *spool, const void *data, size_t size, GError **error)
{
	if (spool->tail->len > 0 && size > TAIL_MAX - MIN(spool->tail->len, TAIL_MAX) &&
	    !write_tail(spool, error))
		return false;
	g_byte_array_append(spool->tail, data, (guint)size);
	return true;
}

uint64_t spool_size(const Spool *spool)
{
	return spool->written + spool->tail->len;
}

bool spool_read(const Spool *spool, uint64_t offset, void *data, size_t size, GError **error)
{
	size_t in_file = offset < spool->written ? MIN(size, spool->written - offset) : 0;

	assert(offset + size <= spool_size(spool));
	if (in_file > 0) {
		ssize_t got = file_pread(spool->fd, data, in_file, (off_t)offset, error);

		if (got >= 0 && (size_t)got < in_file)
			odr_fail(error, ODR_ERROR_SYSTEM, "the file became shorter");
		if (got < 0 || (size_t)got < in_file)
			return odr_context(error, "cannot read a list in '%s'", spool->folder);
	}
	if (size > in_file)
		memcpy((uint8_t *)data + in_file,
		       spool->tail->data + (offset + in_file - spool->written), size - in_file);
	return true;
}
