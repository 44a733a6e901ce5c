#ifndef ODR_OPS_ARCHIVE_CHOICE_H
#define ODR_OPS_ARCHIVE_CHOICE_H

#include "repo/wal_held.h"

/*
 * Which of several objects counts that a repository holds under the name of one segment, as where a data
 * directory was set back and went on differently: the one that a set lists was written by the cluster the
 * set is of. Where none is listed, the oldest valid one: whoever can add objects cannot get in front of
 * what is there. Where sets list different ones, nobody can tell.
 */
struct archive_candidate {
	const struct wal_held *held;
	char *set; /* id of the first set that lists it; NULL: none does */
};
void archive_candidate_clear(void *candidate); /* in a GArray */

enum archive_verdict { ARCHIVE_OLDEST, ARCHIVE_LISTED, ARCHIVE_UNDECIDABLE };
/* chosen, and other where it is undecidable: positions among the candidates. */
struct archive_choice {
	enum archive_verdict verdict;
	guint chosen, other;
};
struct archive_choice archive_choose(const GArray *candidates);

/* Finds out which candidates (struct archive_candidate) the sets of the repository list. What is no good
 * among the sets is told as a warning. Fails where they cannot be read. */
typedef bool archive_find_sets(Repo *repo, GArray *candidates, GError **error);
/* NULL in a program that is linked without what manifests need, and hands over. */
extern archive_find_sets *const archive_sets;

#endif
