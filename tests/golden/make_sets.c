/* The manifests of the golden repository, and a mark with its anchor. */
#include "make.h"

#include "repo/anchor.h"

static void expect_set(struct golden *golden, const char *set_id)
{
	g_autoptr(GList) paths =
		g_list_sort(g_hash_table_get_keys(golden->entries), (GCompareFunc)strcmp);

	for (GList *path = paths; path; path = path->next)
		golden_expect_entry(golden->expected, set_id,
				    g_hash_table_lookup(golden->entries, path->data),
				    g_hash_table_lookup(golden->content, path->data));
}

static struct set_part *make_part(const struct layer_ref *refs, unsigned count)
{
	struct set_part *part = g_new0(struct set_part, 1);

	part->part = g_strdup(PART_DATABASE);
	part->kind = g_strdup(count > 1 ? "incremental" : "full");
	part->generation = g_strdup(GENERATION);
	part->lock_until = LOCK_UNTIL;
	part->layers = g_array_new(FALSE, FALSE, sizeof(struct layer_ref));
	g_array_append_vals(part->layers, refs, count);
	part->files = 9;
	part->bytes = 2800000;
	part->stored = 123456;
	return part;
}

static struct set_wal *make_set_wal(const GPtrArray *objects)
{
	struct set_wal *wal = g_new0(struct set_wal, 1);

	wal->timeline = 1;
	wal->segment_size = SEGMENT_SIZE;
	wal->start = 0x4000028;
	wal->stop = 0x8000100;
	wal_segment_name(1, wal->start, SEGMENT_SIZE, wal->first);
	wal_segment_name(1, wal->stop - 1, SEGMENT_SIZE, wal->last);
	wal->objects = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < objects->len; i++)
		g_ptr_array_add(wal->objects, g_strdup(objects->pdata[i]));
	return wal;
}

void make_set(struct golden *golden, const char *set_id, const struct layer_ref *refs,
	      unsigned count, const GPtrArray *objects)
{
	Manifest *manifest = manifest_new(), *stored;
	g_autofree char *local = layout_set(set_id);
	json_t *database = json_object();
	GError *error = NULL;

	manifest->set_id = g_strdup(set_id);
	manifest->sequence = count;
	if (golden->last) {
		manifest->previous_set = g_strdup(golden->last->set_id);
		memcpy(manifest->previous_sha256, golden->last->sha256, SHA256_SIZE);
		manifest->previous_retain_until = golden->last->retain_until;
	}
	manifest->created = set_id_time(set_id);
	manifest->retain_until = manifest->created + 7 * USEC_PER_DAY;
	manifest->program = g_strdup("odrbackup 0.1.0");
	g_ptr_array_add(manifest->parts, make_part(refs, count));
	manifest->wal = make_set_wal(objects);
	manifest->started = manifest->created - USEC_PER_SEC;
	manifest->stopped = manifest->created;
	manifest->host = g_strdup("db1");
	manifest->label = g_strdup("golden");
	manifest->pg_major = 15;
	manifest->pg_version_num = 150014;
	manifest->system_identifier = SYSTEM;
	manifest->checksums = true;
	manifest->data_directory = g_strdup("/srv/\xff/main");
	manifest->backup_label =
		g_strdup("START WAL LOCATION: 0/4000028 (file 000000010000000000000001)\n"
			 "CHECKPOINT LOCATION: 0/4000060\nBACKUP METHOD: streamed\n"
			 "BACKUP FROM: primary\nSTART TIME: 2026-11-21 23:05:00 UTC\n"
			 "LABEL: golden\nSTART TIMELINE: 1\n");
	manifest->tablespace_map = g_strdup("16385 /srv/fast disk\n");
	json_set_int(database, "oid", 5);
	json_set_string(database, "name", "shop\xfe");
	json_array_append_new(manifest->databases, database);
	json_set_int(manifest->server, "max_connections", 100);
	damage_add(manifest->damaged, "pgdata/pg_tblspc/16385/PG_15_202209061/5/16386",
		   "1 page with a wrong checksum, block 1");

	GBytes *object = manifest_seal(manifest, golden->bundle, 1, &error);

	must(object != NULL, error);

	struct iovec part = {(void *)g_bytes_get_data(object, NULL), g_bytes_get_size(object)};

	must(repo_put(golden->repos->pdata[0], local, &part, 1, 0, NULL, &error) &&
		     manifest_parse(&golden->owner->service, golden->identity, set_id,
				    part.iov_base, part.iov_len, &stored, &error),
	     error);
	golden->last = stored;
	expect_set(golden, set_id);
}

static void put_object(const struct golden *golden, const char *local, GBytes *object,
		       GError *error)
{
	struct iovec part;

	must(object != NULL, error);
	part.iov_base = (void *)g_bytes_get_data(object, &part.iov_len);
	must(repo_put(golden->repos->pdata[0], local, &part, 1, 0, NULL, &error), error);
}

static void add_figure(Anchor *anchor, const char *query, enum anchor_basis basis,
		       const char *before, const char *after)
{
	struct anchor_figure *figure = anchor_figure_new(
		"shop", query, "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce");

	figure->basis = basis;
	figure->before = before ? json_loads(before, 0, NULL) : NULL;
	figure->after = after ? json_loads(after, 0, NULL) : NULL;
	figure->problem = before ? NULL : g_strdup("it did not end within 1 min");
	g_ptr_array_add(anchor->figures, figure);
}

void make_anchor(struct golden *golden)
{
	Mark *mark = g_new0(Mark, 1);
	GError *error = NULL;

	mark->made = STARTED + USEC_PER_DAY;
	mark->timeline = 1;
	mark->lsn = 0xc0000a0;
	mark->program = g_strdup("odrbackup 0.1.0");
	mark->name = g_strdup("month-end");
	mark->host = g_strdup("db1");
	mark->system_identifier = SYSTEM;

	GBytes *object = mark_seal(mark, golden->bundle, &error);
	Anchor *anchor = anchor_of_mark(mark);

	put_object(golden, layout_mark(mark->id), object, error);
	add_figure(anchor, "builtin/trial-balance.sql", ANCHOR_IDENTICAL,
		   "{\"columns\":[\"metric\",\"key\",\"n\",\"value\"],\"rows\":["
		   "[\"balance\",\"1000\",\"2\",\"12.50\"],[\"balance\",null,\"0\",\"0\"]]}",
		   NULL);
	add_figure(anchor, "weekly/orders.sql", ANCHOR_DIFFERENT,
		   "{\"columns\":[\"n\"],\"rows\":[[\"41\"]]}",
		   "{\"columns\":[\"n\"],\"rows\":[[\"42\"]]}");
	add_figure(anchor, "weekly/slow.sql", ANCHOR_UNKNOWN, NULL, NULL);
	object = anchor_seal(anchor, golden->bundle, &error);
	put_object(golden, layout_anchor(anchor->mark.id), object, error);
}
