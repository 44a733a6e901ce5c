#ifndef ODR_TEST_REPO_SAMPLE_H
#define ODR_TEST_REPO_SAMPLE_H

#include "repo/manifest.h"

#include <string.h>

#define SAMPLE_SEGMENT_SIZE (16u << 20)

static inline struct set_part *sample_part(const char *name, unsigned layers)
{
	struct set_part *part = g_new0(struct set_part, 1);

	part->part = g_strdup(name);
	part->kind = g_strdup(layers > 1 ? "incremental" : "full");
	part->generation = g_strdup("20270131-00112233445566ff");
	part->lock_until = 1801612799999999;
	part->started = 1795561402000003;
	part->stopped = 1795561499000004;
	part->layers = g_array_new(FALSE, FALSE, sizeof(struct layer_ref));
	for (unsigned i = 0; i < layers; i++) {
		struct layer_ref ref = {.root = {1, i}, .root_size = 1000 + i, .table = {2, i}};

		g_array_append_val(part->layers, ref);
	}
	part->files = 12345;
	part->bytes = 10995116277760;
	part->stored = 33554432;
	return part;
}

static inline struct set_wal *sample_wal(void)
{
	struct set_wal *wal = g_new0(struct set_wal, 1);

	wal->timeline = 2;
	wal->segment_size = SAMPLE_SEGMENT_SIZE;
	wal->start = 0x5000028;
	wal->stop = 0x8000000;
	wal_segment_name(2, wal->start, wal->segment_size, wal->first);
	wal_segment_name(2, wal->stop - 1, wal->segment_size, wal->last);
	wal->objects = g_ptr_array_new_with_free_func(g_free);
	for (unsigned i = 5; i <= 7; i++)
		g_ptr_array_add(wal->objects,
				g_strdup_printf("wal/00000002/00000002000000000000000%u-"
						"00112233445566778899aabbccddeeff",
						i));
	return wal;
}

/* A set with all its members, first of its chain. Text that is not UTF-8 among them. */
static inline Manifest *sample_manifest(const char *set_id)
{
	Manifest *manifest = manifest_new();
	json_t *database = json_object(), *files = json_object();

	manifest->set_id = g_strdup(set_id);
	manifest->sequence = 1;
	manifest->created = 1795561501123456;
	manifest->retain_until = 1798239901123457;
	manifest->program = g_strdup("odrbackup 0.1.0");
	g_ptr_array_add(manifest->parts, sample_part(PART_DATABASE, 3));
	g_ptr_array_add(manifest->parts, sample_part(PART_FILESTORE, LAYERS_MAX));
	g_ptr_array_add(manifest->parts, sample_part(PART_CONFIG, 1));
	manifest->wal = sample_wal();
	manifest->started = 1795561401000001;
	manifest->stopped = 1795561501000002;
	manifest->host = g_strdup("host-of-the-database");
	manifest->label = g_strdup("nightly \xe9t\xe9");
	manifest->pg_major = 15;
	manifest->pg_version_num = 150014;
	manifest->system_identifier = 18446744073709551615u;
	manifest->checksums = true;
	manifest->data_directory = g_strdup("/srv/\xff/main");
	manifest->backup_label = g_strdup("START WAL LOCATION: 0/5000028 (file …)\n");
	manifest->tablespace_map = g_strdup("16385 /srv/fast\\\ndisk\n");
	json_set_int(database, "oid", 16384);
	json_set_string(database, "name", "shop\xfe");
	json_array_append_new(manifest->databases, database);
	json_set_int(manifest->server, "max_connections", 100);
	json_set_string(files, "root", "/srv/files");
	json_set(manifest->facts, PART_FILESTORE, files);
	damage_add(manifest->damaged, "pgdata/base/16384/16400",
		   "3 pages with a wrong checksum, the first is block 17");
	return manifest;
}

static inline GBytes *sample_seal(const Manifest *manifest, const Bundle *bundle)
{
	g_autoptr(GError) error = NULL;
	GBytes *object = manifest_seal(manifest, bundle, 1, &error);

	g_assert_no_error(error);
	return object;
}

#endif
