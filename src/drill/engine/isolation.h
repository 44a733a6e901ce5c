#ifndef ODR_DRILL_ENGINE_ISOLATION_H
#define ODR_DRILL_ENGINE_ISOLATION_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * That nothing of a drill reaches the network is tried, not assumed: from where its server runs, each address has to be
 * unreachable at once. Names are resolved outside, where that works.
 */
struct isolation_result {
	char *to;      /* "db.example.org:5432", as it was given */
	char *address; /* "192.0.2.7", numeric */
	int number;    /* errno of the connection inside; 0: it was established */
};
struct isolation {
	GPtrArray *results; /* struct isolation_result */
	char *own_network,
		*network; /* "net:[4026531840]": of this process, and of where the drill runs */
};
void isolation_clear(struct isolation *isolation);

/* probes: "HOST:PORT" or "[ADDRESS]:PORT", NULL-terminated; addresses that are nobody's are always among them. pid: a
 * process that was started without network (base/background.h); 0: a process made for this. REFUSED where an address
 * can be reached, does not answer at once, or cannot be resolved, and where namespaces are forbidden; *isolation is then
 * what was found all the same. USAGE for what is no address. */
bool isolation_prove(const char *const *probes, pid_t pid, struct isolation *isolation,
		     GError **error);

#endif
