#ifndef ODR_OPS_AT_RISK_H
#define ODR_OPS_AT_RISK_H

#include "base/clock.h"
#include "pg/wal.h"

/*
 * Data at risk (DRILLS.md 1): the commits that are in no repository yet. Exposure to loss grows while a server is idle; this
 * does not. It is read from the server's own WAL behind the end of what is durable, where that can be read
 * here; else the rows of the heartbeat tell since when at most there may be such commits.
 */
enum at_risk_basis {
	AT_RISK_UNKNOWN,
	AT_RISK_WAL,
	AT_RISK_HEARTBEAT, /* since is the earliest that it can be */
};
struct at_risk {
	enum at_risk_basis basis;
	usec_t since; /* when the oldest commit was made that is not durable; 0: there is none */
	char *why;    /* unknown: a sentence without a full stop; g_free */
};
struct at_risk_end {
	uint32_t timeline, segment_size;
	lsn_t end;		    /* of what is durable: where a segment begins */
	uint64_t system_identifier; /* 0: not known */
};
struct at_risk_source {
	const char *wal;      /* the server's pg_wal; NULL: not known */
	const char *conninfo; /* NULL: no server to ask */
	struct at_risk_end durable;
};
struct at_risk at_risk_find(const struct at_risk_source *source);

/* "wal", "heartbeat"; NULL: unknown. */
const char *at_risk_basis_name(enum at_risk_basis basis);

#endif
