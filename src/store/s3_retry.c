#include "store/s3_retry.h"

#include "crypto/digest.h"

#include <string.h>

#define PAUSE_FIRST (USEC_PER_SEC / 5)
#define PAUSE_MAX   (20 * USEC_PER_SEC)
#define AT_ONCE	    20 /* repetitions of an outage that are not spaced */
#define SPACE	    USEC_PER_SEC
#define SHARE	    10 /* one in so many */

/* clang-format off */
/* status 0 and code "" are any; the first that fits counts. */
static const struct rule {
	unsigned status;
	const char *code;
	const char *words; /* in the message, or NULL */
	struct s3_meaning meaning;
} rules[] = {
	{403, "SignatureDoesNotMatch", NULL, {S3_FAIL, ODR_ERROR_AUTH, "the secret key is not the one of this access key"}},
	{403, "InvalidAccessKeyId", NULL, {S3_CREDENTIALS, ODR_ERROR_AUTH, "the store does not know this access key"}},
	{403, "RequestTimeTooSkewed", NULL, {S3_CLOCK, ODR_ERROR_AUTH, "this host's clock is wrong"}},
	{0, "ExpiredToken", NULL, {S3_CREDENTIALS, ODR_ERROR_AUTH, "the session of these credentials has ended"}},
	{0, "InvalidToken", NULL, {S3_CREDENTIALS, ODR_ERROR_AUTH, "the session token is not valid"}},
	{0, "QuotaExceeded", NULL, {S3_FAIL, ODR_ERROR_NO_SPACE, "the bucket or its owner has no room left"}},
	{507, "", NULL, {S3_FAIL, ODR_ERROR_NO_SPACE, "the store has no room left"}},
	{403, "", NULL, {S3_FAIL, ODR_ERROR_REFUSED, "a policy or a lock forbids it"}},
	{401, "", NULL, {S3_FAIL, ODR_ERROR_AUTH, NULL}},
	{404, "NoSuchKey", NULL, {S3_FAIL, ODR_ERROR_NOT_FOUND, NULL}},
	{404, "NoSuchVersion", NULL, {S3_FAIL, ODR_ERROR_NOT_FOUND, NULL}},
	{404, "NoSuchBucket", NULL, {S3_FAIL, ODR_ERROR_UNREACHABLE, "the bucket does not exist"}},
	{404, "ObjectLockConfigurationNotFoundError", NULL, {S3_FAIL, ODR_ERROR_REFUSED, "there is no lock"}},
	{404, "NoSuchObjectLockConfiguration", NULL, {S3_FAIL, ODR_ERROR_REFUSED, "there is no lock"}},
	{405, "", NULL, {S3_FAIL, ODR_ERROR_REFUSED, NULL}},
	{400, "InvalidRequest", "Content-MD5", {S3_MD5, ODR_ERROR_REFUSED, "set checksum=md5"}},
	{400, "BadDigest", NULL, {S3_RETRY_ONCE, ODR_ERROR_CORRUPT, "it was damaged on its way"}},
	{400, "InvalidDigest", NULL, {S3_RETRY_ONCE, ODR_ERROR_CORRUPT, "it was damaged on its way"}},
	{400, "XAmzContentSHA256Mismatch", NULL, {S3_RETRY_ONCE, ODR_ERROR_CORRUPT, "it was damaged on its way"}},
	{400, "RequestTimeout", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, NULL}},
	{400, "AuthorizationHeaderMalformed", NULL, {S3_FAIL, ODR_ERROR_USAGE, "set region= to the bucket's"}},
	{409, "OperationAborted", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, NULL}},
	{409, "ConditionalRequestConflict", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, NULL}},
	{412, "", NULL, {S3_FAIL, ODR_ERROR_EXISTS, NULL}},
	{416, "", NULL, {S3_FAIL, ODR_ERROR_CORRUPT, "it is shorter than it should be"}},
	{301, "", NULL, {S3_FAIL, ODR_ERROR_USAGE, "the bucket is elsewhere: correct endpoint= and region="}},
	{302, "", NULL, {S3_FAIL, ODR_ERROR_USAGE, "the endpoint leads elsewhere: correct endpoint="}},
	{307, "", NULL, {S3_FAIL, ODR_ERROR_USAGE, "the bucket is elsewhere: correct endpoint= and region="}},
	{308, "", NULL, {S3_FAIL, ODR_ERROR_USAGE, "the endpoint leads elsewhere: correct endpoint="}},
	{429, "", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, "the store asks for fewer requests"}},
	{500, "", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, NULL}},
	{502, "", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, NULL}},
	{503, "", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, "the store is busy"}},
	{504, "", NULL, {S3_RETRY, ODR_ERROR_TRANSIENT, NULL}},
	{0, "", NULL, {S3_FAIL, ODR_ERROR_REFUSED, NULL}},
};
/* clang-format on */

const struct s3_meaning *s3_meaning(unsigned status, const char *code, const char *message)
{
	const struct rule *rule = rules;

	while ((rule->status != 0 && rule->status != status) ||
	       (*rule->code && strcmp(rule->code, code) != 0) ||
	       (rule->words && !strstr(message, rule->words)))
		rule++;
	return &rule->meaning;
}

usec_t s3_pause(unsigned attempt, double random, usec_t asked)
{
	usec_t ceiling = MIN(PAUSE_FIRST << MIN(attempt - 1, 10), PAUSE_MAX);

	return MAX((usec_t)(random * (double)ceiling), MIN(asked, USEC_PER_HOUR));
}

usec_t s3_pause_drawn(unsigned attempt, usec_t asked)
{
	uint32_t drawn;

	random_bytes(&drawn, sizeof(drawn));
	return s3_pause(attempt, drawn / (UINT32_MAX + 1.0), asked);
}

void s3_budget_answered(struct s3_budget *budget)
{
	budget->answered++;
	budget->in_vain = 0;
	budget->slot = 0;
}

bool s3_budget_repeat(struct s3_budget *budget, usec_t now, usec_t *wait)
{
	uint64_t outage = AT_ONCE + (uint64_t)(budget->retry_for / SPACE);

	if (budget->repeated >= outage + budget->answered / SHARE)
		return false;
	budget->repeated++;
	*wait = 0;
	if (++budget->in_vain > AT_ONCE) {
		budget->slot = MAX(budget->slot, now) + SPACE;
		*wait = MIN(budget->slot - now, PAUSE_MAX);
	}
	return true;
}
