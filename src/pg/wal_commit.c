#include "pg/wal_commit.h"

#include "base/bytes.h"
#include "crypto/digest.h"

#include <string.h>

#define BLOCK_SIZE 8192
#define PAGE_HEADER \
 24 /* XLogPageHeaderData: u16 magic · u16 info · u32 timeline · u64 address · u32 rest */
#define LONG_HEADER WAL_HEADER_SIZE
#define CONTINUED   0x0001 /* xlp_info: the page begins with the rest of a record */
#define LONG	    0x0002
#define RECORD_HEAD \
 24 /* XLogRecord: u32 length · u32 xid · u64 previous · u8 info · u8 manager · u32 CRC */
#define INFO_AT	    16
#define MANAGER_AT  17
#define CRC_AT	    20
#define XACT	    1				       /* resource manager RM_XACT_ID */
#define XACT_OPMASK 0x70			       /* of info */
#define PG_EPOCH    ((usec_t)946684800 * USEC_PER_SEC) /* 2000-01-01 */
#define TIME_MAX    ((usec_t)253402300800 * USEC_PER_SEC)
#define RECORD_MAX  ((size_t)16 << 20) /* of transactions: a million subtransactions are 4 MiB */
#define ALIGNED(at) (((at) + 7) & ~(size_t)7)

/* The ids before a record's data that are no block: xlogrecord.h. */
enum { DATA_SHORT = 255, DATA_LONG = 254, ORIGIN = 253, TOPLEVEL_XID = 252 };

/* How one came to the end of what was taken. */
enum taken {
	TAKEN,
	BROKEN_OFF, /* the record was never finished: the next one begins at `at` */
	LOST,	    /* that is no WAL, or its end */
};

struct reader {
	const uint8_t *bytes;
	size_t size, at;
	uint16_t magic;
	lsn_t address; /* of the first byte */
};

/* At the beginning of a page, where so many bytes of a record ought to go on. */
static enum taken enter_page(struct reader *reader, size_t left)
{
	const uint8_t *page = reader->bytes + reader->at;
	uint16_t info;
	size_t rest;

	if (reader->size - reader->at < BLOCK_SIZE || bytes_u16(page) != reader->magic ||
	    bytes_u64(page + 8) != reader->address + reader->at)
		return LOST;
	info = bytes_u16(page + 2);
	rest = info & CONTINUED ? bytes_u32(page + 16) : 0;
	reader->at += info & LONG ? LONG_HEADER : PAGE_HEADER;
	if (rest == left)
		return TAKEN;
	return rest == 0 ? BROKEN_OFF : LOST;
}

/* The next bytes of a record, of which *left are still to come; to NULL: passes over them. */
static enum taken take(struct reader *reader, void *to, size_t count, size_t *left)
{
	for (size_t done = 0; done < count;) {
		if (reader->at % BLOCK_SIZE == 0) {
			enum taken entered = enter_page(reader, *left);

			if (entered != TAKEN)
				return entered;
		}
		size_t part = MIN(count - done, BLOCK_SIZE - reader->at % BLOCK_SIZE);

		if (part > reader->size - reader->at)
			return LOST;
		if (to)
			memcpy((uint8_t *)to + done, reader->bytes + reader->at, part);
		reader->at += part;
		done += part;
		*left -= part;
	}
	return TAKEN;
}

static bool crc_is_right(const uint8_t head[RECORD_HEAD], const GByteArray *body)
{
	uint32_t crc = crc32c_update(crc32c_init(), body->data, body->len);

	return crc32c_value(crc32c_update(crc, head, CRC_AT)) == bytes_u32(head + CRC_AT);
}

/* xact_time is the first of a record's main data, which comes last. 0: it is not there. */
static usec_t time_of(const GByteArray *body)
{
	struct bytes_reader reader;
	size_t length = 0;

	bytes_reader_init(&reader, body->data, body->len);
	for (bool headers = true; headers && bytes_reader_ok(&reader);) {
		switch (bytes_get_u8(&reader)) {
		case ORIGIN:
			bytes_get(&reader, 2);
			break;
		case TOPLEVEL_XID:
			bytes_get(&reader, 4);
			break;
		case DATA_SHORT:
			length = bytes_get_u8(&reader);
			headers = false;
			break;
		case DATA_LONG:
			length = bytes_get_u32(&reader);
			headers = false;
			break;
		default:
			return 0;
		}
	}
	if (length != bytes_reader_left(&reader))
		return 0;

	uint64_t since_2000 = bytes_get_u64(&reader);

	return bytes_reader_ok(&reader) && since_2000 < (uint64_t)(TIME_MAX - PG_EPOCH)
		       ? (usec_t)since_2000 + PG_EPOCH
		       : 0;
}

