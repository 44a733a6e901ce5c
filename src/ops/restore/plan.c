#include "ops/restore/restore.h"

#include "base/error.h"

#include <string.h>

void restore_plan_clear(struct restore_plan *plan)
{
	g_clear_pointer(&plan->point, g_free);
	g_clear_pointer(&plan->warnings, g_ptr_array_unref);
}

static void warn(struct restore_plan *plan, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void warn(struct restore_plan *plan, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(plan->warnings, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static const TimelineHistory *history_of(const struct restore_source *source, uint32_t timeline)
{
	for (guint i = 0; i < source->histories->len; i++) {
		const TimelineHistory *history = source->histories->pdata[i];

		if (history->timeline == timeline)
			return history;
	}
	return NULL;
}

static bool leads_to_mark(const TimelineHistory *history, const struct restore_target *target)
{
	return target->mark_timeline == 0 ||
	       timeline_reachable(history, target->mark_timeline, target->lsn);
}

/* The timeline to follow from a set: the one asked for, else the highest that descends from it. */
static const TimelineHistory *choose_history(const struct restore_source *source,
					     const struct restore_target *target,
					     const Manifest *manifest)
{
	const TimelineHistory *best = NULL;

	for (guint i = 0; i < source->histories->len; i++) {
		const TimelineHistory *history = source->histories->pdata[i];

		if (target->timeline != 0 && history->timeline != target->timeline)
			continue;
		if (timeline_reachable(history, manifest->wal->timeline, manifest->wal->stop) &&
		    leads_to_mark(history, target) && (!best || history->timeline > best->timeline))
			best = history;
	}
	return best;
}

/* Servers count 32 bits and call it a transaction's number; a set knows all 64. Either may be meant. */
static bool xid_precedes(uint64_t next, uint64_t target)
{
	if (next > UINT32_MAX && target <= UINT32_MAX)
		return (int32_t)((uint32_t)target - (uint32_t)next) >= 0;
	return next <= target;
}

static bool set_precedes_target(const struct restore_target *target, const Manifest *manifest)
{
	int64_t next_xid = 0;

	switch (target->type) {
	case RECOVERY_TIME:
		return manifest_part_stopped(manifest, PART_DATABASE) <= target->time;
	case RECOVERY_LSN:
		return manifest->wal->stop <= target->lsn;
	case RECOVERY_NAME:
		return target->mark_timeline == 0 || manifest->wal->stop <= target->lsn;
	case RECOVERY_XID:
		if (manifest->server)
			json_int_optional(manifest->server, "server", "next_xid", &next_xid, NULL);
		return xid_precedes((uint64_t)next_xid, g_ascii_strtoull(target->xid, NULL, 10));
	default:
		return true;
	}
}

/* When the last WAL of a timeline before end was stored. */
static usec_t stored_at_end(const GArray *ranges, uint32_t timeline, lsn_t end)
{
	usec_t stored = 0;

	for (guint i = 0; i < ranges->len; i++) {
		const struct wal_range *range = &g_array_index(ranges, struct wal_range, i);

		if (range->timeline == timeline && range->start < end && end <= range->end &&
		    range->last_stored > stored)
			stored = range->last_stored;
	}
	return stored;
}

static bool wal_behind(const GArray *ranges, uint32_t timeline, lsn_t end)
{
	for (guint i = 0; i < ranges->len; i++) {
		const struct wal_range *range = &g_array_index(ranges, struct wal_range, i);

		if (range->timeline == timeline && range->end > end)
			return true;
	}
	return false;
}

/* On the timeline that holds the position, or a later one of the history. */
static bool wal_behind_on(const GArray *ranges, const TimelineHistory *history, lsn_t end)
{
	for (guint i = 0; i < history->entries->len; i++) {
		const struct timeline_entry *entry =
			&g_array_index(history->entries, struct timeline_entry, i);

		if (entry->timeline >= timeline_at(history, end) &&
		    wal_behind(ranges, entry->timeline, end))
			return true;
	}
	return false;
}

/* missing: the segment at which unbroken WAL ends. */
static void describe_wal(const struct restore_source *source, const TimelineHistory *history,
			 struct restore_plan *plan, char missing[WAL_SEGMENT_NAME_SIZE])
{
	const struct set_wal *wal = plan->manifest->wal;

	plan->timeline = history->timeline;
	plan->wal_start = wal->start;
	plan->wal_end =
		wal_ranges_end(source->ranges, history, wal->start, wal->segment_size, missing);
	uint32_t last_timeline = timeline_at(history, plan->wal_end - 1);

	plan->wal_end_stored = stored_at_end(source->ranges, last_timeline, plan->wal_end);
	g_strlcpy(plan->first_segment, wal->first, sizeof(plan->first_segment));
	wal_segment_name(last_timeline, plan->wal_end - 1, wal->segment_size, plan->last_segment);
	plan->segments = wal_segment_number_of_end(plan->wal_end, wal->segment_size) -
			 wal->start / wal->segment_size + 1;
	plan->missing[0] = '\0';
	if (wal_behind_on(source->ranges, history, plan->wal_end))
		g_strlcpy(plan->missing, missing, sizeof(plan->missing));
}

/* A set without its own WAL cannot become consistent. */
static bool wal_is_whole(const struct restore_plan *plan)
{
	return plan->wal_end >= plan->manifest->wal->stop;
}

static bool set_is_asked_for(const struct restore_target *target, const Manifest *manifest)
{
	return !target->set || strcmp(target->set, "auto") == 0 ||
	       strcmp(target->set, "latest") == 0 || strcmp(target->set, "oldest") == 0 ||
	       strcmp(target->set, manifest->set_id) == 0;
}

static bool has_database(const Manifest *manifest)
{
	return manifest->wal && manifest_part(manifest, PART_DATABASE);
}

static bool candidate(const struct restore_source *source, const struct restore_target *target,
		      const Manifest *manifest, struct restore_plan *plan)
{
	char missing[WAL_SEGMENT_NAME_SIZE] = "";
	const TimelineHistory *history;

	if (!has_database(manifest) || !set_is_asked_for(target, manifest))
		return false;
	if (!manifest->has_sealed) {
		warn(plan, "set %s cannot be used: this key does not open it", manifest->set_id);
		return false;
	}
	if (!set_precedes_target(target, manifest))
		return false;
	history = choose_history(source, target, manifest);
	if (!history) {
		warn(plan, "set %s lies on timeline %u, which does not lead to the timeline wanted",
		     manifest->set_id, manifest->wal->timeline);
		return false;
	}
	plan->manifest = manifest;
	describe_wal(source, history, plan, missing);
	if (wal_is_whole(plan))
		return true;
	warn(plan, "set %s cannot be used: of its WAL, segment %s is missing", manifest->set_id,
	     missing);
	plan->manifest = NULL;
	return false;
}

static bool choose_set(const struct restore_source *source, const struct restore_target *target,
		       struct restore_plan *plan)
{
	guint count = source->manifests->len;
	bool oldest = g_strcmp0(target->set, "oldest") == 0;

	for (guint i = 0; i < count; i++)
		if (candidate(source, target, source->manifests->pdata[oldest ? i : count - 1 - i],
			      plan))
			return true;
	return false;
}

static const Manifest *find_set(const struct restore_source *source, const char *set_id)
{
	for (guint i = 0; i < source->manifests->len; i++) {
		const Manifest *manifest = source->manifests->pdata[i];

		if (strcmp(manifest->set_id, set_id) == 0)
			return manifest;
	}
	return NULL;
}

static char *mark_text(const struct restore_target *target)
{
	g_autofree char *lsn = lsn_print(target->lsn);
	g_autofree char *time = clock_format(target->time - target->time % USEC_PER_SEC);

	if (target->mark_timeline == 0)
		return g_strdup_printf("restore point '%s'", target->name);
	return g_strdup_printf("mark '%s' of %s, at %s", target->name, time, lsn);
}

static char *target_text(const struct restore_target *target)
{
	switch (target->type) {
	case RECOVERY_TIME:
		return clock_format(target->time);
	case RECOVERY_LSN:
		return lsn_print(target->lsn);
	case RECOVERY_XID:
		return g_strdup_printf("transaction %s", target->xid);
	case RECOVERY_NAME:
		return mark_text(target);
	default:
		return g_strdup(recovery_type_name(target->type));
	}
}

static const Manifest *oldest_database_set(const struct restore_source *source)
{
	for (guint i = 0; i < source->manifests->len; i++)
		if (has_database(source->manifests->pdata[i]))
			return source->manifests->pdata[i];
	return NULL;
}

static bool key_opens_any(const struct restore_source *source, const struct restore_target *target)
{
	for (guint i = 0; i < source->manifests->len; i++) {
		const Manifest *manifest = source->manifests->pdata[i];

		if (manifest->has_sealed && set_is_asked_for(target, manifest))
			return true;
	}
	return false;
}

/* Why no set serves, and what could be reached instead. */
static bool nothing_serves(const struct restore_source *source, const struct restore_target *target,
			   const struct restore_plan *plan, GError **error)
{
	g_autofree char *wanted = target_text(target);
	const char *reason =
		plan->warnings->len ? plan->warnings->pdata[plan->warnings->len - 1] : NULL;

	if (source->manifests->len == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"the repository holds no set of this service");
	if (target->timeline != 0 && !history_of(source, target->timeline))
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"the archive has no history file of timeline %u", target->timeline);
	if (target->set && !set_id_valid(target->set) && strcmp(target->set, "auto") != 0 &&
	    strcmp(target->set, "latest") != 0 && strcmp(target->set, "oldest") != 0)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is not a set id", target->set);
	if (target->set && set_id_valid(target->set)) {
		const Manifest *manifest = find_set(source, target->set);

		if (!manifest)
			return odr_fail(error, ODR_ERROR_NOT_FOUND,
					"there is no set %s; odrbackup list shows what there is",
					target->set);
		if (!reason)
			return odr_fail(error, ODR_ERROR_NOT_FOUND,
					"set %s ends after the target %s; leave --set out, or "
					"choose an older one",
					target->set, wanted);
	}
	if (reason)
		return odr_fail(
			error, key_opens_any(source, target) ? ODR_ERROR_NOT_FOUND : ODR_ERROR_AUTH,
			"%s", reason);

	const Manifest *first = oldest_database_set(source);

	if (!first)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no set of this service in the repository has a database");
	g_autofree char *time = clock_format(manifest_part_stopped(first, PART_DATABASE));
	g_autofree char *lsn = lsn_print(first->wal->stop);

	return odr_fail(error, ODR_ERROR_NOT_FOUND,
			"no set ends before %s: the first moment that can be reached is %s, at %s",
			wanted, time, lsn);
}

/* Another timeline of which WAL was stored later than the end of the one that is followed; 0: none. */
static uint32_t later_timeline(const struct restore_source *source, const struct restore_plan *plan)
{
	usec_t latest = plan->wal_end_stored;
	uint32_t timeline = 0;

	for (guint i = 0; i < source->ranges->len; i++) {
		const struct wal_range *range = &g_array_index(source->ranges, struct wal_range, i);

		if (range->timeline == plan->timeline || range->last_stored <= latest)
			continue;
		timeline = range->timeline;
		latest = range->last_stored;
	}
	return timeline;
}

static bool target_is_archived(const struct restore_source *source,
			       const struct restore_target *target, const struct restore_plan *plan,
			       GError **error)
{
	g_autofree char *wanted = target_text(target);
	g_autofree char *end = lsn_print(plan->wal_end);
	g_autofree char *stored = clock_format(plan->wal_end_stored);
	const char *gap = plan->missing[0] ? plan->missing : NULL;
	uint32_t other = target->timeline == 0 ? later_timeline(source, plan) : 0;
	g_autofree char *hint =
		other == 0 ? g_strdup("")
			   : g_strdup_printf(". Timeline %u, which recovery does not follow, was "
					     "archived later: if it is meant, give "
					     "--target-timeline %u",
					     other, other);

	/* The server stops at a record that begins at or behind the position: there must be one. */
	if ((target->type == RECOVERY_LSN && target->lsn >= plan->wal_end) ||
	    (target->mark_timeline != 0 && target->lsn > plan->wal_end) ||
	    (target->type == RECOVERY_TIME && target->time > plan->wal_end_stored)) {
		if (gap)
			return odr_fail(error, ODR_ERROR_NOT_FOUND,
					"%s cannot be reached: WAL segment %s is missing, and the "
					"WAL before it ends at %s, stored %s%s",
					wanted, gap, end, stored, hint);
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"%s lies behind the last moment that can be reached: the archived "
				"WAL ends at %s, stored %s%s",
				wanted, end, stored, hint);
	}
	return true;
}

/* Where the followed history leaves a timeline; UINT64_MAX for those it is not on. */
static lsn_t left_at(const TimelineHistory *followed, uint32_t timeline)
{
	for (guint i = 0; i < followed->entries->len; i++) {
		const struct timeline_entry *entry =
			&g_array_index(followed->entries, struct timeline_entry, i);

		if (entry->timeline == timeline)
			return entry->end;
	}
	return UINT64_MAX;
}

/* A timeline that goes on elsewhere from what the set holds: its WAL may be what is wanted. */
static void warn_of_other_timelines(const struct restore_source *source, struct restore_plan *plan)
{
	const struct set_wal *wal = plan->manifest->wal;
	const TimelineHistory *followed = history_of(source, plan->timeline);

	for (guint i = 0; i < source->histories->len; i++) {
		const TimelineHistory *other = source->histories->pdata[i];
		lsn_t left = left_at(followed, other->timeline);
		/* The segment of the switch belongs to both. */
		lsn_t from = left == UINT64_MAX
				     ? wal->stop
				     : (wal_segment_number_of_end(left, wal->segment_size) + 1) *
					       wal->segment_size;

		if (other->timeline != plan->timeline &&
		    timeline_reachable(other, wal->timeline, wal->stop) &&
		    wal_behind(source->ranges, other->timeline, from))
			warn(plan,
			     "timeline %u has WAL too; recovery follows timeline %u: if the target "
			     "is meant on the other, give --target-timeline %u",
			     other->timeline, plan->timeline, other->timeline);
	}
}

static void describe_point(const struct restore_source *source, const struct restore_target *target,
			   struct restore_plan *plan)
{
	g_autofree char *wanted = target_text(target);
	g_autofree char *end = lsn_print(plan->wal_end);
	g_autofree char *stored = clock_format(plan->wal_end_stored);
	g_autofree char *stop = lsn_print(plan->manifest->wal->stop);
	g_autofree char *stopped =
		clock_format(manifest_part_stopped(plan->manifest, PART_DATABASE));

	switch (target->type) {
	case RECOVERY_DEFAULT:
		plan->point = g_strdup_printf("the end of the archive: %s, stored %s", end, stored);
		break;
	case RECOVERY_STANDBY:
		plan->point = g_strdup_printf("a standby that follows the archive, now at %s", end);
		break;
	case RECOVERY_IMMEDIATE:
		plan->point = g_strdup_printf("the end of the set: %s, %s", stop, stopped);
		break;
	default:
		plan->point = g_strdup_printf("%s %s", target->exclusive ? "just before" : "up to",
					      wanted);
	}
	if (plan->missing[0])
		warn(plan,
		     "WAL segment %s is missing while later ones are there: recovery cannot go "
		     "beyond %s",
		     plan->missing, end);
	if (target->type == RECOVERY_NAME && target->mark_timeline == 0)
		warn(plan,
		     "whether the restore point was made after set %s shows only in its WAL: if "
		     "recovery does not find it, choose an older set with --set",
		     plan->manifest->set_id);
	if (target->timeline == 0 && target->type != RECOVERY_IMMEDIATE)
		warn_of_other_timelines(source, plan);
}

bool restore_plan(const struct restore_source *source, const struct restore_target *target,
		  struct restore_plan *result, GError **error)
{
	struct restore_plan plan = {.warnings = g_ptr_array_new_with_free_func(g_free)};

	if (!choose_set(source, target, &plan)) {
		nothing_serves(source, target, &plan, error);
		restore_plan_clear(&plan);
		return false;
	}
	if (!target_is_archived(source, target, &plan, error)) {
		restore_plan_clear(&plan);
		return false;
	}
	describe_point(source, target, &plan);
	*result = plan;
	return true;
}
