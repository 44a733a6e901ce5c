#ifndef ODR_DRILL_ENGINE_HOST_H
#define ODR_DRILL_ENGINE_HOST_H

#include "base/json.h"

/*
 * What of a host decides how fast it restores: processors, memory, kernel, the file system of the sandbox. Drills on
 * hosts of one class compare. Objects with members cpu, cpus, memory_bytes, kernel, filesystem; what cannot be told is
 * null. directory NULL: there is no sandbox, and the file system is that of /. New reference.
 */
json_t *host_facts(const char *directory);
/* Whether the kernel holds the clock for synchronized (adjtimex(2)), and how far it is off: synchronized, offset_us, source;
 * null where the kernel does not say. New reference. */
json_t *host_clock(void);
/* Versions of the libraries that run, by the names of their files: libpq → 5.15. New reference. */
json_t *host_libraries(void);
/* SHA-256 (hex) of processors, memory to the GiB, and kind of file system; g_free. */
char *host_class(const json_t *facts);

#endif
