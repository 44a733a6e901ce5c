#include "store/s3_reply.h"

#include "base/error.h"

#include <string.h>

#define NAMESPACE " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void test_objects(void)
{
	static const char text[] =
		"<?xml version=\"1.0\"?><ListBucketResult" NAMESPACE "><Name>b</Name>"
		"<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
		"<NextContinuationToken>a/%2B&amp;</NextContinuationToken>"
		"<Contents><Key>a/b%20c%2Bd+e</Key><LastModified>2026-11-21T23:05:01.034Z"
		"</LastModified><Size>12</Size><Owner><ID>x</ID></Owner></Contents>"
		"<Contents><Key>z</Key><Size>0</Size></Contents></ListBucketResult>";
	g_autoptr(GError) error = NULL;
	g_autoptr(S3Listing) listing = s3_reply_objects(text, strlen(text), &error);
	const struct s3_entry *entry;

	g_assert_no_error(error);
	g_assert_cmpuint(listing->entries->len, ==, 2);
	g_assert_true(listing->truncated);
	g_assert_cmpstr(listing->token, ==, "a/%2B&");
	entry = listing->entries->pdata[0];
	g_assert_cmpstr(entry->key, ==, "a/b c+d e");
	g_assert_cmpuint(entry->size, ==, 12);
	g_assert_cmpint(entry->modified, ==, G_GINT64_CONSTANT(1795302301034000));
}

static void test_versions(void)
{
	static const char text[] =
		"<ListVersionsResult" NAMESPACE "><IsTruncated>false</IsTruncated>"
		"<DeleteMarker><Key>k</Key><VersionId>3</VersionId><IsLatest>true</IsLatest>"
		"</DeleteMarker><Version><Key>k</Key><VersionId>2</VersionId>"
		"<IsLatest>false</IsLatest><Size>5</Size></Version></ListVersionsResult>";
	g_autoptr(GError) error = NULL;
	g_autoptr(S3Listing) listing = s3_reply_versions(text, strlen(text), &error);
	const struct s3_entry *marker, *version;

	g_assert_no_error(error);
	g_assert_cmpuint(listing->entries->len, ==, 2);
	marker = listing->entries->pdata[0];
	version = listing->entries->pdata[1];
	g_assert_true(marker->marker && marker->latest);
	g_assert_false(version->marker || version->latest);
	g_assert_cmpstr(version->version, ==, "2");
	g_assert_cmpuint(version->size, ==, 5);
}

/* Servers that do not know a subresource answer with something else, and 200. */
static const struct refusal {
	const char *name, *text, *message;
} refusals[] = {
	{"a-listing-instead", "<ListBucketResult></ListBucketResult>",
	 "the server answers with 'ListBucketResult' where 'ListVersionsResult' is expected"},
	{"html", "<html><body>Welcome</body></html>",
	 "the server answers with 'html' where 'ListVersionsResult' is expected"},
	{"no-xml", "hello", "the server's answer is no XML of S3"},
	{"nothing", "", "the server's answer is no XML of S3"},
	{"cut", "<ListVersionsResult><Version>", "the server's answer is no XML of S3"},
	{"no-next-page", "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
	 "the server's listing cannot be continued"},
	{"no-key", "<ListVersionsResult><Version><Size>1</Size></Version></ListVersionsResult>",
	 "the server's listing has an entry without a key, or too many"},
	{"no-id", "<ListVersionsResult><Version><Key>k</Key></Version></ListVersionsResult>",
	 "the server's listing has a version without an id"},
	{"bad-size",
	 "<ListVersionsResult><Version><Key>k</Key><Size>-1</Size></Version></ListVersionsResult>",
	 "the server's answer has a bad size: '-1'"},
	{"bad-time",
	 "<ListVersionsResult><Version><LastModified>now</LastModified></Version>"
	 "</ListVersionsResult>",
	 "the server's answer has a bad time: 'now'"},
	{"deep", "<ListVersionsResult><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
	 "the server's answer is nested without end"},
};

