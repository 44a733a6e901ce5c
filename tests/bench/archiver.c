/*
 * archiver push|push-ready|get COMMAND SEGMENT...
 *
 * Does with WAL segments what a server does, in its working directory, a data directory:
 *   push        for each: X.ready appears in pg_wal/archive_status, COMMAND, X.ready becomes X.done
 *   push-ready  the same with all .ready files there from the beginning, as after a burst of writes
 *   get         for each: COMMAND writes pg_wal/RECOVERYXLOG, which is checked for size and removed
 * In COMMAND %p is the path and %f the name of the file; it is run by the shell, as PostgreSQL does.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECOVERY_FILE "pg_wal/RECOVERYXLOG"

static void fail(const char *what, const char *segment)
{
	fprintf(stderr, "archiver: %s: %s\n", segment, what);
	exit(1);
}

static void append(char *text, size_t size, const char *more, size_t length)
{
	size_t used = strlen(text);

	if (used + length >= size)
		fail("the command is too long", more);
	memcpy(text + used, more, length);
	text[used + length] = '\0';
}

static void run(const char *command, const char *name, const char *path)
{
	char expanded[4096] = "";
	int status = 0;
	pid_t pid;

	for (const char *at = command; *at; at++) {
		if (at[0] == '%' && (at[1] == 'p' || at[1] == 'f')) {
			const char *value = at[1] == 'p' ? path : name;

			append(expanded, sizeof(expanded), value, strlen(value));
			at++;
		} else {
			append(expanded, sizeof(expanded), at, 1);
		}
	}
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", expanded, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		fail("the command failed", name);
}

static void status_path(char path[128], const char *segment, const char *suffix)
{
	if (snprintf(path, 128, "pg_wal/archive_status/%s.%s", segment, suffix) >= 128)
		fail("the name is too long", segment);
}

static void make_ready(const char *segment)
{
	char ready[128];
	FILE *file;

	status_path(ready, segment, "ready");
	file = fopen(ready, "w");
	if (!file || fclose(file) != 0)
		fail("cannot make its .ready", segment);
}

static void push(const char *command, const char *segment)
{
	char path[128], ready[128], done[128];

	if (snprintf(path, sizeof(path), "pg_wal/%s", segment) >= (int)sizeof(path))
		fail("the name is too long", segment);
	status_path(ready, segment, "ready");
	status_path(done, segment, "done");
	run(command, segment, path);
	if (rename(ready, done) < 0)
		fail("cannot rename its .ready", segment);
}

static void get(const char *command, const char *segment)
{
	struct stat info;

	run(command, segment, RECOVERY_FILE);
	if (stat(RECOVERY_FILE, &info) < 0 || info.st_size < 1024 * 1024)
		fail("was not restored", segment);
	unlink(RECOVERY_FILE);
}

int main(int argc, char **argv)
{
	bool ready = argc > 1 && strcmp(argv[1], "push-ready") == 0;
	char **segments = argv + 3;

	if (argc < 4 || (!ready && strcmp(argv[1], "push") != 0 && strcmp(argv[1], "get") != 0)) {
		fprintf(stderr, "usage: archiver push|push-ready|get COMMAND SEGMENT...\n");
		return 2;
	}
	for (int i = 0; ready && segments[i]; i++)
		make_ready(segments[i]);
	for (int i = 0; segments[i]; i++) {
		if (strcmp(argv[1], "get") == 0) {
			get(argv[2], segments[i]);
		} else {
			if (!ready)
				make_ready(segments[i]);
			push(argv[2], segments[i]);
		}
	}
	return 0;
}
