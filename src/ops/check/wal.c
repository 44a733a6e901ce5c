/* Whether each set has the WAL it cannot do without, and what else is odd about the archive. */
#include "ops/check/check.h"

#include "repo/wal_held.h"
#include "repo/wal_range.h"

#include <string.h>

static GHashTable *names_of(const GPtrArray *held)
{
	GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];

		for (guint j = 0; j < one->locals->len; j++)
			if (one->locals->pdata[j])
				g_hash_table_add(names, one->locals->pdata[j]);
	}
	return names;
}

/* Segments from start to stop that no complete object holds. */
static unsigned count_missing(const Manifest *manifest, GHashTable *files, char first[])
{
	const struct set_wal *wal = manifest->wal;
	uint64_t last = wal_segment_number_of_end(wal->stop, wal->segment_size);
	unsigned missing = 0;

	for (uint64_t number = wal->start / wal->segment_size; number <= last; number++) {
		char name[WAL_SEGMENT_NAME_SIZE];

		wal_segment_name(wal->timeline, number * wal->segment_size, wal->segment_size,
				 name);
		if (g_hash_table_contains(files, name))
			continue;
		if (missing++ == 0)
			g_strlcpy(first, name, WAL_SEGMENT_NAME_SIZE);
	}
	return missing;
}

/* Objects that manifests list may have gone with the sets before; start to stop never. */
static void check_set(const Manifest *manifest, GHashTable *files, const char *where,
		      GPtrArray *findings)
{
	char first[WAL_SEGMENT_NAME_SIZE] = "";
	unsigned missing = count_missing(manifest, files, first);

	if (missing == 0)
		return;

	g_autofree char *local = layout_set(manifest->set_id);
	struct finding *finding = findings_add(
		findings, FINDING_CRITICAL, "set.wal", where,
		g_strdup_printf("set %s cannot be recovered: of its WAL, %u segment%s "
				"missing, the first is %s",
				manifest->set_id, missing, missing == 1 ? " is" : "s are", first),
		g_strdup("use another set or repository, and make a new backup now"));

	finding->kind = FINDING_CORRUPTION;
	finding_add_lost(finding, local);
}

static void check_listed(const GPtrArray *manifests, GHashTable *names, const char *where,
			 GPtrArray *findings)
{
	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];
		const char *first = NULL;
		unsigned missing = 0;

		for (guint j = 0; manifest->wal && j < manifest->wal->objects->len; j++) {
			const char *local = manifest->wal->objects->pdata[j];

			if (g_hash_table_contains(names, local))
				continue;
			missing++;
			first = first ? first : local;
		}
		/* Those from before the oldest set that is left have expired. */
		if (missing > 0 && i > 0)
			findings_add(findings, FINDING_WARNING, "set.wal-listed", where,
				     g_strdup_printf("of the WAL objects that set %s lists, %u %s "
						     "missing, the first is '%s'",
						     manifest->set_id, missing,
						     missing == 1 ? "is" : "are", first),
				     NULL);
	}
}

/* Two contents under one segment's name: a reader has to choose. */
static void check_conflicts(const GPtrArray *held, const char *where, GPtrArray *findings)
{
	for (guint i = 0; i + 1 < held->len; i++) {
		const struct wal_held *one = held->pdata[i], *two = held->pdata[i + 1];

		if (one->complete && two->complete && strcmp(one->file, two->file) == 0)
			findings_add(findings, FINDING_WARNING, "wal.conflict", where,
				     g_strdup_printf("WAL file %s is there with two contents",
						     one->file),
				     g_strdup("two servers archive to one service, or one was "
					      "restored with its archiving on: give each a service "
					      "of its own"));
	}
}

static GHashTable *files_of(const GPtrArray *held)
{
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];

		if (one->complete)
			g_hash_table_add(files, one->file);
	}
	return files;
}

void check_wal(const GPtrArray *manifests, const GPtrArray *held, const char *where,
	       GPtrArray *findings)
{
	g_autoptr(GHashTable) files = files_of(held);
	g_autoptr(GHashTable) names = names_of(held);
	guint before = findings->len;
	g_autofree char *files_text = count_format(held->len, "file");

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];

		if (manifest->wal)
			check_set(manifest, files, where, findings);
	}
	check_listed(manifests, names, where, findings);
	check_conflicts(held, where, findings);
	if (findings->len == before && manifests->len > 0)
		findings_add(findings, FINDING_OK, "wal.there", where,
			     g_strdup_printf("every set has its WAL (%s)", files_text), NULL);
}
