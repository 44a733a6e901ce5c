#ifndef ODR_BASE_CGROUP_H
#define ODR_BASE_CGROUP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A control group (cgroups(7), version 2) below our own, where that was delegated to us, as systemd does for a unit with
 * Delegate=: what joins it is limited together. Only leaves may hold processes, so this process moves into one.
 */
struct cgroup_limits {
	uint64_t memory; /* bytes */
	unsigned cpu_weight, io_weight;
};
typedef struct cgroup Cgroup;
/* REFUSED, with the reason, where there is no such group, or none that is ours alone. */
Cgroup *cgroup_make(const char *name, const struct cgroup_limits *limits, GError **error);
/* The same below a folder that stands for our own group: for tests. */
Cgroup *cgroup_make_below(const char *own, const char *name, const struct cgroup_limits *limits,
			  GError **error);
void cgroup_free(Cgroup *group); /* removes it; nothing may be in it any more */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cgroup, cgroup_free)

const char *cgroup_procs(const Cgroup *group); /* path of the file that who joins writes to */
/* The kernel keeps to it: it was read back. file: "memory.max", "cpu.weight", "io.weight". */
bool cgroup_keeps(const Cgroup *group, const char *file);
/* What its processes had together at most; -1: the kernel does not say. Killed for want of memory: how many. */
int64_t cgroup_memory_peak(const Cgroup *group);
int64_t cgroup_memory_kills(const Cgroup *group);

#endif
