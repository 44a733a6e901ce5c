#ifndef ODR_OPS_CHECK_PROTECTION_H
#define ODR_OPS_CHECK_PROTECTION_H

#include "store/diagnose.h"

/*
 * What a repository protects against and what not, from what was proven there and never from what is
 * configured. What was not proven either way is unknown.
 */
enum protection { PROTECTION_UNKNOWN, PROTECTION_NO, PROTECTION_PARTLY, PROTECTION_YES };
struct protection_case {
	const char *code;   /* "host-deletes": for programs */
	const char *threat; /* "a stolen database host deletes sets" */
	enum protection holds;
	char *because;
};
struct protection_source {
	const struct store_facts *facts;
	enum store_role role; /* of the host that tried */
	bool identity_here;   /* a key that opens sets lies on this host */
	const char *others;   /* repositories at other places that were reached; NULL: none */
};
/* struct protection_case, in the order of the manual; g_ptr_array_unref. */
GPtrArray *protection_cases(const struct protection_source *source);
const char *protection_name(enum protection protection);

#endif