static void test_refusal(gconstpointer data)
{
	const struct refusal *refusal = data;
	g_autoptr(GError) error = NULL;

	g_assert_null(s3_reply_versions(refusal->text, strlen(refusal->text), &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_cmpstr(error->message, ==, refusal->message);
}

static void test_error(void)
{
	static const char text[] = "<Error><Code>NoSuchKey</Code><Message></Message>"
				   "<BucketName>b</BucketName><HostId>h</HostId></Error>";
	static const char lines[] = "<Error><Code>a\nb</Code><Message>c\x1b[2J</Message>"
				    "<Region>d\re</Region><Endpoint>\xc3\xa9</Endpoint></Error>";
	struct s3_error reply;

	g_assert_true(s3_reply_error(lines, strlen(lines), &reply));
	g_assert_cmpstr(reply.code, ==, "a?b");
	g_assert_cmpstr(reply.message, ==, "c?[2J");
	g_assert_cmpstr(reply.region, ==, "d?e");
	g_assert_cmpstr(reply.endpoint, ==, "??");
	g_assert_true(s3_reply_error(text, strlen(text), &reply));
	g_assert_cmpstr(reply.code, ==, "NoSuchKey");
	g_assert_cmpstr(reply.message, ==, "");
	g_assert_false(s3_reply_error("<html/>", 7, &reply));
	g_assert_cmpstr(reply.code, ==, "");
}

static GPtrArray *deleted_of(const char *inner, GError **error)
{
	g_autofree char *text =
		g_strconcat("<DeleteResult" NAMESPACE ">", inner, "</DeleteResult>", NULL);

	return s3_reply_deleted(text, strlen(text), error);
}

static void test_deleted(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) all =
		deleted_of("<Deleted><Key>a</Key><VersionId>1</VersionId></Deleted>"
			   "<Error><Key>b</Key><VersionId></VersionId><Code>AccessDenied</Code>"
			   "<Message>locked\nup</Message></Error>",
			   &error);
	const struct s3_deleted *one, *other;

	g_assert_no_error(error);
	g_assert_cmpuint(all->len, ==, 2);
	one = all->pdata[0];
	g_assert_cmpstr(one->key, ==, "a");
	g_assert_cmpstr(one->version, ==, "1");
	g_assert_false(one->failed);
	other = all->pdata[1];
	g_assert_cmpstr(other->key, ==, "b");
	g_assert_null(other->version);
	g_assert_true(other->failed);
	g_assert_cmpstr(other->code, ==, "AccessDenied");
	g_assert_cmpstr(other->message, ==, "locked?up");
	g_assert_null(deleted_of("<Deleted><VersionId>1</VersionId></Deleted>", &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_clear_error(&error);
	g_assert_null(s3_reply_deleted("<Error><Code>x</Code></Error>", 29, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
}

static void test_retention(void)
{
	static const char text[] =
		"<Retention" NAMESPACE "><Mode>COMPLIANCE</Mode><RetainUntilDate>"
		"2026-11-22T01:47:21.123456789Z</RetainUntilDate></Retention>";
	static const char half[] = "<Retention><Mode>COMPLIANCE</Mode></Retention>";
	struct s3_retention retention;
	g_autoptr(GError) error = NULL;
	usec_t expected;

	s3_reply_retention(text, strlen(text), &retention, &error);
	g_assert_no_error(error);
	g_assert_true(clock_parse("2026-11-22T01:47:21.123456Z", &expected, NULL));
	g_assert_true(retention.compliance);
	g_assert_cmpint(retention.until, ==, expected);
	g_assert_false(s3_reply_retention(half, strlen(half), &retention, NULL));
	/* Some servers answer with the object itself. */
	g_assert_false(s3_reply_retention("content", 7, &retention, NULL));
}

static void test_lock_rules(void)
{
	static const struct {
		const char *inner;
		struct s3_lock_rule rule;
	} cases[] = {
		{"<ObjectLockEnabled>Enabled</ObjectLockEnabled>", {true, false, 0}},
		{"<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
		 "<Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention></Rule>",
		 {true, true, 30}},
		{"<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>"
		 "<Mode>GOVERNANCE</Mode><Years>2</Years></DefaultRetention></Rule>",
		 {true, false, 730}},
		{"", {false, false, 0}},
	};
	static const char listing[] = "<ListBucketResult/>";
	static const char endless[] =
		"<ObjectLockConfiguration><Rule><DefaultRetention><Years>4294967296</Years>"
		"</DefaultRetention></Rule></ObjectLockConfiguration>";
	struct s3_lock_rule rule;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text =
			g_strconcat("<ObjectLockConfiguration" NAMESPACE ">", cases[i].inner,
				    "</ObjectLockConfiguration>", NULL);

		g_assert_true(s3_reply_lock(text, strlen(text), &rule, NULL));
		g_assert_cmpint(rule.enabled, ==, cases[i].rule.enabled);
		g_assert_cmpint(rule.compliance, ==, cases[i].rule.compliance);
		g_assert_cmpuint(rule.days, ==, cases[i].rule.days);
	}
	/* Some servers answer with a listing. */
	g_assert_false(s3_reply_lock(listing, strlen(listing), &rule, NULL));
	g_assert_false(s3_reply_lock(endless, strlen(endless), &rule, NULL));
}

static void test_versioning(void)
{
	static const struct {
		const char *text;
		enum s3_versioning versioning;
	} cases[] = {
		{"<VersioningConfiguration" NAMESPACE "/>", S3_VERSIONING_NEVER},
		{"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
		 S3_VERSIONING_ENABLED},
		{"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
		 S3_VERSIONING_SUSPENDED},
	};
	enum s3_versioning versioning;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_assert_true(s3_reply_versioning(cases[i].text, strlen(cases[i].text), &versioning,
						  NULL));
		g_assert_cmpint(versioning, ==, cases[i].versioning);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/s3-reply/objects", test_objects);
	g_test_add_func("/store/s3-reply/versions-and-markers", test_versions);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-reply/refuses/", refusals[i].name, NULL);

		g_test_add_data_func(path, &refusals[i], test_refusal);
	}
	g_test_add_func("/store/s3-reply/errors", test_error);
	g_test_add_func("/store/s3-reply/what-became-of-several", test_deleted);
	g_test_add_func("/store/s3-reply/retention-with-nine-decimals", test_retention);
	g_test_add_func("/store/s3-reply/locks-of-a-bucket", test_lock_rules);
	g_test_add_func("/store/s3-reply/versioning", test_versioning);
	return g_test_run();
}
