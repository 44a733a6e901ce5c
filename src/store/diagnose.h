#ifndef ODR_STORE_DIAGNOSE_H
#define ODR_STORE_DIAGNOSE_H

#include "store/store.h"

/*
 * Whether a store works from here, one step after another, and what was proven on the way. What is found
 * is a step, never an error. A probe of a few bytes is put below STORE_PROBE, which no name of the format
 * begins with; it has no lock, and is removed where the credential may. What stays, `odrbackup expire`
 * removes after a day.
 */
#define STORE_PROBE	 "probe/"
#define STORE_PROBE_KEPT USEC_PER_DAY
/* True of names that a diagnosis gives, and of no others that may be there. */
bool store_is_probe(const char *name);

/* What the host's credential is for: a right that a role does not need is a finding. */
enum store_role { STORE_ROLE_ANY, STORE_ROLE_WRITER, STORE_ROLE_KEEPER, STORE_ROLE_RESTORER };

enum store_step_state { STORE_STEP_OK, STORE_STEP_WARNING, STORE_STEP_BAD, STORE_STEP_SKIPPED };
struct store_step {
	const char *name; /* "dns" */
	enum store_step_state state;
	char *saw;    /* a phrase, for people */
	char *advice; /* what to do; NULL: nothing */
};

/* What was proven by trying, never what is configured. */
enum store_known { STORE_UNKNOWN, STORE_NO, STORE_YES };
struct store_facts {
	/* What this credential may do. hide: put a delete marker before an object; remove: for good. */
	enum store_known put, read, list, hide, remove;
	enum store_known versions;
	enum store_known locked; /* an object that ought to be locked is, by at least lock_mode */
	enum store_lock_mode lock_mode;
	int64_t locked_until;	 /* of that object; 0: not known, or not locked */
	enum store_known proven; /* a locked version was not deleted, where one without lock was */
	enum store_known bypass; /* this credential ended a lock by governance */
	enum store_known
		guarded; /* whom one talks to, and that nobody else hears it; YES also where
				   * nothing leaves this host */
	enum store_known elsewhere; /* not on the disks of this host */
};

struct store_inquiry {
	enum store_role role;
	const char *present; /* an object that any repository has */
	/* An object that ought to be locked, and until when at least; NULL: there is none yet. */
	const char *sample;
	usec_t sample_until;
	bool prove_lock; /* try to delete a version that is locked for a minute */
};
typedef struct store_diagnosis StoreDiagnosis;
struct store_diagnosis {
	GPtrArray *steps; /* struct store_step */
	struct store_facts facts;
	bool reached; /* the store answers, and lets this credential in */
};
void store_diagnosis_free(StoreDiagnosis *diagnosis);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreDiagnosis, store_diagnosis_free)
/* Fails only when it is stopped. */
StoreDiagnosis *store_diagnose(Store *store, const struct store_inquiry *inquiry, GError **error);
/* Of a store that cannot be opened: why. */
StoreDiagnosis *store_diagnosis_failed(const GError *cause);

const char *store_role_name(enum store_role role);
bool store_role_parse(const char *name, enum store_role *role);
const char *store_step_state_name(enum store_step_state state);

#endif
