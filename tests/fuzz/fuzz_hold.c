/* A hold: what passes says the same when it is printed again. */
#include "repo/hold.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t service[SERVICE_ID_SIZE] = "sixteen of them";
	struct hold *hold = g_new0(struct hold, 1), *again = g_new0(struct hold, 1);

	if (hold_parse((const char *)data, size, service, hold, NULL)) {
		g_autofree char *text = hold_print(hold, service);

		if (!hold_parse(text, strlen(text), service, again, NULL) ||
		    strcmp(hold->set_id, again->set_id) != 0 ||
		    strcmp(hold->reason, again->reason) != 0 || hold->until != again->until)
			g_error("a hold that was taken is printed otherwise");
	}
	hold_free(hold);
	hold_free(again);
	return 0;
}
