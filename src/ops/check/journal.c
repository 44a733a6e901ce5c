/* Whether what the journal of WAL says is durable is there. */
#include "ops/check/check.h"

#include "repo/wal_held.h"

#include <string.h>

#define POSITION_AT 8 /* in a segment's name: behind the timeline */

/* The first segment of the set whose WAL begins first, on whatever timeline: what lies before it may have
 * expired, and where there is no set with WAL, nothing is needed. NULL: none. */
static const char *floor_of(const GPtrArray *manifests)
{
	const char *floor = NULL;

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];
		const char *first = manifest->wal ? manifest->wal->first : NULL;

		if (first && (!floor || strcmp(first + POSITION_AT, floor + POSITION_AT) < 0))
			floor = first;
	}
	return floor;
}

static bool is_due(const char *file, const char *floor)
{
	switch (wal_file_kind(file, NULL)) {
	case WAL_FILE_UNKNOWN:
		return false;
	case WAL_FILE_HISTORY:
		return true;
	default:
		return strncmp(file + POSITION_AT, floor + POSITION_AT,
			       WAL_SEGMENT_NAME_SIZE - 1 - POSITION_AT) >= 0;
	}
}

/* By name and content: another content of the same name is not what was made durable. */
static GHashTable *contents_of(const GPtrArray *held)
{
	GHashTable *contents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < held->len; i++) {
		const struct wal_held *one = held->pdata[i];

		if (one->complete)
			g_hash_table_add(contents, layout_wal(one->file, one->digest));
	}
	return contents;
}

static void add_missing(const GPtrArray *files, const char *where, GPtrArray *findings)
{
	struct finding *finding = findings_add(
		findings, FINDING_CRITICAL, "wal.lost", where,
		g_strdup_printf("of the WAL that this host archived there, %u file%s missing, the "
				"first is %s: recovery cannot pass it",
				files->len, files->len == 1 ? " is" : "s are",
				(const char *)files->pdata[0]),
		g_strdup("find out who changed the repository; copy what is missing from "
			 "another repository if there is one, and make a new backup"));

	finding->kind = FINDING_CORRUPTION;
	for (guint i = 0; i < files->len; i++) {
		g_autofree char *name = g_strconcat("wal/", files->pdata[i], NULL);

		finding_add_lost(finding, name);
	}
}

void check_journal(const struct check_journaled *journaled, const char *where, GPtrArray *findings)
{
	g_autoptr(GHashTable) contents = contents_of(journaled->held);
	g_autoptr(GPtrArray) missing = g_ptr_array_new();
	const char *floor = floor_of(journaled->manifests);
	unsigned due = 0;

	for (guint i = 0; floor && i < journaled->records->len; i++) {
		const struct wal_record *record = journaled->records->pdata[i];
		g_autofree char *local = layout_wal(record->file, record->digest);

		if (!wal_record_is_of(record, &journaled->repository) ||
		    !is_due(record->file, floor))
			continue;
		due++;
		if (!g_hash_table_contains(contents, local))
			g_ptr_array_add(missing, record->file);
	}
	if (missing->len > 0)
		add_missing(missing, where, findings);
	else if (due > 0)
		findings_add(findings, FINDING_OK, "wal.archived", where,
			     g_strdup_printf("all WAL that this host archived there is there (%u "
					     "file%s)",
					     due, due == 1 ? "" : "s"),
			     NULL);
}
