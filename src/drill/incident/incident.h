#ifndef ODR_DRILL_INCIDENT_INCIDENT_H
#define ODR_DRILL_INCIDENT_INCIDENT_H

#include "drill/evidence/audit.h"

/*
 * The timeline of a real recovery. It lies in the audit chain of the host (drill/evidence/audit.h) and nowhere else, so that
 * it needs neither network nor catalog. Ids look like those of sets. Its lines, each with data.incident:
 *   incident.opened   service, title
 *   incident.marked   mark, at (as people state it; null: when it was recorded), correct (why an earlier one does not
 *                     count; or null), server (what the recovered one said; or null), log (what its log
 *                     told of replay and startup: file, spans; or null)
 *   incident.noted    text, lost (it names what was lost), later (written after the end)
 *   incident.linked   linked: a run of this host, so that its spans count
 *   incident.joined   sha256, seq: a chain of another host, kept in <state>/incidents/<id>/<sha256>/audit.log
 *   incident.closed   summary
 *   incident.exported folder
 * and restore.planned and restore.ended of restores that were made for it, drill.scheduled and drill.closed of drills: these
 * prove something of a recovery, and are none, so that no figure is of them.
 */

/* What people mark, in the order in which it happens. */
enum incident_mark {
	INCIDENT_LOSS, /* from here on nothing of the source counts: it is gone, or was taken out of use */
	INCIDENT_DETECTED,
	INCIDENT_DECLARED,
	INCIDENT_DECISION,
	INCIDENT_RESTORE_START,
	INCIDENT_DB_READY,
	INCIDENT_SERVICE_READY,
	INCIDENT_CUTOVER,
	INCIDENT_ALL_CLEAR,
	INCIDENT_MARKS
};
const char *incident_mark_name(enum incident_mark mark); /* "db-ready" */
const char *incident_mark_meaning(enum incident_mark mark);
/* USAGE, with the names there are. */
bool incident_mark_parse(const char *name, enum incident_mark *mark, GError **error);

enum incident_kind {
	INCIDENT_OPENED,
	INCIDENT_MARKED,
	INCIDENT_NOTED,
	INCIDENT_LINKED,
	INCIDENT_JOINED,
	INCIDENT_CLOSED,
	INCIDENT_EXPORTED,
	INCIDENT_RESTORE_BEGAN,
	INCIDENT_RESTORE_ENDED,
	INCIDENT_DRILL_BEGAN,
	INCIDENT_DRILL_ENDED,
};
/* A line of a chain that belongs to it. What is absent is NULL or 0. */
struct incident_entry {
	enum incident_kind kind;
	uint64_t seq;
	char *sha256; /* of the line, with its newline */
	char *chain;  /* digest of the joined chain it stands in; NULL: the host's own */
	usec_t recorded, stated;
	enum incident_mark mark;
	char *text; /* title, note, summary, plan; of a mark why it corrects an earlier one */
	char *run;  /* of a restore or drill, or linked */
	char *user, *host;
	bool lost, later;
	bool counts; /* of a mark: it was not corrected, nor recorded when there was one already */
	json_t *data;
};
usec_t incident_entry_time(const struct incident_entry *entry); /* stated, else recorded */
const char *incident_kind_name(enum incident_kind kind);	/* "marked" */
char *incident_entry_words(const struct incident_entry *entry); /* "db-ready", "note: …"; g_free */

/* A phase of a restore, as it was measured. */
struct incident_span {
	char *phase, *component; /* names as of drills */
	usec_t began, took;
	int64_t bytes; /* -1: not known */
	bool failed;
};
struct incident_restore {
	char *run, *command, *set, *outcome; /* outcome NULL: it never told of its end */
	usec_t began, ended;		     /* began: when the command was given */
	GArray *spans;			     /* struct incident_span */
	char *type;			     /* of the target: "default", … */
	usec_t last_commit;		     /* newest in the archive when it began; 0: not known */
	char *system_identifier;
	bool own;    /* of this host: its own chain told of it */
	bool linked; /* by hand, afterwards */
	bool logged; /* the server's log told of its replay and startup */
};
/* What the recovered server said when it was asked. */
struct incident_server {
	usec_t asked; /* 0: never */
	usec_t last_replayed; /* end of the newest transaction that recovery brought back; 0: it did not say */
	usec_t started;
	char *system_identifier;
};

