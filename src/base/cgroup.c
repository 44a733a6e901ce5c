#include "base/cgroup.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OURS "odrbackup" /* the leaf that this process moves to */

struct cgroup {
	char *folder, *procs;
	GHashTable *kept; /* names of files */
};

/* The files are the kernel's: none is ever made. */
static bool write_to(const char *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int number = errno;

	if (fd >= 0)
		close(fd);
	errno = number;
	return written;
}

static char *read_from(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) ? g_strchomp(text) : NULL;
}

/* ---- which one is ours --------------------------------------------------------------------------- */

/* Of mountinfo (proc(5)) the mount point of version 2; NULL: there is none. */
static char *mount_point(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char point[4096];

		if (strstr(*line, " - cgroup2 ") &&
		    sscanf(*line, "%*s %*s %*s %*s %4095s", point) == 1)
			return g_strdup(point);
	}
	return NULL;
}

/* "0::/system.slice/odrbackup-drill@weekly.service" */
static char *own_folder(GError **error)
{
	g_autofree char *point = mount_point();
	g_autofree char *text = NULL;
	const char *path;

	if (point && g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL)) {
		path = g_str_has_prefix(text, "0::") ? text : strstr(text, "\n0::");
		path = path ? strstr(path, "::") + 2 : NULL;
		if (path) {
			g_autofree char *own = g_strndup(path, strcspn(path, "\n"));

			return g_build_filename(point, own, NULL);
		}
	}
	odr_fail(error, ODR_ERROR_REFUSED, "this host has no control groups of version 2");
	return NULL;
}

/* ---- making one ---------------------------------------------------------------------------------- */

static bool refuse(const char *what, const char *folder, GError **error)
{
	return odr_fail(error, ODR_ERROR_REFUSED,
			"the control group '%s' %s: %s; let the unit have Delegate=yes", folder,
			what, g_strerror(errno));
}

static bool make_folder(const char *folder)
{
	return mkdir(folder, 0755) == 0 || errno == EEXIST;
}

/* Whoever shares our group keeps it from having limits below (cgroups(7), no internal processes). */
static bool move_aside(const char *own, GError **error)
{
	g_autofree char *leaf = g_build_filename(own, OURS, NULL);
	static const char *const controllers[] = {"+memory", "+cpu", "+io"};
	unsigned enabled = 0;

	if (!make_folder(leaf) || !write_to(leaf, "cgroup.procs", "0"))
		return refuse("is not ours", own, error);
	for (size_t i = 0; i < G_N_ELEMENTS(controllers); i++)
		enabled += write_to(own, "cgroup.subtree_control", controllers[i]);
	return enabled > 0 || refuse("cannot be divided", own, error);
}

/* As it stands there afterwards, alone or as the default. */
static void keep(Cgroup *group, const char *file, const char *written, const char *read)
{
	g_autofree char *now = NULL;

	if (!write_to(group->folder, file, written))
		return;
	now = read_from(group->folder, file);
	if (g_strcmp0(now, read) == 0)
		g_hash_table_add(group->kept, g_strdup(file));
}

static void set_limits(Cgroup *group, const struct cgroup_limits *limits)
{
	/* The kernel counts in pages. */
	g_autofree char *memory = g_strdup_printf(
		"%" G_GUINT64_FORMAT, limits->memory - limits->memory % (uint64_t)getpagesize());
	g_autofree char *cpu = g_strdup_printf("%u", limits->cpu_weight);
	g_autofree char *io = g_strdup_printf("default %u", limits->io_weight);

	keep(group, "memory.max", memory, memory);
	keep(group, "cpu.weight", cpu, cpu);
	keep(group, "io.weight", io, io);
}

Cgroup *cgroup_make_below(const char *own, const char *name, const struct cgroup_limits *limits,
			  GError **error)
{
	g_autoptr(Cgroup) group = g_new0(Cgroup, 1);

	group->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!move_aside(own, error))
		return NULL;
	group->folder = g_build_filename(own, name, NULL);
	group->procs = g_build_filename(group->folder, "cgroup.procs", NULL);
	if (!make_folder(group->folder)) {
		refuse("cannot be made", group->folder, error);
		return NULL;
	}
	set_limits(group, limits);
	return g_steal_pointer(&group);
}

Cgroup *cgroup_make(const char *name, const struct cgroup_limits *limits, GError **error)
{
	g_autofree char *own = own_folder(error);

	return own ? cgroup_make_below(own, name, limits, error) : NULL;
}

void cgroup_free(Cgroup *group)
{
	if (!group)
		return;
	if (group->folder)
		rmdir(group->folder);
	g_hash_table_unref(group->kept);
	g_free(group->folder);
	g_free(group->procs);
	g_free(group);
}

/* ---- what became of it --------------------------------------------------------------------------- */

const char *cgroup_procs(const Cgroup *group)
{
	return group->procs;
}

bool cgroup_keeps(const Cgroup *group, const char *file)
{
	return g_hash_table_contains(group->kept, file);
}

int64_t cgroup_memory_peak(const Cgroup *group)
{
	g_autofree char *text = read_from(group->folder, "memory.peak");
	guint64 peak;

	return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &peak, NULL)
		       ? (int64_t)peak
		       : -1;
}

int64_t cgroup_memory_kills(const Cgroup *group)
{
	g_autofree char *text = read_from(group->folder, "memory.events");
	const char *found = text ? strstr(text, "oom_kill ") : NULL;

	return found ? g_ascii_strtoll(found + strlen("oom_kill "), NULL, 10) : 0;
}
