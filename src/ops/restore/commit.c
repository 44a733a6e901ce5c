#include "ops/restore/restore.h"

#include "base/error.h"
#include "pg/wal_commit.h"
#include "repo/wal_held.h"

#include <string.h>

/* So much WAL is looked through at most; so far a record may reach into the next segment. */
#define LOOK_MAX ((uint64_t)128 << 20)
#define REACH	 ((size_t)1 << 20)

static const TimelineHistory *followed(const struct restore_proof *proof,
				       const struct restore_plan *plan)
{
	const GPtrArray *histories = proof->source->histories;

	for (guint i = 0; i < histories->len; i++)
		if (((const TimelineHistory *)histories->pdata[i])->timeline == plan->timeline)
			return histories->pdata[i];
	return NULL;
}

static const struct wal_held *whole_file(const GPtrArray *held, const char *file)
{
	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];

		if (one->complete && strcmp(one->file, file) == 0)
			return one;
	}
	return NULL;
}

static bool fetch(const struct restore_proof *proof, const char *file, GByteArray **content,
		  GError **error)
{
	g_autoptr(GPtrArray) found = NULL;
	const struct wal_held *one;

	if (!proof->held && !wal_find(proof->repo, file, &found, error))
		return false;
	one = whole_file(proof->held ? proof->held : found, file);
	if (one)
		return wal_fetch(proof->repo, proof->identity, one, 1, content, NULL, error);
	return odr_fail(error, ODR_ERROR_TRANSIENT, "WAL segment %s is gone since it was listed",
			file);
}

/* Backwards from the end of the archive, until a transaction ends in a segment. *whole: all was seen. */
static bool look_back(const struct restore_proof *proof, struct restore_plan *plan, bool *whole,
		      GError **error)
{
	uint32_t size = plan->manifest->wal->segment_size;
	const TimelineHistory *history = followed(proof, plan);
	g_autoptr(GByteArray) behind = g_byte_array_new();
	lsn_t end = plan->wal_end;

	for (uint64_t seen = size; end > plan->wal_start && seen <= LOOK_MAX; seen += size) {
		char file[WAL_SEGMENT_NAME_SIZE];
		g_autoptr(GByteArray) content = NULL;

		wal_segment_name(timeline_at(history, end - 1), end - 1, size, file);
		if (!fetch(proof, file, &content, error))
			return false;
		guint own = content->len;

		g_byte_array_append(content, behind->data, behind->len);
		struct wal_last last = wal_last_commit(content->data, content->len, own);

		plan->last_commit = last.time;
		plan->last_commit_lsn = last.lsn;
		if (last.time != 0)
			return true;
		g_byte_array_set_size(behind, 0);
		g_byte_array_append(behind, content->data, (guint)MIN(own, REACH));
		end = wal_segment_number_of_end(end, size) * size;
	}
	*whole = end <= plan->wal_start;
	return true;
}

static bool is_one_file(const GError *error)
{
	return odr_error_is(error, ODR_ERROR_CORRUPT) || odr_error_is(error, ODR_ERROR_REFUSED) ||
	       odr_error_is(error, ODR_ERROR_AUTH);
}

static bool judge_moment(const struct restore_target *target, const struct restore_plan *plan,
			 bool whole, GError **error)
{
	g_autofree char *wanted = clock_format(target->time);
	g_autofree char *last = clock_format(plan->last_commit);
	g_autofree char *end = lsn_print(plan->wal_end);

	if (plan->last_commit + target->exclusive > target->time)
		return true;
	if (plan->last_commit != 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"PostgreSQL cannot stop at %s: it stops at the first transaction "
				"that ended later, and the last one in the archive ended %s; leave "
				"out --type and --target: what the database held then is what it "
				"holds at the end of the archive, %s",
				wanted, last, end);
	if (whole)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"PostgreSQL cannot stop at %s: no transaction ended since the set "
				"was begun; leave out --type and --target: what the database held "
				"then is what it holds at the end of the archive, %s",
				wanted, end);
	g_ptr_array_add(
		plan->warnings,
		g_strdup("no transaction was found that ended after the target, for PostgreSQL to "
			 "stop at: if the log says 'recovery ended before configured recovery "
			 "target was reached', restore without --type and --target"));
	return true;
}

bool restore_plan_prove(const struct restore_proof *proof, struct restore_plan *plan,
			GError **error)
{
	const struct restore_target *target = proof->target;
	g_autoptr(GError) trouble = NULL;
	bool whole = false;

	if (target->type != RECOVERY_TIME && target->type != RECOVERY_DEFAULT)
		return true;
	if (!look_back(proof, plan, &whole, &trouble)) {
		if (!is_one_file(trouble)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		g_ptr_array_add(plan->warnings,
				g_strdup_printf("when the last transaction ended is not known: %s",
						trouble->message));
		return true;
	}
	return target->type != RECOVERY_TIME || judge_moment(target, plan, whole, error);
}
