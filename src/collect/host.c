/* The host itself: what a new one has to be like before anything else is restored. */
#include "collect/collector.h"

#include "base/error.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define GROUPS_MAX 64

static const char *const files[] = {
	"/etc/os-release",
	"/etc/debian_version",
	"/etc/hostname",
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/fstab",
	"/etc/sysctl.conf",
	"/etc/sysctl.d/*.conf",
	"/etc/timezone",
	"/etc/localtime",
	"/etc/locale.gen",
	"/etc/locale.conf",
	"/etc/default/locale",
	"/etc/security/limits.conf",
	"/etc/security/limits.d/*.conf",
	"/etc/apt/sources.list",
	"/etc/apt/sources.list.d/*",
	"/etc/chrony/chrony.conf",
	"/etc/systemd/timesyncd.conf",
	NULL,
};

/* What PostgreSQL and Odoo are tuned by. */
static const char *const kernel[] = {
	"vm/overcommit_memory",
	"vm/overcommit_ratio",
	"vm/swappiness",
	"vm/nr_hugepages",
	"vm/dirty_background_bytes",
	"vm/dirty_background_ratio",
	"vm/dirty_bytes",
	"vm/dirty_ratio",
	"vm/max_map_count",
	"vm/zone_reclaim_mode",
	"kernel/shmmax",
	"kernel/shmall",
	"kernel/sem",
	"fs/file-max",
	"fs/aio-max-nr",
	"net/core/somaxconn",
	"net/ipv4/tcp_keepalive_time",
};

static bool take_kernel(struct collection *collection, GError **error)
{
	json_t *rows = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(kernel); i++) {
		g_autofree char *path = g_strconcat("/proc/sys/", kernel[i], NULL);
		g_autofree char *name = g_strdup(kernel[i]);
		g_autofree char *value = NULL;

		if (collection_read(collection, path, &value, NULL))
			json_set_string(rows, g_strdelimit(name, "/", '.'), g_strstrip(value));
	}
	return collection_table(collection,
				&(struct collection_item){.path = "kernel.json",
							  .source = "/proc/sys",
							  .hint = "set what differs by sysctl"},
				rows, error);
}

static bool take_system(struct collection *collection, GError **error)
{
	json_t *rows = json_object();
	g_autofree char *memory = NULL;
	struct utsname name;

	if (uname(&name) == 0) {
		json_set_string(rows, "kernel", name.release);
		json_set_string(rows, "machine", name.machine);
		json_set_string(rows, "host", name.nodename);
	}
	json_set_int(rows, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	json_set_int(rows, "page_size", sysconf(_SC_PAGESIZE));
	if (collection_read(collection, "/proc/meminfo", &memory, NULL)) {
		const char *line = strstr(memory, "MemTotal:");

		if (line)
			json_set_int(rows, "memory_kib",
				     g_ascii_strtoll(line + strlen("MemTotal:"), NULL, 10));
	}
	return collection_table(collection,
				&(struct collection_item){
					.path = "system.json",
					.source = "uname, sysconf",
					.hint = "the new host wants as much, and the same machine"},
				rows, error);
}

static json_t *groups_of(const struct passwd *user)
{
	json_t *names = json_array();
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		count = 0;
	for (int i = 0; i < count; i++) {
		struct group entry, *found = NULL;
		char buffer[16384];

		getgrgid_r(groups[i], &entry, buffer, sizeof(buffer), &found);
		g_autofree char *text = found ? g_utf8_make_valid(found->gr_name, -1)
					      : g_strdup_printf("%u", groups[i]);

		json_array_append_new(names, json_string(text));
	}
	return names;
}

static void add_account(json_t *rows, const char *name)
{
	struct passwd entry, *found = NULL;
	char buffer[4096];
	json_t *row;

	getpwnam_r(name, &entry, buffer, sizeof(buffer), &found);
	if (!found)
		return;
	row = table_row(rows, name);
	json_set_int(row, "uid", found->pw_uid);
	json_set_int(row, "gid", found->pw_gid);
	json_set_string(row, "home", found->pw_dir);
	json_set_string(row, "shell", found->pw_shell);
	json_set(row, "groups", groups_of(found));
}

static bool take_accounts(struct collection *collection, GError **error)
{
	static const char *const names[] = {"postgres", "odoo", "www-data", "redis", "traefik"};
	json_t *rows = json_object();

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		add_account(rows, names[i]);
	add_account(rows, g_get_user_name());
	return collection_table(
		collection,
		&(struct collection_item){
			.path = "accounts.json",
			.source = "passwd, group",
			.hint = "make them with the same numbers: files carry numbers, not names"},
		rows, error);
}

static bool take_locales(struct collection *collection, GError **error)
{
	static const char *const argv[] = {"locale", "-a", NULL};

	if (!tool_exists(argv[0])) {
		collection_note(collection, "there is no program 'locale': its list is not here");
		return true;
	}
	return tool_item(
		collection, &(struct tool){.argv = argv},
		&(struct collection_item){
			.path = "locales",
			.source = "locale -a",
			.hint = "generate those of the databases before PostgreSQL is started"},
		error);
}

bool host_collect(struct collection *collection, GError **error)
{
	return take_system(collection, error) && take_kernel(collection, error) &&
	       take_accounts(collection, error) && take_locales(collection, error) &&
	       collection_files(collection, files, COLLECTION_BUILT_IN, NULL, error);
}

/* Our own configuration: never a key, but which there are. */
bool own_collect(struct collection *collection, GError **error)
{
	const struct collect_host *host = collection->host;

	if (host->own_files &&
	    !collection_files(collection, host->own_files, COLLECTION_CONFIGURED, NULL, error))
		return false;
	if (!host->own_facts)
		return true;
	return collection_table(collection,
				&(struct collection_item){.path = "facts.json",
							  .source = "odrbackup",
							  .hint = "where sets are, and which keys "
								  "open them"},
				json_incref(host->own_facts), error);
}
