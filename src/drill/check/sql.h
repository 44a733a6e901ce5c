#ifndef ODR_DRILL_CHECK_SQL_H
#define ODR_DRILL_CHECK_SQL_H

#include "drill/check/check.h"
#include "drill/check/sql_rows.h"
#include "pg/session.h"

/* What the source said, of a query that is to give the same here. */
enum drill_basis { DRILL_BASIS_EXACT, DRILL_BASIS_BOUNDED };
struct drill_reference {
	enum drill_basis basis;		       /* exact: before is after */
	const struct sql_rows *before, *after; /* NULL: nothing is known, and why says the reason */
	const char *why;
	const char *origin; /* "anchor month-end, 2026-11-30T23:00:00Z"; NULL: it needs no name */
};
/* What is asked for: figures of this very moment, those of a time before it, or what the source of a check of type
 * compare says now. */
enum drill_reference_kind {
	DRILL_REFERENCE_ANCHOR,
	DRILL_REFERENCE_BASELINE,
	DRILL_REFERENCE_SOURCE
};
struct drill_question {
	enum drill_reference_kind kind;
	const struct plan_check *check;
	const char *database;
	const char *query;  /* the name of a file of the plan: "builtin/trial-balance.sql" */
	const char *sha256; /* of its text, or of its variant's that was chosen */
};
/* NULL: nothing is known. */
typedef const struct drill_reference *(*drill_reference_find)(
	void *data, const struct drill_question *question);

/* Where checks are run. */
struct drill_check_site {
	const char *conninfo, *run_id;
	const char *database; /* NULL: the one of conninfo */
	/* What :'target', :'target_lsn', :'service' and :'drill_password' mean; NULL: a query that has it is not
	 * assessed. */
	const char *target, *target_lsn, *service, *drill_password;
	drill_reference_find reference; /* NULL: there are none */
	/* What a check of type trend came to before, newest first (double; owned by data); or NULL. */
	const GArray *(*past)(void *data, const struct drill_question *question);
	/* What each query gave, to keep it as a reference; or NULL. */
	void (*keep)(void *data, const char *database, const char *query,
		     const struct sql_rows *rows);
	void *data;
};

/*
 * Every check of the plan that belongs to the stage and asks only this database: types sql, odoo-database and
 * neutralized. All of them see one moment, in one transaction that may not write. What a check meets is its result
 * (appended to results: DrillCheckResult); an error is only that the server does not answer, or a stop request.
 */
bool drill_checks_on_database(const DrillPlan *plan, enum plan_stage stage,
			      const struct drill_check_site *site, GPtrArray *results,
			      GError **error);
/* What the check expects is what its source said at another time: figures for an anchor. */
bool drill_check_needs_anchor(const DrillPlan *plan, const struct plan_check *check);
/* Checks of the stage that the plan names and no result speaks of, since nothing here is what they are for: not
 * assessed. Those that run in every plan run where there is what they look at. */
void drill_checks_unmet(const DrillPlan *plan, enum plan_stage stage, GPtrArray *results);
/* One check of type sql, in the session's own transaction, whatever that may do: for controls, which plant damage first. */
bool drill_check_sql(const DrillPlan *plan, const struct plan_check *check, Session *session,
		     const struct drill_check_site *site, DrillCheckResult *result, GError **error);

/*
 * What asks the whole cluster: types postgres and heartbeat. The databases are asked one after another.
 */
struct drill_cluster_facts {
	uint64_t system_identifier; /* of the set; 0: not known */
	uint32_t timeline;	    /* the server is to be on; 0: not known */
	lsn_t lsn;		    /* the server is to be at; 0: not known */
	const char *const *roles;   /* that the source had; NULL: not known */
	usec_t heartbeat_interval;  /* 0: the source has none */
	usec_t target;		    /* the moment the server was to reach; 0: not known */
	const char *database;	    /* the only one whose files are there; NULL: all are */
};
bool drill_checks_on_cluster(const DrillPlan *plan, enum plan_stage stage,
			     const struct drill_check_site *site,
			     const struct drill_cluster_facts *facts, GPtrArray *results,
			     GError **error);

#endif
