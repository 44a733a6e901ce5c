#include "ops/losses.h"

#include "ops/record.h"

static bool is_lost(GHashTable *losses, const char *folder, const char *name, usec_t stored_at)
{
	g_autofree char *whole = g_strconcat(folder, name, NULL);
	const struct catalog_loss *loss = g_hash_table_lookup(losses, whole);

	return loss && stored_at <= loss->found_at;
}

void losses_leave_out(GHashTable *losses, GPtrArray *sets, GPtrArray *files)
{
	if (g_hash_table_size(losses) == 0)
		return;
	for (guint i = sets->len; i-- > 0;) {
		const struct catalog_set *set = sets->pdata[i];

		if (is_lost(losses, "set/", set->set_id, set->stored_at))
			g_ptr_array_remove_index(sets, i);
	}
	for (guint i = files->len; i-- > 0;) {
		const struct catalog_wal *file = files->pdata[i];

		if (is_lost(losses, "wal/", file->file, file->stored_at))
			g_ptr_array_remove_index(files, i);
	}
}

/* Where all was never read back, what was stored was good then: all that was claimed by it is revised. */
static bool good_until(Catalog *catalog, const char *service, const char *repository, usec_t *time,
		       GError **error)
{
	g_autofree char *fact = record_read_back_fact(service, repository);
	g_autofree char *value = NULL;

	if (!catalog_fact(catalog, fact, &value, error))
		return false;
	*time = MAX(value ? g_ascii_strtoll(value, NULL, 10) : 0, 1);
	return true;
}

static bool record_falls(Catalog *catalog, const char *service, const char *repository,
			 const struct losses_found *found, GError **error)
{
	struct catalog_exposure fall = {.usable_at = clock_now()};
	struct recorded_wal wal;

	if (!good_until(catalog, service, repository, &fall.revises, error) ||
	    !record_wal_end(catalog, service, repository, &wal, error))
		return false;
	fall.recovery_point = recorded_wal_point(&wal);
	if (!catalog_exposure_fall(catalog, service, repository, PART_DATABASE, &fall, error))
		return false;
	/* What was captured since the check began is not among them. */
	fall.usable_at = found->found_at;
	for (guint i = 0; i < found->points->len; i++) {
		const struct status_point *point =
			&g_array_index(found->points, struct status_point, i);

		fall.recovery_point = point->point;
		if (!catalog_exposure_fall(catalog, service, repository, point->part, &fall, error))
			return false;
	}
	return true;
}

/* Before: what was archived until now counts as it was claimed. */
bool losses_record(Catalog *catalog, const char *service, const char *repository,
		   const struct losses_found *found, GError **error)
{
	return record_exposure(catalog, service, repository, error) &&
	       catalog_losses_replace(catalog, service, repository, found->losses, found->read_back,
				      error) &&
	       (found->losses->len == 0 ||
		record_falls(catalog, service, repository, found, error));
}
