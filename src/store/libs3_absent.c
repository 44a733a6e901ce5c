/* In place of the driver, where the program was built without libs3. */
#include "base/error.h"
#include "store/driver.h"

static Store *open_store(const struct store_settings *settings, GError **error)
{
	odr_fail(error, ODR_ERROR_USAGE,
		 "this odrbackup was built without libs3: use type=s3, or build it where "
		 "libs3-dev is installed");
	return NULL;
}

const struct store_class store_libs3 = {.type = "libs3", .open = open_store};
