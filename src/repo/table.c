#include "repo/table.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/layout.h"

#include <assert.h>
#include <string.h>

#define TABLE_MAGIC    "ODRTABL1"
#define TABLE_VERSION  1
#define TABLE_ROW_SIZE (2 * SHA256_SIZE + 8)
#define TABLE_CRITICAL 0xffffffff /* feature bits that must be known; none is */

Table *table_new(const char *generation)
{
	Table *table = g_new0(Table, 1);

	table->generation = g_strdup(generation);
	table->rows = g_array_new(FALSE, TRUE, sizeof(struct pack_row));
	return table;
}

void table_free(Table *table)
{
	if (!table)
		return;
	g_free(table->generation);
	g_array_unref(table->rows);
	g_free(table);
}

GByteArray *table_encode(const Table *table)
{
	size_t length = strlen(table->generation);
	GByteArray *out = g_byte_array_sized_new(64 + table->rows->len * TABLE_ROW_SIZE);

	assert(generation_id_valid(table->generation) && table->rows->len <= TABLE_ROWS_MAX);
	bytes_put(out, TABLE_MAGIC, strlen(TABLE_MAGIC));
	bytes_put_u16(out, TABLE_VERSION);
	bytes_put_u16(out, 0);
	bytes_put_u64(out, 0);
	bytes_put_u16(out, (uint16_t)length);
	bytes_put(out, table->generation, length);
	bytes_put_u32(out, table->rows->len);
	for (guint i = 0; i < table->rows->len; i++) {
		const struct pack_row *row = &g_array_index(table->rows, struct pack_row, i);

		bytes_put(out, row->name, SHA256_SIZE);
		bytes_put_u64(out, row->size);
		bytes_put(out, row->header, SHA256_SIZE);
	}
	return out;
}

/* Up to the generation: what must be understood before the rest may be read. */
static bool parse_start(struct bytes_reader *reader, Table *table, GError **error)
{
	const uint8_t *magic = bytes_get(reader, strlen(TABLE_MAGIC));
	uint16_t version = bytes_get_u16(reader);
	uint16_t unused = bytes_get_u16(reader);
	uint64_t features = bytes_get_u64(reader);
	uint16_t length = bytes_get_u16(reader);
	const uint8_t *generation = bytes_get(reader, length);

	if (!magic || memcmp(magic, TABLE_MAGIC, strlen(TABLE_MAGIC)) != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "this is not a table of packs");
	if (version > TABLE_VERSION)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the table has version %u, this program knows version %d", version,
				TABLE_VERSION);
	if (features & TABLE_CRITICAL)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the table has features 0x%" G_GINT64_MODIFIER
				"x that this program does not know",
				features);
	if (!bytes_reader_ok(reader) || version != TABLE_VERSION || unused != 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "the table is damaged at its start");

	table->generation = g_strndup((const char *)generation, length);
	if (strlen(table->generation) != length || !generation_id_valid(table->generation))
		return odr_fail(error, ODR_ERROR_CORRUPT, "the table names no valid generation");
	return true;
}

static bool parse_rows(struct bytes_reader *reader, Table *table, GError **error)
{
	uint32_t count = bytes_get_u32(reader);

	if (!bytes_reader_ok(reader) || count > TABLE_ROWS_MAX ||
	    bytes_reader_left(reader) != (size_t)count * TABLE_ROW_SIZE)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"the table does not have the length of its %u rows", count);

	g_array_set_size(table->rows, count);
	for (uint32_t i = 0; i < count; i++) {
		struct pack_row *row = &g_array_index(table->rows, struct pack_row, i);

		memcpy(row->name, bytes_get(reader, SHA256_SIZE), SHA256_SIZE);
		row->size = bytes_get_u64(reader);
		memcpy(row->header, bytes_get(reader, SHA256_SIZE), SHA256_SIZE);
		if (row->size == 0 || row->size > STORE_OBJECT_MAX)
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"row %u of the table gives a pack of %" G_GUINT64_FORMAT
					" bytes",
					i, row->size);
	}
	return true;
}

bool table_parse(const void *bytes, size_t size, Table **table, GError **error)
{
	g_autoptr(Table) parsed = table_new(NULL);
	struct bytes_reader reader;

	bytes_reader_init(&reader, bytes, size);
	if (!parse_start(&reader, parsed, error) || !parse_rows(&reader, parsed, error))
		return false;
	*table = g_steal_pointer(&parsed);
	return true;
}

bool table_store(const GPtrArray *repos, const Table *table, usec_t lock_until,
		 uint8_t sha256_out[SHA256_SIZE], GError **error)
{
	g_autoptr(GByteArray) bytes = table_encode(table);
	struct iovec part = {bytes->data, bytes->len};
	uint8_t name[SHA256_SIZE];

	sha256(bytes->data, bytes->len, name);

	g_autofree char *local = layout_table(name);

	if (!repos_put(repos, local, &part, 1, lock_until, error))
		return false;
	memcpy(sha256_out, name, SHA256_SIZE);
	return true;
}

bool table_load(Repo *repo, const uint8_t sha256[SHA256_SIZE], Table **table, GError **error)
{
	g_autofree char *local = layout_table(sha256);
	g_autofree char *where = repo_where(repo, local);
	g_autoptr(GBytes) content = NULL;

	if (!repo_get_named(repo, local, sha256, &content, error) ||
	    !table_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), table, error))
		return odr_context(error, "cannot load table %s", where);
	return true;
}
