#include "ops/copy/pages.h"

#include "base/file.h"
#include "pg/page.h"

#include <string.h>
#include <sys/stat.h>

/* A page in flux is read again at most so often; it only has to be seen changing once. */
#define PAGE_RETRIES	    5
#define DAMAGED_PAGES_SHOWN 5
#define SIZE_RETRIES	    20
#define SIZE_PAUSE_US	    5000

void page_findings_clear(struct page_findings *findings)
{
	if (findings->text)
		g_string_free(findings->text, true);
	findings->text = NULL;
}

void page_findings_add(struct page_findings *findings, const char *format, ...)
{
	va_list arguments;

	if (!findings->text)
		findings->text = g_string_new(NULL);
	else
		g_string_append(findings->text, "; ");
	va_start(arguments, format);
	g_string_append_vprintf(findings->text, format, arguments);
	va_end(arguments);
}

static void note_bad_page(struct page_findings *findings, uint32_t block, enum page_state state)
{
	findings->bad_pages++;
	if (findings->bad_pages <= DAMAGED_PAGES_SHOWN)
		page_findings_add(findings, "block %u has %s", block,
				  state == PAGE_BAD_CHECKSUM ? "a wrong checksum"
							     : "a broken header");
	else if (findings->bad_pages == DAMAGED_PAGES_SHOWN + 1)
		page_findings_add(findings, "and more blocks");
}

/*
 * A page that does not verify is read again: if its bytes change the server is writing it, and replay
 * brings it in order; so it does for a page that stays the same but is newer than the start of the
 * backup. What stays the same and is older is damaged.
 */
static bool judge_page(const struct page_context *context, uint8_t *page, uint64_t offset,
		       uint32_t block, struct page_findings *findings, GError **error)
{
	bool checksums = context->control->checksum_version != 0;
	enum page_state state = page_check(page, block, checksums);
	uint8_t again[PAGE_SIZE_PG];
	bool changed = false;

	for (int i = 0; i < PAGE_RETRIES && state != PAGE_GOOD && state != PAGE_NEW; i++) {
		ssize_t got = file_pread(context->fd, again, sizeof(again), (off_t)offset, error);

		if (got < 0)
			return false;
		if (got < PAGE_SIZE_PG) /* truncated meanwhile */
			return true;
		if (memcmp(again, page, sizeof(again)) == 0) {
			g_usleep(1000); /* the server may be half-way through writing it */
			continue;
		}
		changed = true;
		memcpy(page, again, sizeof(again));
		state = page_check(page, block, checksums);
	}
	if (state == PAGE_GOOD || state == PAGE_NEW || changed)
		return true;
	if (state == PAGE_BAD_CHECKSUM && page_lsn(page) >= context->backup_start)
		return true;
	note_bad_page(findings, block, state);
	return true;
}

bool copy_pages_check(const struct page_context *context, uint8_t *data, size_t size,
		      uint64_t offset, struct page_findings *findings, GError **error)
{
	bool checksums = context->control->checksum_version != 0;
	size_t pages = size / PAGE_SIZE_PG;
	/* Counted in the relation, not in the file. */
	uint32_t first =
		context->relation->segment * PAGES_PER_SEGMENT + (uint32_t)(offset / PAGE_SIZE_PG);

	for (size_t i = 0; i < pages; i++) {
		i += page_check_run(data + i * PAGE_SIZE_PG, pages - i, first + (uint32_t)i,
				    checksums);
		if (i < pages &&
		    !judge_page(context, data + i * PAGE_SIZE_PG, offset + i * PAGE_SIZE_PG,
				first + (uint32_t)i, findings, error))
			return false;
	}
	for (size_t i = 0; i < pages; i++) {
		lsn_t lsn = page_lsn(data + i * PAGE_SIZE_PG);

		if (lsn > findings->newest_lsn)
			findings->newest_lsn = lsn;
	}
	return true;
}

bool copy_size_stays_odd(int fd)
{
	struct stat status;

	for (int i = 0; i < SIZE_RETRIES; i++) {
		if (fstat(fd, &status) < 0 || status.st_size % PAGE_SIZE_PG == 0)
			return false;
		g_usleep(SIZE_PAUSE_US);
	}
	return true;
}
