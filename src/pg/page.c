#include "pg/page.h"

#include "base/bytes.h"

#include <string.h>

#define LANES	    32
#define ROWS	    (PAGE_SIZE_PG / (LANES * 4))
#define FNV_PRIME   16777619u
#define FLAGS_VALID 0x0007
#define WIDTH	    8 /* lanes of a vector: one AVX2 register */
#define VECTORS	    (LANES / WIDTH)

typedef uint32_t lanes_t __attribute__((vector_size(WIDTH * 4)));

static const uint32_t lane_start[LANES] = {
	0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2,
	0x83E13D2C, 0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C,
	0xF718902A, 0x0B1C9CDB, 0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979,
	0xCCA6C0B2, 0x304A0979, 0x85AA43D4, 0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E,
	0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
};

#define MIX(lane, word)                     \
 do {                                       \
  lanes_t mixed = (lane) ^ (word);          \
  (lane) = mixed * FNV_PRIME ^ mixed >> 17; \
 } while (0)

/*
 * The lanes do not touch each other until the end: 4 vectors of 8 hide the latency of the
 * multiplication. The compiler splits the vectors where the machine has smaller ones.
 */
static inline __attribute__((always_inline)) uint32_t mix_page(const uint8_t *page)
{
	lanes_t lane[VECTORS], word, sum;
	uint32_t result = 0;

	memcpy(lane, lane_start, sizeof(lane));
	for (int vector = 0; vector < VECTORS; vector++) {
		memcpy(&word, page + vector * sizeof(word), sizeof(word));
		if (vector == 0)
			word[2] &= 0xFFFF0000; /* the stored checksum counts as 0 */
		MIX(lane[vector], word);
	}
	for (int row = 1; row < ROWS; row++) {
		const uint8_t *at = page + row * LANES * 4;

		for (int vector = 0; vector < VECTORS; vector++) {
			memcpy(&word, at + vector * sizeof(word), sizeof(word));
			MIX(lane[vector], word);
		}
	}
	word = (lanes_t){0};
	sum = (lanes_t){0};
	for (int vector = 0; vector < VECTORS; vector++) {
		MIX(lane[vector], word);
		MIX(lane[vector], word);
		sum ^= lane[vector];
	}
	for (int i = 0; i < WIDTH; i++)
		result ^= sum[i];
	return result;
}

static inline uint16_t reduce(uint32_t mixed, uint32_t block_number)
{
	return (uint16_t)((mixed ^ block_number) % 65535 + 1);
}

static bool is_zero(const uint8_t *page)
{
	return page[0] == 0 && memcmp(page, page + 1, PAGE_SIZE_PG - 1) == 0;
}

static inline uint16_t page_upper(const uint8_t *page)
{
	return bytes_u16(page + 14);
}

static inline bool header_is_sane(const uint8_t *page)
{
	uint16_t flags = bytes_u16(page + 10), lower = bytes_u16(page + 12);
	uint16_t upper = page_upper(page), special = bytes_u16(page + 16);

	return (flags & ~FLAGS_VALID) == 0 && lower <= upper && upper <= special &&
	       special <= PAGE_SIZE_PG && special % 8 == 0;
}

/* The server accepts a new page (upper is 0) only if nothing at all is in it. */
static inline enum page_state judge(const uint8_t *page, uint16_t checksum, bool checksums)
{
	if (page_upper(page) == 0)
		return is_zero(page) ? PAGE_NEW : PAGE_BAD_HEADER;
	if (checksums && checksum != page_stored_checksum(page))
		return PAGE_BAD_CHECKSUM;
	return header_is_sane(page) ? PAGE_GOOD : PAGE_BAD_HEADER;
}

static inline __attribute__((always_inline)) size_t check_run(const uint8_t *pages, size_t count,
							      uint32_t first)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *page = pages + i * PAGE_SIZE_PG;
		uint16_t checksum = reduce(mix_page(page), first + (uint32_t)i);
		enum page_state state = judge(page, checksum, true);

		if (state != PAGE_GOOD && state != PAGE_NEW)
			return i;
	}
	return count;
}

static size_t check_run_portable(const uint8_t *pages, size_t count, uint32_t first)
{
	return check_run(pages, count, first);
}

#ifdef __x86_64__
/* Chosen at run time and not by target_clones, whose resolver runs before a sanitizer is ready. */
static __attribute__((target("avx2"))) size_t check_run_avx2(const uint8_t *pages, size_t count,
							     uint32_t first)
{
	return check_run(pages, count, first);
}
#endif

static size_t check_run_headers(const uint8_t *pages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum page_state state = judge(pages + i * PAGE_SIZE_PG, 0, false);

		if (state != PAGE_GOOD && state != PAGE_NEW)
			return i;
	}
	return count;
}

uint16_t page_checksum(const void *page, uint32_t block_number)
{
	return reduce(mix_page(page), block_number);
}

uint16_t page_stored_checksum(const void *page)
{
	return bytes_u16((const uint8_t *)page + 8);
}

lsn_t page_lsn(const void *page)
{
	/* Two halves, the high one first, each in the machine's order. */
	return (lsn_t)bytes_u32(page) << 32 | bytes_u32((const uint8_t *)page + 4);
}

enum page_state page_check(const void *page, uint32_t block_number, bool checksums)
{
	return judge(page, checksums ? page_checksum(page, block_number) : 0, checksums);
}

size_t page_check_run(const void *pages, size_t count, uint32_t first, bool checksums)
{
	if (!checksums)
		return check_run_headers(pages, count);
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return check_run_avx2(pages, count, first);
#endif
	return check_run_portable(pages, count, first);
}
