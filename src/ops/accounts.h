#ifndef ODR_OPS_ACCOUNTS_H
#define ODR_OPS_ACCOUNTS_H

#include <glib.h>
#include <sys/types.h>

/* Users and groups of this host by number and by name, each looked up once. Used by one thread. */
typedef struct accounts Accounts;
Accounts *accounts_new(void);
void accounts_free(Accounts *accounts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Accounts, accounts_free)

/* "" where the host has no name for it. */
const char *accounts_user_name(Accounts *accounts, uid_t uid);
const char *accounts_group_name(Accounts *accounts, gid_t gid);
/* The number of this name here, else the one given: a name means the same on another host, a number need not. */
uid_t accounts_user(Accounts *accounts, const char *name, uid_t otherwise);
gid_t accounts_group(Accounts *accounts, const char *name, gid_t otherwise);

#endif