enum end { NO_END, COMMITTED, ABORTED };

static enum end end_of_transaction(const uint8_t head[RECORD_HEAD])
{
	if (head[MANAGER_AT] != XACT)
		return NO_END;
	switch (head[INFO_AT] & XACT_OPMASK) {
	case 0x00: /* XLOG_XACT_COMMIT */
	case 0x30: /* XLOG_XACT_COMMIT_PREPARED */
		return COMMITTED;
	case 0x20: /* XLOG_XACT_ABORT */
	case 0x40: /* XLOG_XACT_ABORT_PREPARED */
		return ABORTED;
	default:
		return NO_END;
	}
}

/* A record: where its content begins and when the transaction ended whose end it is. */
struct ended {
	enum end end;
	usec_t time; /* 0: of none, or its CRC is wrong */
};

/* Takes the record that begins here. */
static enum taken take_record(struct reader *reader, GByteArray *body, struct ended *ended)
{
	uint8_t head[RECORD_HEAD];
	enum taken taken = TAKEN;
	size_t left;

	*ended = (struct ended){NO_END, 0};
	if (reader->at % BLOCK_SIZE == 0)
		taken = enter_page(reader, 0);
	if (taken != TAKEN)
		return taken;
	left = bytes_u32(reader->bytes + reader->at);
	/* Zero, where a segment was ended before it was full. */
	if (left < RECORD_HEAD)
		return LOST;
	taken = take(reader, head, sizeof(head), &left);
	if (taken != TAKEN)
		return taken;
	ended->end = end_of_transaction(head);
	if (ended->end == NO_END || left > RECORD_MAX)
		return take(reader, NULL, left, &left);
	g_byte_array_set_size(body, (guint)left);
	taken = take(reader, body->data, left, &left);
	if (taken == TAKEN && crc_is_right(head, body))
		ended->time = time_of(body);
	return taken;
}

/* At the first record that begins here. */
static enum taken enter_segment(struct reader *reader, const void *bytes, size_t size)
{
	struct wal_header header;
	size_t left;

	*reader = (struct reader){.bytes = bytes, .size = size, .at = LONG_HEADER};
	if (size < BLOCK_SIZE || !wal_header_parse(bytes, size, &header, NULL))
		return LOST;
	reader->magic = header.magic;
	reader->address = header.address;
	left = header.info & CONTINUED ? bytes_u32(reader->bytes + 16) : 0;
	return take(reader, NULL, left, &left);
}

struct wal_last wal_last_commit(const void *bytes, size_t size, size_t within)
{
	g_autoptr(GByteArray) body = g_byte_array_new();
	struct reader reader;
	struct ended ended;
	struct wal_last last = {0};

	for (enum taken taken = enter_segment(&reader, bytes, size); taken != LOST;) {
		size_t begin = reader.at = ALIGNED(reader.at);

		if (reader.at >= MIN(within, size))
			break;
		taken = take_record(&reader, body, &ended);
		if (ended.time != 0)
			last = (struct wal_last){MAX(last.time, ended.time),
						 reader.address + begin};
	}
	return last;
}

usec_t wal_first_commit(const void *bytes, size_t size, size_t behind)
{
	g_autoptr(GByteArray) body = g_byte_array_new();
	struct reader reader;
	struct ended ended;

	for (enum taken taken = enter_segment(&reader, bytes, size); taken != LOST;) {
		reader.at = ALIGNED(reader.at);
		if (reader.at >= size)
			break;
		taken = take_record(&reader, body, &ended);
		if (taken == TAKEN && ended.end == COMMITTED && ended.time != 0 &&
		    reader.at > behind)
			return ended.time;
	}
	return 0;
}
