#ifndef ODR_DRILL_ENGINE_HOST_H
#define ODR_DRILL_ENGINE_HOST_H

#include "base/json.h"

/*
 * What of a host decides how fast it restores: processors, memory, kernel, the file system of the sandbox. Drills on
 * hosts of one class compare. Objects with members cpu, cpus, memory_bytes, kernel, filesystem; what cannot be told is
 * null. directory NULL: there is no sandbox, and the file system is that of /. New reference.
 */
json_t *host_facts(const char *directory);
/* Whether the clock is held for synchronized, and how far it is off, by the kernel (adjtimex(2)), or by systemd-timesyncd where
 * that may not be asked: synchronized, offset_us, source; null where nobody says. New reference. */
json_t *host_clock(void);
/* Versions of the libraries that run, by the names of their files: libpq → 5.15. New reference. */
json_t *host_libraries(void);
/* SHA-256 (hex) of processors, memory to the GiB, and kind of file system; g_free. */
char *host_class(const json_t *facts);

#endif