typedef struct incident Incident;
struct incident {
	char *id, *service, *title, *summary;
	usec_t opened, closed;				    /* as recorded; closed 0: it is open */
	GPtrArray *entries;				    /* struct incident_entry, as recorded */
	const struct incident_entry *marks[INCIDENT_MARKS]; /* that counts; NULL: none */
	GPtrArray *restores;				    /* struct incident_restore, by time */
	struct incident_server server;			    /* the last answer */
	bool broken;					    /* one of its chains does not hold */
};
void incident_free(Incident *incident);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Incident, incident_free)
usec_t incident_mark_time(const Incident *incident, enum incident_mark mark); /* 0: not marked */
/* The last restore of a database that had ended when a server was started; NULL: none. */
struct incident_restore *incident_recovery_of(const Incident *incident, usec_t started);
/* Names of those that nobody marked, but restore-start where restores tell when that was; "" for none; g_free. */
char *incident_unmarked(const Incident *incident);

/* ---- reading (read.c) ------------------------------------------------------------------------- */

/* All of a state folder, or of what an export wrote, oldest first. service NULL: of all. A chain that does not hold, or a
 * joined one that is gone, is a sentence in troubles. */
bool incident_load_all(const char *state, const char *service, GPtrArray **incidents,
		       GPtrArray *troubles, GError **error);
/* NOT_FOUND. name: an id, or "latest". */
bool incident_load(const char *state, const char *name, Incident **incident, GPtrArray *troubles,
		   GError **error);
/* The only one that is open; REFUSED where there is none, USAGE where there are several. */
bool incident_load_open(const char *state, Incident **incident, GPtrArray *troubles,
			GError **error);

/* ---- writing (write.c) ------------------------------------------------------------------------ */

/* Text that people write: not empty, UTF-8, no longer than this. USAGE; what names it. */
#define INCIDENT_TEXT_MAX 4000
bool incident_text_check(const char *what, const char *text, GError **error);

bool incident_open(Audit *audit, const char *service, const char *title, char **id, GError **error);
struct incident_marking {
	enum incident_mark mark;
	usec_t at;			      /* 0: now */
	const char *correct;		      /* why the one there is does not count; or NULL */
	const struct incident_server *server; /* or NULL */
	const json_t *log; /* what its log tells: file, spans as a restore has them; or NULL */
};
/* REFUSED where it is closed, EXISTS where the mark is there and nothing is corrected, USAGE of a time that is still to
 * come. What contradicts the order of the marks is a sentence in warnings. */
bool incident_mark(Audit *audit, const Incident *incident, const struct incident_marking *marking,
		   GPtrArray *warnings, GError **error);
struct incident_note {
	const char *text;
	bool lost, later;
};
/* REFUSED where it is closed and the note does not say that it is later. */
bool incident_note(Audit *audit, const Incident *incident, const struct incident_note *note,
		   GError **error);
/* A run of this host; NOT_FOUND if its chain has none that restored. */
bool incident_link(Audit *audit, const char *state, const Incident *incident, const char *run,
		   GError **error);
bool incident_close(Audit *audit, const Incident *incident, const char *summary, GError **error);
/* For a restore that is made for it: REFUSED where it is closed. */
bool incident_check_open(const Incident *incident, GError **error);

/* ---- other hosts (join.c) --------------------------------------------------------------------- */

/* Takes over a copy of the chain in a state folder, or an export, of another host, as far as it tells of an incident.
 * CORRUPT where it does not hold; NOT_FOUND where it does not know it; EXISTS where all of it is here. */
bool incident_join(Audit *audit, const char *state, const char *id, const char *from,
		   GError **error);
/* Digests of the chains that were joined: char *, sorted. */
bool incident_joined(const char *state, const char *id, GPtrArray **digests, GError **error);
char *incident_chain_path(const char *state, const char *id, const char *digest); /* g_free */

/* ---- for who looks at it elsewhere (export.c) -------------------------------------------------- */

/* The chain with its checkpoints, and copies of those that were joined, into a folder that is empty or not there: one can
 * read it as the state folder itself. keys: struct evidence_exported_key, of the checkpoints. */
bool incident_export(const char *state, const Incident *incident, const GPtrArray *keys,
		     const char *to, GError **error);

#endif
