#ifndef ODR_DRILL_EVIDENCE_AUDIT_H
#define ODR_DRILL_EVIDENCE_AUDIT_H

#include "base/clock.h"
#include "base/json.h"
#include "crypto/digest.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The audit chain of a host: <state>/audit.log, of lines
 *   {"seq":N,"prev":HEX,"ts":TIME,"mono":USEC,"event":E,"actor":{…},"run":ID,"data":{…}}
 * where seq counts from 1 and prev is the SHA-256 of the line before, with its newline (64 zeros in the first). A
 * line is appended under a lock and synced before what it announces is done; nothing is ever removed, and the
 * file never rotated. odrbackup-evidence(5) specifies it. <state>/catalog.db mirrors it.
 *
 * A line that a crash tore stays where it is. The next append first ends it with a newline, where it has none, and
 * says so in a line audit.torn, whose prev is that of the torn line, and whose data binds all that is torn:
 *   {"after":HEX,"bytes":N,"lines":N,"sha256":HEX}    after: digest of the last good line
 */

/* The closed list of events, `noun.verb-past`. */
enum audit_event {
	AUDIT_BEGUN,	    /* audit.begun: the first line of a chain */
	AUDIT_TORN,	    /* audit.torn: see above */
	AUDIT_CHECKPOINTED, /* audit.checkpointed: a signed checkpoint was stored */
	AUDIT_DRILL_SCHEDULED,
	AUDIT_DRILL_DRAWN,
	AUDIT_DRILL_ENTERED, /* drill.entered: data.state names the state that begins */
	AUDIT_DRILL_JUDGED,
	AUDIT_DRILL_SIGNED, /* data.record_sha256 */
	AUDIT_DRILL_STORED,
	AUDIT_DRILL_CLOSED,    /* data.outcome: the end of a run, whatever came of it */
	AUDIT_DRILL_ABANDONED, /* found open by a later command: also an end */
	AUDIT_EVIDENCE_EXPORTED,
	AUDIT_CONFIGURATION_CHANGED,
	AUDIT_PLAN_CHANGED,
	AUDIT_KEY_CREATED,
	AUDIT_KEY_ENDORSED,
	AUDIT_KEY_USED,
	AUDIT_KEY_ESCROWED,
	AUDIT_KEY_TESTED, /* data.outcome: "ok", "failed"; so have these: */
	AUDIT_KIT_TESTED,
	AUDIT_LOCK_TESTED,
	AUDIT_RECIPIENT_ADDED,
	AUDIT_SET_PUBLISHED,
	AUDIT_SET_EXTENDED,
	AUDIT_SET_EXPIRED,
	AUDIT_DELETION_TRIED,
	AUDIT_HOLD_ADDED,
	AUDIT_HOLD_RELEASED,
	AUDIT_RESTORE_PLANNED,
	AUDIT_RESTORE_APPROVED,
	AUDIT_RESTORE_ENDED,
	AUDIT_REPORT_WRITTEN,
	AUDIT_CATALOG_REBUILT,
	AUDIT_EXEMPTION_RECORDED,
	AUDIT_INCIDENT_OPENED, /* drill/incident/incident.h: what they have as data */
	AUDIT_INCIDENT_MARKED,
	AUDIT_INCIDENT_NOTED,
	AUDIT_INCIDENT_LINKED,
	AUDIT_INCIDENT_JOINED,
	AUDIT_INCIDENT_CLOSED,
	AUDIT_INCIDENT_EXPORTED,
	AUDIT_EVENTS
};
const char *audit_event_name(enum audit_event event);

/* A line with its newline is no longer. */
#define AUDIT_LINE_MAX ((size_t)64 << 10)

/* The end of a chain: what a checkpoint signs. */
struct audit_head {
	uint64_t seq; /* 0: nothing was appended yet */
	char sha256[2 * SHA256_SIZE + 1];
};

typedef struct audit Audit;
/* Opens the chain of a state folder for appending, and makes it if need be. Reads who acts: uid, login uid,
 * SUDO_USER, host, terminal. */
Audit *audit_open(const char *state, GError **error);
void audit_close(Audit *audit); /* runs that are held are let go */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Audit, audit_close)

/* Who acts, as the lines say it. New reference. */
json_t *audit_actor(const Audit *audit);

struct audit_entry {
	enum audit_event event;
	const char *run;    /* NULL: none */
	const json_t *data; /* an object, or NULL: {} */
};
/* Durable when it returns true: only then may what it announces begin. Waits for other commands that append. head
 * (or NULL) is the end of the chain with this line. */
bool audit_append(Audit *audit, const struct audit_entry *entry, struct audit_head *head,
		  GError **error);

/*
 * A run from its draw to its end. Who begins one holds it, by a lock on <state>/runs/<run>.lock that the system
 * releases however the process ends; hold before drill.scheduled is appended. BUSY: another process has it.
 */
bool audit_hold(Audit *audit, const char *run, GError **error);
/* After drill.closed or drill.abandoned of it. */
void audit_release(Audit *audit, const char *run);
/* Closes what was scheduled or drawn, never ended, and is held by nobody: appends drill.abandoned for each, and
 * adds their ids to *runs (char *; owned by the array), oldest first. Every command that opens the chain calls it
 * once. What they left behind is the caller's to remove and to record. */
bool audit_abandon(Audit *audit, GPtrArray **runs, GError **error);

/* Reading back. All of it is hostile until it fits. */
struct audit_line {
	uint64_t number; /* in the file, from 1 */
	uint64_t seq;
	char prev[2 * SHA256_SIZE + 1], sha256[2 * SHA256_SIZE + 1]; /* of the line itself */
	usec_t time, monotonic;
	const char *event; /* of the list, or what a newer version knows */
	const char *run;   /* or NULL */
	json_t *actor, *data;
	const char *text; /* the bytes, with the newline */
	size_t size;
};
/* False ends the reading early. The line is valid during the call. */
typedef bool (*audit_each)(void *data, const struct audit_line *line);

struct audit_finding {
	uint64_t line;
	bool torn; /* a crash tore something, and the chain says so: no tampering */
	char *what;
};
struct audit_report {
	uint64_t lines;		/* good ones */
	struct audit_head head; /* of the last good line */
	usec_t first, last;	/* times of the first and the last good line */
	GPtrArray *findings;	/* struct audit_finding, in order; at most AUDIT_FINDINGS_MAX */
	bool broken;		/* one of them is not only torn */
};
#define AUDIT_FINDINGS_MAX 1000
void audit_report_clear(struct audit_report *report);
/* Reads a whole chain file and judges it: report is filled, and each (or NULL) called, for every line that is one
 * and follows from the one before; after a break with what still is a line. Fails only where the file cannot be
 * read; NOT_FOUND if there is none. */
bool audit_read(const char *path, audit_each each, void *data, struct audit_report *report,
		GError **error);
char *audit_path(const char *state); /* <state>/audit.log; g_free */
/* Names of runs that were scheduled or drawn and have no end: char *, oldest first. An absent chain has none. */
bool audit_open_runs(const char *path, GPtrArray **runs, GError **error);

#endif
