#ifndef ODR_OPS_MARK_H
#define ODR_OPS_MARK_H

#include "repo/mark.h"

/*
 * Making a mark: a restore point in the WAL, then the object that says where it is, in every repository; then
 * the WAL segment is ended, so that it is archived soon. A service without a cluster gets a mark that is only
 * a time.
 */
/* What is looked at around the restore point; false from any ends the making. */
struct mark_around {
	bool (*before)(void *data, GError **error);
	bool (*behind)(void *data, GError **error); /* at once */
	/* The mark is stored: what goes with it, locked as long. */
	bool (*stored)(void *data, const struct mark *mark, usec_t lock_until, GError **error);
	void *data;
};
struct mark_request {
	const GPtrArray *repos; /* Repo */
	const Bundle *bundle;
	const char *conninfo; /* NULL: no cluster */
	const char *state;    /* the service's folder */
	const char *run_id, *program;
	const char *name, *note; /* note may be NULL */
	const GPtrArray
		*known; /* char *: names that are taken, or NULL; for where one may only put */
	usec_t generation_length, retain;
	bool wait;			  /* until the WAL is durable in every repository */
	usec_t timeout;			  /* of waiting, for each segment */
	const struct mark_around *around; /* NULL: nothing */
};
struct mark_result {
	Mark *mark;
	char segment[WAL_SEGMENT_NAME_SIZE]; /* that has the restore point; "": no cluster */
	bool durable;			     /* it is, in every repository */
	GPtrArray *notes;		     /* char * */
};
void mark_result_clear(struct mark_result *result);
/* EXISTS where the name is taken: PostgreSQL would stop at the older one. When the mark is made and its WAL
 * does not become durable in time: UNREACHABLE, and result->mark is set. */
bool mark_make(const struct mark_request *request, struct mark_result *result, GError **error);

#endif
