/* What libs3 leaves open, and whether it works from here. */
#include "store/diagnose_steps.h"
#include "store/libs3.h"

void libs3_diagnose(struct diagnose *diagnose)
{
	const struct libs3_store *self = libs3_store(diagnose->store);
	bool here = self->place.loopback;

	diagnose->out->reached = true;
	diagnose->out->facts.locked = STORE_NO;
	diagnose->out->facts.guarded = here ? STORE_YES : STORE_NO;
	diagnose->out->facts.elsewhere = here ? STORE_NO : STORE_UNKNOWN;
	diagnose_add(diagnose, "library", STORE_STEP_OK, NULL, "%s", LIBS3_SONAME);
	diagnose_add(diagnose, "tls", here ? STORE_STEP_OK : STORE_STEP_WARNING,
		     here ? NULL : "use type=s3, which looks at certificates",
		     here ? "not authenticated; it does not leave this host"
			  : "not authenticated: it is not known whom libs3 talks to");
	diagnose_add(diagnose, "versions", STORE_STEP_OK, NULL,
		     "not seen by libs3: let the bucket have none, or what expires stays in it");
	diagnose_put(diagnose);
	diagnose_read(diagnose);
	diagnose_list(diagnose);
	diagnose_remove(diagnose);
}
