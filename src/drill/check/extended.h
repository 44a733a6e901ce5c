#ifndef ODR_DRILL_CHECK_EXTENDED_H
#define ODR_DRILL_CHECK_EXTENDED_H

#include "drill/check/check.h"

/*
 * What takes as long as the copy is large, and is looked at when the clock has stopped: [extended] of a plan. Their
 * results are of type postgres, at stage extended.
 */
extern const struct plan_check extended_amcheck, extended_pages;

/* The structure of relations of one database, by amcheck: each B-tree index, with every row that it has to have, and,
 * from 14 on, each table with its TOAST. The server may be written: the extension is made where it is not. */
struct extended_structure {
	const char *conninfo, *run_id;
	unsigned sample; /* so many relations, drawn by the run's id; 0: all */
};
/* Sets result, of result->database. False only with STOPPED, or without the server. */
bool extended_check_structure(const struct extended_structure *structure, DrillCheckResult *result,
			      GError **error);

/* The checksum of every page of a cluster that was shut down. False only with STOPPED. */
struct extended_cluster {
	const char *pgdata;
	uint32_t database; /* the only one of users' that is there (OID); 0: all are */
	unsigned workers;
};
bool extended_check_pages(const struct extended_cluster *request, DrillCheckResult *result,
			  GError **error);

#endif
