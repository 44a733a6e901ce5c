#ifndef ODR_OPS_ARCHIVE_REPOS_H
#define ODR_OPS_ARCHIVE_REPOS_H

#include "repo/repo.h"

/* UNREACHABLE also where the folder is there and no repository in it: that of a file system which is
 * not mounted is empty, takes WAL that nobody will find, and proves no absence. REFUSED: a newer format.
 * Who writes may be forbidden to see. */
enum archive_repo_use { ARCHIVE_REPO_READ, ARCHIVE_REPO_WRITE };
Repo *archive_repo_open(const struct store_settings *settings, const struct key_service *service,
			enum archive_repo_use use, GError **error);

#endif
