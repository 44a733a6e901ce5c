#ifndef ODR_DRILL_ENGINE_FORWARD_H
#define ODR_DRILL_ENGINE_FORWARD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A way into a network that has none: a process in there hands every connection to a socket of the file system, which
 * crosses namespaces, on to a port of its loopback. It ends with the thread that started it, however that ends.
 */
typedef struct forward Forward;
struct forward_settings {
	const char *socket; /* to be made, in a folder that is nobody else's */
	pid_t pid; /* whose network: a process that was started without (base/background.h) */
	uint16_t port;
	bool given; /* it may be our own (base/confine.h) */
};
/* REFUSED where that network cannot be entered. What nobody takes at the port ends at once, without a byte. */
Forward *forward_start(const struct forward_settings *settings, GError **error);
void forward_free(Forward *forward);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forward, forward_free)

#endif
