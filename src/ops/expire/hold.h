#ifndef ODR_OPS_EXPIRE_HOLD_H
#define ODR_OPS_EXPIRE_HOLD_H

#include "repo/hold.h"
#include "repo/manifest.h"

/*
 * Keeping a set whatever retention says, in every repository that has it: first the signed object by which an expiry leaves
 * it alone (repo/hold.h), then, where the store locks, a legal hold on every object that the set needs. Doing it again goes
 * on where it was interrupted.
 */
struct hold_request {
	const GPtrArray *repos; /* Repo */
	const char *set_id;
	usec_t now;
};
struct hold_repository {
	char *name;
	bool has;	  /* the set is there */
	unsigned holds;	  /* objects that were put, or removed */
	unsigned objects; /* on which a legal hold was put, or from which it was taken */
	bool locks;	  /* the store knows legal holds */
};
struct hold_result {
	GPtrArray *repositories; /* struct hold_repository */
	GPtrArray *troubles;	 /* char * */
};
void hold_result_clear(struct hold_result *result);
/* NOT_FOUND where no repository has the set. hold: reason, by, until; its name is filled in. */
bool hold_add(const struct hold_request *request, const Bundle *bundle, struct hold *hold,
	      struct hold_result *result, GError **error);
/* All holds of the set. NOT_FOUND where it is not held. Objects that another held set needs stay held. */
bool hold_release(const struct hold_request *request, struct hold_result *result, GError **error);

#endif
