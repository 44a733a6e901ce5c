/* The WAL of the golden repository. */
#include "make.h"

#include "repo/wal_object.h"

static char *make_wal(struct golden *golden, const char *file, const void *content, size_t size)
{
	Repo *repo = golden->repos->pdata[0];
	bool history = g_str_has_suffix(file, ".history");
	struct wal_object_request request = {
		.bundle = golden->bundle,
		.file = file,
		.content = content,
		.size = size,
		.system_identifier = history ? 0 : SYSTEM,
		.major = history ? 0 : 15,
		.compress_level = 1,
	};
	char *first = NULL;
	GError *error = NULL;

	wal_object_digest(golden->owner->digest_secret, content, size, request.digest);
	for (request.piece = 1; request.piece <= wal_object_pieces(size); request.piece++) {
		struct wal_object object;

		must(wal_object_seal(&request, &object, &error), error);

		struct iovec part = {object.bytes->data, object.bytes->len};

		must(repo_put(repo, object.local, &part, 1, 0, NULL, &error), error);
		if (!first)
			first = g_strdup(object.local);
		wal_object_clear(&object);
	}
	g_string_append_printf(golden->expected, "wal %s", file);
	golden_expect_content(golden->expected, content, size);
	return first;
}

/* Its first page is as PostgreSQL 15 writes it. */
static char *make_segment(struct golden *golden, const char *file, uint64_t address)
{
	g_autofree uint8_t *content = g_malloc0(SEGMENT_SIZE);
	const uint8_t magic_and_info[] = {0x10, 0xd1, 0x02, 0x00};

	memcpy(content, magic_and_info, sizeof(magic_and_info));
	bytes_set_u32(content + 4, 1);
	bytes_set_u64(content + 8, address);
	bytes_set_u64(content + 24, SYSTEM);
	bytes_set_u32(content + 32, SEGMENT_SIZE);
	bytes_set_u32(content + 36, 8192);
	for (size_t at = 3 << 20; at < SEGMENT_SIZE; at += 11 << 20)
		memcpy(content + at, file, strlen(file));
	return make_wal(golden, file, content, SEGMENT_SIZE);
}

static void make_text_wal(struct golden *golden, const char *file, const char *text)
{
	g_free(make_wal(golden, file, text, strlen(text)));
}

GPtrArray *make_archive(struct golden *golden)
{
	GPtrArray *objects = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(objects, make_segment(golden, "000000010000000000000001", 0x4000000));
	g_ptr_array_add(objects, make_segment(golden, "000000010000000000000002", 0x8000000));
	g_free(make_segment(golden, "000000010000000000000003.partial", 0xc000000));
	make_text_wal(golden, "000000010000000000000001.00000028.backup",
		      "START WAL LOCATION: 0/4000028 (file 000000010000000000000001)\n");
	make_text_wal(golden, "00000002.history", "1\t0/C000000\tno recovery target specified\n");
	return objects;
}
