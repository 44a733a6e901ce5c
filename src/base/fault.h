#ifndef ODR_BASE_FAULT_H
#define ODR_BASE_FAULT_H

#include <glib.h>
#include <stdbool.h>

/*
 * Faults planted on purpose, compiled in with --enable-fault-injection (implied by
 * --enable-sanitizers); otherwise these are constants and cost nothing. The environment variable
 * ODR_FAULT=POINT:K:ACTION makes the K-th passing of POINT fail: "fail" sets an error, "nospace"
 * the one of a full disk, "kill" raises SIGKILL, "stop" SIGTERM, and "pause" SIGSTOP: the world may be changed, and
 * SIGCONT lets it go on. That it fired is appended to the file ODR_FAULT_LOG. Points: store.put store.get store.list
 * store.delete file.open file.read file.write file.fsync file.rename step. Thread-safe. ODR_FAULT_CLOCK=SECONDS puts the host's clock so much ahead.
 */
#ifdef ODR_FAULT_INJECTION
bool fault_point(const char *point, const char *what, GError **error); /* false: fail now */
gint64 fault_clock(void); /* seconds ahead, may be negative */
#else
static inline bool fault_point(const char *point, const char *what, GError **error)
{
	(void)point, (void)what, (void)error;
	return true;
}
static inline gint64 fault_clock(void)
{
	return 0;
}
#endif

#endif
