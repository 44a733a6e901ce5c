#ifndef ODR_PG_PAGE_H
#define ODR_PG_PAGE_H

#include "pg/wal.h"

/* Relation pages and their checksums (checksum_impl.h, bufpage.h; POSTGRES.md 3). */
#define PAGE_SIZE_PG	  8192
#define PAGES_PER_SEGMENT 131072u
uint16_t page_checksum(const void *page, uint32_t block_number);
uint16_t page_stored_checksum(const void *page);
lsn_t page_lsn(const void *page);
enum page_state {
	PAGE_GOOD,
	PAGE_NEW, /* all bytes zero */
	PAGE_BAD_CHECKSUM,
	PAGE_BAD_HEADER, /* new (upper = 0) but not all zero, or fields out of range */
};
/* checksums: the cluster has them; otherwise only the header is judged. */
enum page_state page_check(const void *page, uint32_t block_number, bool checksums);
/* Checks count pages that begin with block first; index of the first one that is neither good nor new,
 * or count. The fast path of backup. */
size_t page_check_run(const void *pages, size_t count, uint32_t first, bool checksums);

#endif
