/*
 * measure [-p POSTMASTER] -o FILE -- COMMAND...
 *
 * Runs a command to the end of its last descendant and appends one line to FILE:
 *   wall cpu memory server-cpu
 * wall: seconds until the command itself has ended. cpu: seconds of it and all its descendants,
 * those that went on alone included (they are adopted here). memory: KiB of the largest single
 * process. server-cpu: seconds spent meanwhile by the process POSTMASTER and its children, those
 * that it has reaped included. The exit status is the command's.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double timeval_seconds(struct timeval value)
{
	return (double)value.tv_sec + (double)value.tv_usec / 1e6;
}

struct process_times {
	int parent;
	long long own;	  /* clock ticks */
	long long reaped; /* of children that have ended */
};

/* Reads /proc/PID/stat; the name in it may hold anything, so fields are counted from its end. */
static int process_read(int pid, struct process_times *times)
{
	char path[64], text[2048], *fields;
	long long user, system, reaped_user, reaped_system;
	size_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	fields = strrchr(text, ')');
	if (!fields)
		return -1;
	if (sscanf(fields + 2, "%*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
		   &times->parent, &user, &system, &reaped_user, &reaped_system) != 5)
		return -1;
	times->own = user + system;
	times->reaped = reaped_user + reaped_system;
	return 0;
}

static double server_seconds(int postmaster)
{
	struct process_times times;
	struct dirent *entry;
	long long ticks;
	DIR *proc;

	if (postmaster <= 0 || process_read(postmaster, &times) < 0)
		return 0;
	ticks = times.own + times.reaped;
	proc = opendir("/proc");
	while (proc && (entry = readdir(proc))) {
		int pid = isdigit((unsigned char)entry->d_name[0])
				  ? (int)strtol(entry->d_name, NULL, 10)
				  : 0;

		/* The archiver's commands are its children: what it has reaped counts too. */
		if (pid && process_read(pid, &times) == 0 && times.parent == postmaster)
			ticks += times.own + times.reaped;
	}
	if (proc)
		closedir(proc);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static pid_t command_start(char **command)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	double begin, end, server;
	int option, status, postmaster = 0, result = 1;
	const char *output = NULL;
	struct rusage usage;
	pid_t command, ended;
	FILE *file;

	while ((option = getopt(argc, argv, "+o:p:")) != -1) {
		if (option == 'o')
			output = optarg;
		else if (option == 'p')
			postmaster = (int)strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (!output || optind >= argc) {
		fprintf(stderr, "usage: measure [-p POSTMASTER] -o FILE -- COMMAND...\n");
		return 2;
	}

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	server = server_seconds(postmaster);
	begin = end = clock_seconds();
	command = command_start(argv + optind);
	while ((ended = wait(&status)) > 0 || errno == EINTR) {
		if (ended == command) {
			end = clock_seconds();
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
	/* The server may still be closing the last session. */
	if (postmaster)
		usleep(30000);
	server = server_seconds(postmaster) - server;
	getrusage(RUSAGE_CHILDREN, &usage);

	file = fopen(output, "a");
	if (!file) {
		perror(output);
		return 2;
	}
	fprintf(file, "%.4f %.4f %ld %.3f\n", end - begin,
		timeval_seconds(usage.ru_utime) + timeval_seconds(usage.ru_stime), usage.ru_maxrss,
		server);
	fclose(file);
	return result;
}
