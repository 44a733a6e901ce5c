#ifndef ODR_DRILL_ENGINE_ISOLATION_H
#define ODR_DRILL_ENGINE_ISOLATION_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * That nothing of a drill reaches the network, or a server of this host by its socket in the file system, is tried, not
 * assumed: from where its server runs, each address has to be unreachable at once, and each socket out of sight. Names are
 * resolved outside, where that works.
 */
struct isolation_result {
	char *to;      /* "db.example.org:5432", as it was given */
	char *address; /* "192.0.2.7", numeric */
	int number;    /* errno of the connection inside; 0: it was established */
	bool is_file;  /* a socket of the file system: its path is both */
};
struct isolation {
	GPtrArray *results; /* struct isolation_result */
	/* "net:[4026531840]": of this process, or, where its own was given, of the host, NULL where that is not known;
	 * and of where the drill runs */
	char *own_network, *network;
};
void isolation_clear(struct isolation *isolation);

struct isolation_request {
	const char *const *
		probes; /* "HOST:PORT" or "[ADDRESS]:PORT", NULL-terminated; addresses that are nobody's are
				    * always among them; NULL: no others */
	const GPtrArray *
		sockets; /* char *: of this host, as they were before the process began; NULL: none */
	const char *own; /* folder whose sockets are the drill's own; NULL: none is */
	bool given; /* the network is that of this process, made by whoever started it; it has to have no more than a
		       * loopback */
	pid_t pid; /* process that was started without network (base/background.h); 0: one made for this, to which
		    * nothing is hidden */
};
/* REFUSED where an address or socket can be reached, does not answer at once, or cannot be resolved, and where namespaces
 * are forbidden; *isolation is then what was found all the same. USAGE for what is no address. */
/* Whether this process is in a network of others' making that leads nowhere, as far as can be seen without trying. REFUSED. */
bool isolation_is_given(GError **error);
bool isolation_prove(const struct isolation_request *request, struct isolation *isolation,
		     GError **error);

#endif
