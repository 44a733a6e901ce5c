#include "ops/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>

#define BUFFER_SIZE 4096

struct accounts {
	GHashTable *user_names, *group_names; /* number → name, owned */
	GHashTable *users, *groups;	      /* name, owned → struct found */
};

struct found {
	bool known;
	uint32_t number;
};

Accounts *accounts_new(void)
{
	Accounts *accounts = g_new0(Accounts, 1);

	accounts->user_names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	accounts->group_names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	accounts->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	accounts->groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return accounts;
}

void accounts_free(Accounts *accounts)
{
	if (!accounts)
		return;
	g_hash_table_unref(accounts->user_names);
	g_hash_table_unref(accounts->group_names);
	g_hash_table_unref(accounts->users);
	g_hash_table_unref(accounts->groups);
	g_free(accounts);
}

const char *accounts_user_name(Accounts *accounts, uid_t uid)
{
	char *name = g_hash_table_lookup(accounts->user_names, GUINT_TO_POINTER(uid));
	struct passwd account, *found = NULL;
	char buffer[BUFFER_SIZE];

	if (name)
		return name;
	getpwuid_r(uid, &account, buffer, sizeof(buffer), &found);
	name = g_strdup(found ? found->pw_name : "");
	g_hash_table_insert(accounts->user_names, GUINT_TO_POINTER(uid), name);
	return name;
}

const char *accounts_group_name(Accounts *accounts, gid_t gid)
{
	char *name = g_hash_table_lookup(accounts->group_names, GUINT_TO_POINTER(gid));
	struct group account, *found = NULL;
	char buffer[BUFFER_SIZE];

	if (name)
		return name;
	getgrgid_r(gid, &account, buffer, sizeof(buffer), &found);
	name = g_strdup(found ? found->gr_name : "");
	g_hash_table_insert(accounts->group_names, GUINT_TO_POINTER(gid), name);
	return name;
}

static struct found find_user(const char *name)
{
	struct passwd account, *found = NULL;
	char buffer[BUFFER_SIZE];

	getpwnam_r(name, &account, buffer, sizeof(buffer), &found);
	return (struct found){found != NULL, found ? found->pw_uid : 0};
}

static struct found find_group(const char *name)
{
	struct group account, *found = NULL;
	char buffer[BUFFER_SIZE];

	getgrnam_r(name, &account, buffer, sizeof(buffer), &found);
	return (struct found){found != NULL, found ? found->gr_gid : 0};
}

static uint32_t number_of(GHashTable *known, struct found (*find)(const char *name),
			  const char *name, uint32_t otherwise)
{
	struct found *found;

	if (!name || !name[0])
		return otherwise;
	found = g_hash_table_lookup(known, name);
	if (!found) {
		struct found now = find(name);

		found = g_memdup2(&now, sizeof(now));
		g_hash_table_insert(known, g_strdup(name), found);
	}
	return found->known ? found->number : otherwise;
}

uid_t accounts_user(Accounts *accounts, const char *name, uid_t otherwise)
{
	return number_of(accounts->users, find_user, name, otherwise);
}

gid_t accounts_group(Accounts *accounts, const char *name, gid_t otherwise)
{
	return number_of(accounts->groups, find_group, name, otherwise);
}
