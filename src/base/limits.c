#include "base/limits.h"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE_LAST 19
#define TURN_LAST 7
#define USUAL	  100

static bool join(const char *group)
{
	int fd = open(group, O_WRONLY | O_CLOEXEC);
	bool joined = fd >= 0 && write(fd, "0", 1) == 1;

	if (fd >= 0)
		close(fd);
	return joined;
}

void limits_apply(const struct process_limits *limits)
{
	struct rlimit memory = {limits->memory, limits->memory};

	if (limits->group && join(limits->group))
		return;
	if (limits->memory > 0)
		(void)setrlimit(RLIMIT_DATA, &memory);
	if (limits->nice > 0)
		(void)setpriority(PRIO_PROCESS, 0, limits->nice);
	if (limits->disk_turn >= 0)
		(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			      IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, limits->disk_turn));
}

void limits_of(pid_t pid, struct process_limits *limits)
{
	struct rlimit memory;
	long turn = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);

	*limits = (struct process_limits){.nice = getpriority(PRIO_PROCESS, (id_t)pid),
					  .disk_turn = -1};
	if (prlimit(pid, RLIMIT_DATA, NULL, &memory) == 0 && memory.rlim_cur != RLIM_INFINITY)
		limits->memory = memory.rlim_cur;
	if (turn >= 0 && IOPRIO_PRIO_CLASS(turn) == IOPRIO_CLASS_BE)
		limits->disk_turn = (int)IOPRIO_PRIO_DATA(turn);
}

/* Each step of nice is a quarter more or less (sched_prio_to_weight, kernel/sched/core.c). */
int nice_of_weight(unsigned weight)
{
	double steps = weight > 0 && weight < USUAL ? log((double)USUAL / weight) / log(1.25) : 0;

	return steps > NICE_LAST ? NICE_LAST : (int)(steps + 0.5);
}

/* The usual one is 4; nothing tells how much a step is worth. */
int disk_turn_of_weight(unsigned weight)
{
	return weight >= USUAL ? -1 : weight > USUAL / 2 ? 5 : weight > USUAL / 4 ? 6 : TURN_LAST;
}
