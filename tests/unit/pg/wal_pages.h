#ifndef ODR_TEST_PG_WAL_PAGES_H
#define ODR_TEST_PG_WAL_PAGES_H

#include "base/bytes.h"
#include "crypto/digest.h"
#include "pg/wal.h"

#include <string.h>

/* WAL of PostgreSQL 15, made record by record. */
#define WAL_PAGE	8192
#define WAL_MAGIC	0xD110
#define WAL_RECORD_HEAD 24
#define WAL_XACT	1
#define WAL_COMMIT	0x00
#define WAL_PREPARE	0x10
#define WAL_ABORT	0x20
#define WAL_COMMIT_2	0x30 /* of a prepared transaction */
#define WAL_ABORT_2	0x40
#define WAL_EPOCH_US	((int64_t)946684800 * 1000000)

struct wal_pages {
	GByteArray *bytes;
	lsn_t address;
	uint32_t segment_size;
};

/* rest: of a record that goes on in this page. */
static inline void wal_pages_header(struct wal_pages *pages, size_t rest)
{
	GByteArray *out = pages->bytes;
	bool first = out->len % pages->segment_size == 0;

	bytes_put_u16(out, WAL_MAGIC);
	bytes_put_u16(out, (rest > 0 ? 1 : 0) | (first ? 2 : 0));
	bytes_put_u32(out, 1);
	bytes_put_u64(out, pages->address + out->len - 8);
	bytes_put_u32(out, (uint32_t)rest);
	bytes_put_u32(out, 0);
	if (!first)
		return;
	bytes_put_u64(out, 7000000000000000001);
	bytes_put_u32(out, pages->segment_size);
	bytes_put_u32(out, WAL_PAGE);
}

static inline void wal_pages_begin(struct wal_pages *pages, lsn_t address, uint32_t segment_size)
{
	*pages = (struct wal_pages){g_byte_array_new(), address, segment_size};
}

/* rest: bytes of a record of the segment before, which are not looked at. */
static inline void wal_pages_rest(struct wal_pages *pages, size_t rest)
{
	while (rest > 0) {
		wal_pages_header(pages, rest);
		for (; rest > 0 && pages->bytes->len % WAL_PAGE != 0; rest--)
			bytes_put_u8(pages->bytes, 'r');
	}
}

struct wal_record {
	uint8_t manager, info;
	const void *body;
	size_t size;
	bool wrong_crc;
	size_t only; /* so many bytes of it, and a new page: it was never finished; 0: all */
};

static inline void wal_pages_add(struct wal_pages *pages, const struct wal_record *record)
{
	g_autoptr(GByteArray) whole = g_byte_array_new();
	GByteArray *out = pages->bytes;
	uint32_t crc = crc32c_update(crc32c_init(), record->body, record->size);
	size_t size;

	bytes_put_u32(whole, (uint32_t)(WAL_RECORD_HEAD + record->size));
	bytes_put_u32(whole, 700);
	bytes_put_u64(whole, 0);
	bytes_put_u8(whole, record->info);
	bytes_put_u8(whole, record->manager);
	bytes_put_u16(whole, 0);
	crc = crc32c_value(crc32c_update(crc, whole->data, whole->len));
	bytes_put_u32(whole, record->wrong_crc ? ~crc : crc);
	bytes_put(whole, record->body, record->size);
	while (out->len % 8 != 0)
		bytes_put_u8(out, 0);
	size = record->only ? record->only : whole->len;
	for (size_t done = 0; done < size;) {
		if (out->len % WAL_PAGE == 0)
			wal_pages_header(pages, done > 0 ? whole->len - done : 0);
		size_t part = MIN(size - done, WAL_PAGE - out->len % WAL_PAGE);

		bytes_put(out, whole->data + done, part);
		done += part;
	}
	while (record->only && out->len % WAL_PAGE != 0)
		bytes_put_u8(out, 0);
}

/* Of another resource manager, with a body of this size. */
static inline void wal_pages_other(struct wal_pages *pages, size_t size)
{
	g_autofree uint8_t *body = g_malloc(size + 1);

	memset(body, 'o', size);
	wal_pages_add(pages,
		      &(struct wal_record){.manager = 10, .info = 0, .body = body, .size = size});
}

/* The end of a transaction, with so many bytes behind its time. */
static inline void wal_pages_xact(struct wal_pages *pages, uint8_t info, int64_t time_us,
				  size_t more)
{
	g_autoptr(GByteArray) body = g_byte_array_new();

	if (more + 8 < 256) {
		bytes_put_u8(body, 255);
		bytes_put_u8(body, (uint8_t)(more + 8));
	} else {
		bytes_put_u8(body, 254);
		bytes_put_u32(body, (uint32_t)(more + 8));
	}
	bytes_put_u64(body, (uint64_t)(time_us - WAL_EPOCH_US));
	for (size_t i = 0; i < more; i++)
		bytes_put_u8(body, 'm');
	wal_pages_add(pages, &(struct wal_record){.manager = WAL_XACT,
						  .info = info,
						  .body = body->data,
						  .size = body->len});
}

/* Zeros, as after a switch of segments. */
static inline void wal_pages_fill(struct wal_pages *pages, size_t size)
{
	while (pages->bytes->len < size)
		bytes_put_u8(pages->bytes, 0);
}

#endif
