#ifndef ODR_BASE_LIMITS_H
#define ODR_BASE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What a program may take, and all it starts. With a control group (base/cgroup.h) that counts them together; without one
 * the kernel keeps to limits for each process alone: of the memory that is its own (RLIMIT_DATA: shared memory does not
 * count), and of its turn for the processor and the disks.
 */
struct process_limits {
	const char *group; /* cgroup.procs that it joins; NULL: none, then the others apply */
	uint64_t memory;   /* bytes; 0: no limit */
	int nice;	   /* 0 to 19 */
	int disk_turn;	   /* of best effort (ioprio_set(2)): 0 first, 7 last; -1: as it is */
};
/* In the child, with system calls only. What cannot be had is left out: limits_of tells. */
void limits_apply(const struct process_limits *limits);
/* As the kernel has them for a process: memory 0 where there is no limit, disk_turn -1 where none was set. group is not
 * told. */
void limits_of(pid_t pid, struct process_limits *limits);

/* A share of which 100 is usual, as the two know it. */
int nice_of_weight(unsigned weight);
int disk_turn_of_weight(unsigned weight);

#endif
