#ifndef ODR_BASE_PACE_H
#define ODR_BASE_PACE_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line that carries so many bytes a second and no more, whoever uses it. */
struct pace_line {
	uint64_t rate;	   /* bytes a second, not 0 */
	usec_t busy_until; /* with what was taken already */
};
/* Takes the line for so many bytes; how long to wait from now until they are through. */
usec_t pace_take(struct pace_line *line, size_t bytes, usec_t now);
/* How many bytes to move at a time, for the wait to be short. */
size_t pace_portion(uint64_t rate);

/* The same, shared by threads. */
typedef struct pace Pace;
Pace *pace_new(uint64_t rate); /* NULL for 0: as fast as may be */
void pace_free(Pace *pace);
size_t pace_portion_of(const Pace *pace); /* SIZE_MAX for NULL */
/* Waits. False when a stop request ended it. NULL: does not. */
bool pace_wait(Pace *pace, size_t bytes);

#endif
