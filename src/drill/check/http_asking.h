#ifndef ODR_DRILL_CHECK_HTTP_ASKING_H
#define ODR_DRILL_CHECK_HTTP_ASKING_H

#include "drill/check/http.h"
#include "drill/check/http_judge.h"
#include "http/answer.h"

/* One run of all steps. */
struct http_asking {
	const DrillPlan *plan;
	const struct drill_http_site *site;
	const struct plan_check *check;
	GHashTable *values, *cookies; /* char * → char * */
	usec_t end;		      /* of the check's time */
	const struct http_step *step;
	HttpAnswer *answer;
	json_t *document; /* of the answer; NULL: it is none, or was not looked at */
	char *expected, *found;
	bool ours; /* what went wrong is no fault of the application */
};

/* Sends what the step says, and fills answer and cookies. */
bool http_asking_send(struct http_asking *asking, GError **error);
/* False, with CORRUPT, where the answer is not as the directive has it: expected and found say how. */
bool http_asking_judge(struct http_asking *asking, const struct http_directive *directive,
		       GError **error);
/* Text of a file of the plan; NOT_FOUND. g_free. */
char *http_asking_file(const struct http_asking *asking, const char *name, GError **error);

#endif
