#include "base/build.h"

#include <stddef.h>

/* By the Makefile, for this file alone: another commit is no reason to compile all others. */
const char *build_commit(void)
{
	static const char commit[] = ODR_COMMIT;

	return *commit ? commit : NULL;
}
