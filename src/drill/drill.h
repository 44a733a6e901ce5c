#ifndef ODR_DRILL_DRILL_H
#define ODR_DRILL_DRILL_H

#include "crypto/keys.h"
#include "drill/evidence/audit.h"
#include "drill/evidence/evidence.h"
#include "drill/measure/outcome.h"
#include "drill/plan/plan.h"
#include "ops/archive/archive.h"
#include "ops/restore/restore.h"
#include "pg/wal.h"
#include "store/lab.h"

/*
 * A drill: a moment is drawn, brought back in isolation, checked, measured, judged; a signed record tells of it whatever
 * came of it, and nothing of it is left. Each state's record is in the audit chain before the state begins.
 */
/* A moment, and how it came to be chosen. */
struct drill_target {
	struct restore_target target;
	char *text; /* as the plan, the operator or the draw has it: "time:2026-11-21T03:04:05Z" */
	char *set;  /* of target, where it was drawn; or NULL */
	char *name, *anchor; /* of target: where an anchor names it, and that one's id; or NULL */
	char *repository;    /* name; NULL: the first that reaches it */
	bool operator_chosen;
	bool drawn;   /* so that the drill can count */
	json_t *draw; /* what the draw was made of; NULL: none */
};
/* What a drill restores from. */
struct drill_means {
	GPtrArray *repos;		     /* Repo */
	const struct store_settings *stores; /* of each of them, for what opens them itself */
	const Identity *identity;
	GPtrArray *evidence_repos; /* Repo that evidence is stored in; NULL: there is none */
};
struct drill_opening {
	const char *folder;	   /* with kind=kit: what has to be kept goes there */
	struct drill_means *means; /* filled; all of it belongs to the caller of drill_run */
	GPtrArray *results;	   /* DrillCheckResult, of drill_kit: what is found on the way */
};
struct drill_request {
	const DrillPlan *plan;
	const char *service;
	/* Opens repositories and keys, so that a record tells of what cannot be opened. */
	bool (*open)(void *data, const struct drill_opening *opening, GError **error);
	void *open_data;
	archive_find_sets *sets;
	/* The last WAL segment of a repository that the host's catalog knew to be stored by a time; "" where it knows of
	 * none. NULL: there is no catalog to ask. Its data is open_data. */
	bool (*claim)(void *data, const char *repository, usec_t time,
		      char segment[WAL_SEGMENT_NAME_SIZE], GError **error);
	const struct plan_target *target; /* the operator's; NULL: as the plan has it */
	bool narrowed; /* the operator names a repository: what is drawn from it is chosen, too */
	Audit *audit;
	const EvidenceKey *key; /* NULL: the record is not signed, and the drill does not count */
	const char *state, *spool; /* folders of the service */
	const char *program;	   /* our own, absolute */
	const char *run_id, *slot;
	const char *trigger;   /* "operator", "timer" */
	struct store_lab *lab; /* of the repositories; NULL: this is no lab */
	const char *incident;  /* id of what it is made for; NULL: none */
	unsigned workers;
	usec_t archive_timeout;
	bool keep;   /* the sandbox, for a look */
	bool strict; /* warnings count in the exit status */
	void (*progress)(void *data, const char *state, const struct restore_progress *progress);
	void *progress_data;
};
struct drill_result {
	enum drill_outcome outcome;
	int exit_status;
	json_t *record;	  /* as it was signed */
	char *folder;	  /* of the evidence */
	char *kept;	  /* the sandbox, or NULL */
	GPtrArray *notes; /* char *: warnings for the user */
};
void drill_result_clear(struct drill_result *result);
#define DRILL_KEPT_PREFIX "kept-" /* sandboxes that stay for a look, in the plan's directory */
/* A drill that failed returns true, with its outcome. False where its record could not be signed, stored or closed:
 * then it does not count, and *result has what there is (zeroed if it could not begin). */
bool drill_run(const struct drill_request *request, struct drill_result *result, GError **error);

#endif
