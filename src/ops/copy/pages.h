#ifndef ODR_OPS_COPY_PAGES_H
#define ODR_OPS_COPY_PAGES_H

#include "pg/control.h"
#include "pg/pgdata.h"

/* Judging the pages of a relation file while it is copied (POSTGRES.md 3). */
struct page_findings {
	lsn_t newest_lsn; /* of all pages seen */
	uint32_t bad_pages;
	GString *text; /* what was found, for people; NULL: nothing */
};
void page_findings_clear(struct page_findings *findings);
void page_findings_add(struct page_findings *findings, const char *format, ...) G_GNUC_PRINTF(2, 3);

struct page_context {
	const struct control *control;
	lsn_t backup_start;
	const struct pgdata_relation *relation;
	int fd; /* to read a page again */
};
/* data: size bytes read from offset of the file; pages in flux may be replaced by what a second reading
 * gave. False only when reading fails. */
bool copy_pages_check(const struct page_context *context, uint8_t *data, size_t size,
		      uint64_t offset, struct page_findings *findings, GError **error);
/* False when the file's size is, or soon becomes, a multiple of 8192: the kernel makes a page that is
 * being appended visible by halves. */
bool copy_size_stays_odd(int fd);

#endif
