#include "http/answer.h"

#include <stdlib.h>
#include <string.h>

/* The head of an answer, line by line: whatever it says, lengths, dates and pauses are possible ones. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(HttpAnswer) answer = http_answer_new();
	const char *text = (const char *)data;
	usec_t asked;

	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t line = end ? (size_t)(end - text) + 1 : size;

		http_answer_take_line(answer, text, line);
		text += line;
		size -= line;
	}
	asked = http_answer_retry_after(answer);
	if (answer->status > 1000 || answer->length < -1 || answer->date < 0 || asked < 0 ||
	    asked > USEC_PER_DAY)
		abort();
	return 0;
}
