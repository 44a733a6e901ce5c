#ifndef ODR_PROXY_RULES_H
#define ODR_PROXY_RULES_H

#include <glib.h>
#include <stdbool.h>

/*
 * What goes wrong, by a file of rules that may be replaced at any time (by rename: then all counting
 * begins anew). One rule per line, '#' begins a comment:
 *
 *   METHOD TARGET NUMBERS FAULT [ARGUMENT]...
 *
 * METHOD   of the request, '*' for all, or CONNECT for a new connection
 * TARGET   pattern of path?query as it goes over the wire ('*' stands for any text)
 * NUMBERS  which of the requests that fit: 3, 3-5, 3- or '*'
 *
 * FAULT, where nothing is forwarded to the server:
 *   reset-before, stall-before     of a connection, too
 *   status CODE [NAME] [HEADER:VALUE]...    an <Error> of that name; with CODE 200, too
 *   answer CODE FILE [HEADER:VALUE]...      what the file holds
 * where half of the request's body is:
 *   reset-sending, stall-sending
 * where the server has done it, and its answer is withheld:
 *   reset-after, stall-after
 *   status-after CODE [NAME] [HEADER:VALUE]...
 * where the head and half of the body of its answer are given:
 *   reset-within, close-within, stall-within
 * where something else is given or taken than was sent:
 *   flip-sent                      one bit in the middle of the request's body
 *   flip                           one bit in the middle of the answer's body
 *   cut N, more N                  its last N bytes are missing, N bytes follow; as announced
 *   double                         its first half comes twice, as announced
 *   announce N                     Content-Length is N more (or less) than what comes
 *   drip N                         N bytes every 20 ms
 *   header HEADER:VALUE            a header of the answer, added or replaced
 *   delay MS                       before the answer
 */
enum fault_kind {
	FAULT_NONE,
	FAULT_RESET_BEFORE,
	FAULT_STALL_BEFORE,
	FAULT_STATUS,
	FAULT_ANSWER,
	FAULT_RESET_SENDING,
	FAULT_STALL_SENDING,
	FAULT_RESET_AFTER,
	FAULT_STALL_AFTER,
	FAULT_STATUS_AFTER,
	FAULT_FLIP_SENT,
	FAULT_HEADER,
	FAULT_DELAY,
	/* From here on it is about the answer's body. */
	FAULT_RESET_WITHIN,
	FAULT_CLOSE_WITHIN,
	FAULT_STALL_WITHIN,
	FAULT_FLIP,
	FAULT_CUT,
	FAULT_MORE,
	FAULT_DOUBLE,
	FAULT_ANNOUNCE,
	FAULT_DRIP,
};
struct fault {
	enum fault_kind kind;
	char **arguments; /* NULL: none; ended by NULL */
};
typedef struct fault Fault;
void fault_clear(Fault *fault);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fault, fault_clear)
long fault_number(const Fault *fault); /* its first argument */

struct rules *rules_new(const char *path, const char *log_path);
/* Counts a request, logs it as "METHOD TARGET FAULT", and tells its fault. A file that is no file of
 * rules ends the program: a test would prove nothing. */
void rules_take(struct rules *rules, const char *method, const char *target, Fault *fault);

#endif
