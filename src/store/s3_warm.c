#include "store/s3_warm.h"

#include "base/task.h"
#include "store/s3_bucket.h"

static bool connect_once(void *data, GError **error)
{
	(void)error;
	s3_versioning_learn(data);
	return true;
}

void s3_warm_begin(struct s3_store *self, unsigned connections)
{
	unsigned count = MIN(connections, S3_WARM_MAX);

	for (unsigned i = 0; i < count; i++)
		self->warming[i] = task_start(connect_once, self, NULL);
}

void s3_warm_end(struct s3_store *self)
{
	for (unsigned i = 0; i < S3_WARM_MAX; i++)
		task_wait(g_steal_pointer(&self->warming[i]), NULL);
}
