#ifndef ODR_BASE_STOP_H
#define ODR_BASE_STOP_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/* First SIGINT or SIGTERM: the flag; work in progress ends at the next safe point. Second: the
 * process ends at once. SIGPIPE is ignored. */
void stop_install(void);
bool stop_requested(void);
int stop_signal(void);	       /* 0, SIGINT or SIGTERM */
void stop_request(int signal); /* 0 takes it back */
/* False with ODR_ERROR_STOPPED when a stop was requested. */
bool stop_check(GError **error);
/* Waits so long, unless a stop was requested meanwhile: false with ODR_ERROR_STOPPED. */
bool stop_wait(usec_t time, GError **error);

#endif
