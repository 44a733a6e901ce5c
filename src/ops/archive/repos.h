#ifndef ODR_OPS_ARCHIVE_REPOS_H
#define ODR_OPS_ARCHIVE_REPOS_H

#include "repo/repo.h"

/* For writing the repository is looked for, REFUSED where it has a newer format; who writes may be forbidden to
 * see it. For reading nothing is asked: what is found there proves itself. */
enum archive_repo_use { ARCHIVE_REPO_READ, ARCHIVE_REPO_WRITE };
Repo *archive_repo_open(const struct store_settings *settings, const struct key_service *service,
			enum archive_repo_use use, GError **error);

/* Before a reader takes something for absent: that the repository is there. UNREACHABLE also where the folder is
 * there and no repository in it: that of a file system which is not mounted is empty, takes WAL that nobody will
 * find, and proves no absence. REFUSED: a newer format, whose names may be others. */
bool archive_repo_confirm(Repo *repo, GError **error);

#endif
