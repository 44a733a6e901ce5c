#include "store/driver.h"

#include "base/error.h"
#include "base/file.h"
#include "loopback_store.h"

#define ROOT  "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define BATCH "POST /box/?delete= "
#define GONE(name, version) \
 "<Deleted><Key>erp/" name "</Key><VersionId>" version "</VersionId></Deleted>"
#define STAYS(name, version, code)                                             \
 "<Error><Key>erp/" name "</Key><VersionId>" version "</VersionId><Code>" code \
 "</Code><Message>so it is</Message></Error>"

/* Deletes version 1 of x and version 2 of y from a server that answers so. */
struct deleting {
	struct store_deletion both[2];
	char *log;
	GError *error;
	bool done;
};

static struct deleting delete_from(const struct loopback_answer *answers, size_t count)
{
	struct loopback loopback = loopback_start(answers, count);
	struct loopback_store opened =
		loopback_store_open(&loopback, (struct store_settings){.prefix = "erp"});
	struct deleting deleting = {
		.both = {{.name = "x", .version = "1"}, {.name = "y", .version = "2"}}};

	deleting.done = store_delete_many(opened.store, deleting.both, 2, &deleting.error);
	loopback_store_close(&opened);
	deleting.log = loopback_stop(&loopback);
	return deleting;
}

static void deleting_clear(struct deleting *deleting)
{
	for (size_t i = 0; i < G_N_ELEMENTS(deleting->both); i++)
		g_clear_error(&deleting->both[i].error);
	g_clear_error(&deleting->error);
	g_free(deleting->log);
}

static void test_request(void)
{
	static const struct loopback_answer answers[] = {
		{BATCH, "200 OK", NULL, ROOT GONE("y", "2") GONE("x", "1") "</DeleteResult>"}};
	struct deleting deleting = delete_from(answers, G_N_ELEMENTS(answers));

	g_assert_no_error(deleting.error);
	g_assert_true(deleting.done && deleting.both[0].gone && deleting.both[1].gone);
	g_assert_nonnull(strstr(deleting.log, "\r\ncontent-md5: "));
	g_assert_nonnull(strstr(
		deleting.log,
		"<Quiet>false</Quiet><Object><Key>erp/x</Key><VersionId>1</VersionId></Object>"
		"<Object><Key>erp/y</Key><VersionId>2</VersionId></Object></Delete>"));
	deleting_clear(&deleting);
}

static void test_refusal_of_one(void)
{
	static const struct loopback_answer answers[] = {
		{BATCH, "200 OK", NULL,
		 ROOT GONE("y", "2") STAYS("x", "1", "AccessDenied") "</DeleteResult>"}};
	struct deleting deleting = delete_from(answers, G_N_ELEMENTS(answers));

	g_assert_no_error(deleting.error);
	g_assert_true(deleting.done && !deleting.both[0].gone && deleting.both[1].gone);
	g_assert_error(deleting.both[0].error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(deleting.both[0].error->message, ==,
			"cannot delete 'x' of repository 'main': AccessDenied: so it is (a policy "
			"or a lock forbids it)");
	deleting_clear(&deleting);
}

/* What is wrong with it otherwise, a request of its own tells, and that is repeated. */
static void test_trouble_of_one(void)
{
	static const struct loopback_answer answers[] = {
		{"DELETE /box/erp/x?versionId=1 ", "204 No Content", NULL, NULL},
		{BATCH, "200 OK", NULL,
		 ROOT STAYS("y", "2", "NoSuchVersion")
			 STAYS("x", "1", "InternalError") "</DeleteResult>"}};
	struct deleting deleting = delete_from(answers, G_N_ELEMENTS(answers));

	g_assert_no_error(deleting.error);
	g_assert_true(deleting.done && deleting.both[0].gone && deleting.both[1].gone);
	g_assert_nonnull(strstr(deleting.log, "DELETE /box/erp/x?versionId=1 "));
	deleting_clear(&deleting);
}

/* It knows no such request, or asks another right for it. */
static void test_one_by_one(gconstpointer status)
{
	const struct loopback_answer answers[] = {
		{BATCH, status, NULL, NULL},
		{"DELETE /box/erp/x?versionId=1 ", "204 No Content", NULL, NULL},
		{"DELETE /box/erp/y?versionId=2 ", "403 Forbidden", NULL, NULL}};
	struct deleting deleting = delete_from(answers, G_N_ELEMENTS(answers));

	g_assert_no_error(deleting.error);
	g_assert_true(deleting.done && deleting.both[0].gone && !deleting.both[1].gone);
	g_assert_error(deleting.both[1].error, ODR_ERROR, ODR_ERROR_REFUSED);
	deleting_clear(&deleting);
}

/* Answers that prove nothing: what they do not prove is not gone. */
static const struct lie {
	const char *name, *body, *message;
	bool y_gone;
} lies[] = {
	{"silence", ROOT GONE("y", "2") "</DeleteResult>",
	 "the server does not tell what became of 'erp/x'", true},
	{"another-object", ROOT GONE("y", "2") GONE("z", "1") "</DeleteResult>",
	 "the server tells of 'erp/z', version 1, which it was not asked to delete", true},
	{"a-marker-instead",
	 ROOT GONE("y", "2") "<Deleted><Key>erp/x</Key><DeleteMarker>true</DeleteMarker></Deleted>"
			     "</DeleteResult>",
	 "the server tells of 'erp/x', which it was not asked to delete", true},
	{"the-same-twice", ROOT GONE("y", "2") GONE("y", "2") "</DeleteResult>",
	 "the server tells of 'erp/y', version 2, which it was not asked to delete", true},
	{"html", "<html>Welcome</html>",
	 "the server answers with 'html' where 'DeleteResult' is expected", false},
	{"an-error", "<Error><Code>InternalError</Code></Error>",
	 "the server answers with 'Error' where 'DeleteResult' is expected", false},
};

static void test_lie(gconstpointer data)
{
	const struct lie *lie = data;
	const struct loopback_answer answer = {BATCH, "200 OK", NULL, lie->body};
	struct deleting deleting = delete_from(&answer, 1);
	g_autofree char *message =
		g_strdup_printf("cannot delete 'x' and others (2 in all) of repository 'main': "
				"%s",
				lie->message);

	g_assert_error(deleting.error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(deleting.error->message, ==, message);
	g_assert_false(deleting.done || deleting.both[0].gone);
	g_assert_cmpint(deleting.both[1].gone, ==, lie->y_gone);
	deleting_clear(&deleting);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-delete/several-by-one-request", test_request);
	g_test_add_func("/store/s3-delete/one-is-refused", test_refusal_of_one);
	g_test_add_func("/store/s3-delete/one-is-asked-for-again", test_trouble_of_one);
	g_test_add_data_func("/store/s3-delete/one-by-one-where-that-is-not-known",
			     "501 Not Implemented", test_one_by_one);
	g_test_add_data_func("/store/s3-delete/one-by-one-where-that-is-forbidden", "403 Forbidden",
			     test_one_by_one);
	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-delete/no-proof/", lies[i].name, NULL);

		g_test_add_data_func(path, &lies[i], test_lie);
	}
	return g_test_run();
}
