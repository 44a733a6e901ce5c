#ifndef ODR_STORE_LIBS3_CALL_H
#define ODR_STORE_LIBS3_CALL_H

#include "store/libs3.h"

#include <sys/uio.h>

/* One request by libs3, with an end in time that libs3 does not have, repeated as its outcome says. */
enum libs3_verb { LIBS3_PUT, LIBS3_GET, LIBS3_HEAD, LIBS3_DELETE, LIBS3_LIST };
struct libs3_call {
	enum libs3_verb verb;
	const char *key; /* of a listing: the prefix */
	/* PUT */
	const struct iovec *parts;
	int part_count;
	uint64_t size;
	const char *md5; /* base64 */
	/* GET */
	uint64_t offset, count; /* count 0: to the end */
	void *buffer;
	size_t limit;
	/* LIST: behind this key; NULL: from the beginning */
	const char *marker;
};

typedef struct libs3_answer Libs3Answer;
struct libs3_answer {
	S3Status status;
	char message[256];
	bool told; /* headers of a 2xx came: size and modified are those of the object */
	uint64_t size;
	usec_t modified;
	size_t received; /* GET */
	bool too_long;
	GPtrArray *objects; /* LIST: struct store_object, names are keys */
	bool truncated;
};
void libs3_answer_clear(Libs3Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Libs3Answer, libs3_answer_clear)

/* What an outcome means. */
enum libs3_reaction { LIBS3_FAIL, LIBS3_RETRY, LIBS3_CREDENTIALS };

/* Once. reaction is set where it fails. */
bool libs3_try(struct libs3_store *self, const struct libs3_call *call, Libs3Answer *answer,
	       enum libs3_reaction *reaction, GError **error);
/* Until it succeeds, or fails for good, or retry-for has passed. */
bool libs3_call(struct libs3_store *self, const struct libs3_call *call, Libs3Answer *answer,
		GError **error);
/* Before another attempt: false where the deadline (monotonic) would pass, or a stop was requested. */
bool libs3_wait(unsigned *attempts, usec_t deadline);

#endif
