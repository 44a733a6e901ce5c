/* A moment: what passes says the same when it is encoded again, but for what may be ignored. */
#include "repo/moment.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t service[SERVICE_ID_SIZE] = "sixteen of them";
	struct moment moment = {0}, again = {0};

	if (!moment_parse(data, size, service, &moment, NULL))
		return 0;

	g_autoptr(GByteArray) bytes = moment_encode(&moment, service);

	if (!moment_parse(bytes->data, bytes->len, service, &again, NULL) ||
	    strcmp(moment.part, again.part) != 0 || strcmp(moment.set_id, again.set_id) != 0 ||
	    moment.started != again.started)
		g_error("a moment that was taken is encoded otherwise");
	g_free(moment.part);
	g_free(moment.set_id);
	g_free(again.part);
	g_free(again.set_id);
	return 0;
}
