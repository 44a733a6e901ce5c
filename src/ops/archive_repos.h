#ifndef ODR_OPS_ARCHIVE_REPOS_H
#define ODR_OPS_ARCHIVE_REPOS_H

#include "repo/repo.h"

/* UNREACHABLE also where the folder is there and no repository in it: that of a file system which is
 * not mounted is empty, takes WAL that nobody will find, and proves no absence. REFUSED: a newer format. */
Repo *archive_repo_open(const struct store_settings *settings, const struct key_service *service,
			GError **error);

#endif
