#ifndef ODR_BASE_PROCESS_H
#define ODR_BASE_PROCESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct process_result {
	int status;	 /* exit status, or 128 + signal; 255 if it cannot be known */
	char *out, *err; /* NUL-terminated, cut at the limit; g_free by process_result_clear */
	bool cut;	 /* one of them was */
	bool timed_out;
};
void process_result_clear(struct process_result *result);

struct process_request {
	const char *const *argv;	/* NULL-terminated; argv[0] found by PATH unless absolute */
	const char *directory;		/* NULL: unchanged */
	const char *const *environment; /* "NAME=value", NULL-terminated; NULL: ours */
	size_t limit;			/* of each stream; 0: 1 MiB */
	int64_t timeout_us; /* 0: none; then the process group is killed and status is 137 */
	/* Gets stdout as it comes, without limit; result->out is then empty. False kills the process group
	 * and makes process_run fail with its error. */
	bool (*output)(void *data, const void *bytes, size_t size, GError **error);
	void *output_data;
};
/* Runs to the end with stdin from /dev/null, in a process group of its own; a stop request sends the
 * group SIGTERM. Fails only if it could not be started, or if output did. A program left behind in the
 * background is not waited for. */
bool process_run(const struct process_request *request, struct process_result *result,
		 GError **error);

#endif
