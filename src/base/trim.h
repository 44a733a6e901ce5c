#ifndef ODR_BASE_TRIM_H
#define ODR_BASE_TRIM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* The device of a folder's file system is told which of its blocks are free, so that it forgets what was in them
 * (FITRIM of linux/fs.h). That takes CAP_SYS_ADMIN, and a device that discards. */
bool trim_possible(const char *folder, GError **error); /* REFUSED, with what to do */
/* All that is free, once what was removed is. bytes: as many as the kernel says it discarded. */
bool trim(const char *folder, uint64_t *bytes, GError **error);
/* The right that this thread was given by whoever started it (capabilities(7), ambient) is not handed on to programs. */
void trim_keep_right(void);

#endif
