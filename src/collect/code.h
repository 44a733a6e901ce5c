#ifndef ODR_COLLECT_CODE_H
#define ODR_COLLECT_CODE_H

#include "collect/collector.h"

/* How much of a checkout's history is taken. */
enum code_history {
	CODE_HISTORY_AUTO,     /* all, where it fits into the limit; else what no remote has */
	CODE_HISTORY_ALL,      /* its server may burn too */
	CODE_HISTORY_UNPUSHED, /* what no remote has */
	CODE_HISTORY_NONE,
};
bool code_history_parse(const char *text, enum code_history *history);

/* The top of the checkout that a folder lies in, or NULL; g_free. */
char *code_checkout_of(const struct collection *collection, const char *folder);
/* A checkout below "git" and its path: repository.json, what was changed and not committed, files that are
 * not known to git, and the history as a bundle. */
bool code_take_checkout(struct collection *collection, const char *top, GError **error);
/* A folder as "tar" and its path, without what Python compiles. */
bool code_take_folder(struct collection *collection, const char *folder, GError **error);

#endif
