#ifndef ODR_BASE_PROCESS_H
#define ODR_BASE_PROCESS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct process_result {
	int status;	 /* exit status, or 128 + signal; 255 if it cannot be known */
	char *out, *err; /* NUL-terminated, cut at the limit; g_free by process_result_clear */
};
void process_result_clear(struct process_result *result);

struct process_request {
	const char *const *argv; /* NULL-terminated; argv[0] found by PATH unless absolute */
	const char *directory;	 /* NULL: unchanged */
	size_t limit;		 /* of each stream; 0: 1 MiB */
	int64_t timeout_us;	 /* 0: none; then the process group is killed and status is 137 */
};
/* Runs to the end with stdin from /dev/null, in a process group of its own; a stop request sends the
 * group SIGTERM. Fails only if it could not be started. A program left behind in the background is
 * not waited for. */
bool process_run(const struct process_request *request, struct process_result *result,
		 GError **error);

#endif
