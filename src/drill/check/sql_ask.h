#ifndef ODR_DRILL_CHECK_SQL_ASK_H
#define ODR_DRILL_CHECK_SQL_ASK_H

#include "drill/check/sql.h"

/* Inside drill/ only: one query of a plan, asked of one database. */
struct asking {
	const DrillPlan *plan; /* that names the queries; may be another for each of them */
	const struct drill_check_site *site;
	Session *session;
	char *snapshot; /* what it sees, as txid_current_snapshot says; NULL: not looked at */
	char *database;
	bool is_odoo;
	unsigned major; /* of Odoo; 0: none */
	bool renews; /* a session that is lost is opened again: nobody rests on the moment that it saw */
	bool asked; /* the query was sent, whatever came of it: not so where nothing here is what it is for */
};

/* One moment of the database: a transaction that may not write, and sees nothing that is committed later. Clear it
 * whatever came of it; asking->plan is the caller's. */
bool asking_open(struct asking *asking, const struct drill_check_site *site, GError **error);
void asking_clear(struct asking *asking);
/* In a session of the caller's, instead: which database it is. */
bool asking_find_out(struct asking *asking, GError **error);

/* A check of the plan has something to ask here. */
bool asking_is_for(const struct asking *asking, const struct plan_check *check);
/* The query of that name, judged as the result's check has it. What it does to the transaction is undone. False only
 * where the server does not answer, or with a stop request. */
bool asking_run(struct asking *asking, const char *name, DrillCheckResult *result, GError **error);

#endif
