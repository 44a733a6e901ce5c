#include "store/s3_credentials.h"

#include "base/error.h"
#include "base/file.h"
#include "base/pool.h"

#include <string.h>
#include <sys/stat.h>

/* A program that counts how often it is asked, and prints what a file says. */
struct fixture {
	char *folder, *count, *says, *command;
	S3Credentials *credentials;
};

static void write_text(const char *path, const char *text)
{
	g_assert_true(file_write(path, text, strlen(text), &(struct file_write){0}, NULL));
}

static void says(const struct fixture *fixture, const char *secret, usec_t ends_in)
{
	g_autofree char *end = clock_format(clock_now() + ends_in);
	g_autofree char *text = g_strdup_printf("{\"Version\":1,\"AccessKeyId\":\"A\","
						"\"SecretAccessKey\":\"%s\",\"Expiration\":\"%s\"}",
						secret, end);

	write_text(fixture->says, text);
}

static struct fixture fixture_new(const char *also)
{
	struct fixture fixture = {.folder = g_dir_make_tmp("credentials-XXXXXX", NULL)};
	g_autoptr(GError) error = NULL;

	fixture.count = g_build_filename(fixture.folder, "count", NULL);
	fixture.says = g_build_filename(fixture.folder, "says", NULL);
	fixture.command = g_strdup_printf("/bin/sh -c 'echo >>%s; %s cat %s'", fixture.count, also,
					  fixture.says);
	fixture.credentials = s3_credentials_new(
		&(struct s3_source_settings){.repository = "main", .process = fixture.command},
		&error);
	g_assert_no_error(error);
	return fixture;
}

static void fixture_free(struct fixture *fixture)
{
	s3_credentials_free(fixture->credentials);
	file_remove_tree(fixture->folder, NULL);
	g_free(fixture->folder);
	g_free(fixture->count);
	g_free(fixture->says);
	g_free(fixture->command);
}

static size_t asked(const struct fixture *fixture)
{
	g_autoptr(GBytes) lines = NULL;

	return file_read(fixture->count, 1 << 20, &lines, NULL) ? g_bytes_get_size(lines) : 0;
}

static unsigned assert_secret(S3Credentials *credentials, const char *secret)
{
	g_autoptr(GError) error = NULL;
	const struct s3_keys *keys = s3_credentials_take(credentials, &error);
	unsigned number;

	g_assert_no_error(error);
	g_assert_cmpstr(keys->secret, ==, secret);
	number = keys->number;
	s3_credentials_give_back(credentials, keys);
	return number;
}

static void test_use(void)
{
	g_assert_cmpint(s3_credentials_use(USEC_PER_HOUR), ==, 55 * USEC_PER_MIN);
	g_assert_cmpint(s3_credentials_use(10 * USEC_PER_MIN), ==, 5 * USEC_PER_MIN);
	g_assert_cmpint(s3_credentials_use(4 * USEC_PER_MIN), ==, 2 * USEC_PER_MIN);
	g_assert_cmpint(s3_credentials_use(USEC_PER_SEC), ==, USEC_PER_SEC / 2);
}

static void test_kept(void)
{
	struct fixture fixture = fixture_new("");

	says(&fixture, "1", USEC_PER_HOUR);
	assert_secret(fixture.credentials, "1");
	says(&fixture, "2", USEC_PER_HOUR);
	assert_secret(fixture.credentials, "1");
	g_assert_cmpuint(asked(&fixture), ==, 1);
	fixture_free(&fixture);
}

static void test_renewed(void)
{
	struct fixture fixture = fixture_new("");

	says(&fixture, "1", USEC_PER_HOUR);
	assert_secret(fixture.credentials, "1");
	says(&fixture, "2", USEC_PER_HOUR);
	s3_credentials_age(fixture.credentials, 54 * USEC_PER_MIN);
	assert_secret(fixture.credentials, "1");
	g_assert_cmpuint(asked(&fixture), ==, 1);
	s3_credentials_age(fixture.credentials, USEC_PER_MIN);
	assert_secret(fixture.credentials, "2");
	g_assert_cmpuint(asked(&fixture), ==, 2);
	fixture_free(&fixture);
}

/* Those who were refused with the old keys do not throw the new ones away. */
static void test_ended(void)
{
	struct fixture fixture = fixture_new("");
	unsigned first;

	says(&fixture, "1", USEC_PER_HOUR);
	first = assert_secret(fixture.credentials, "1");
	says(&fixture, "2", USEC_PER_HOUR);
	s3_credentials_ended(fixture.credentials, first);
	assert_secret(fixture.credentials, "2");
	s3_credentials_ended(fixture.credentials, first);
	assert_secret(fixture.credentials, "2");
	g_assert_cmpuint(asked(&fixture), ==, 2);
	fixture_free(&fixture);
}

static void test_in_use(void)
{
	struct fixture fixture = fixture_new("");
	const struct s3_keys *old;

	says(&fixture, "1", USEC_PER_HOUR);
	old = s3_credentials_take(fixture.credentials, NULL);
	s3_credentials_ended(fixture.credentials, old->number);
	says(&fixture, "2", USEC_PER_HOUR);
	assert_secret(fixture.credentials, "2");
	g_assert_cmpstr(old->secret, ==, "1");
	s3_credentials_give_back(fixture.credentials, old);
	fixture_free(&fixture);
}

static bool take_one(void *shared, void *context, size_t job, GError **error)
{
	S3Credentials *credentials = shared;
	const struct s3_keys *keys = s3_credentials_take(credentials, error);

	if (keys)
		s3_credentials_give_back(credentials, keys);
	return keys;
}

static void test_once(void)
{
	struct fixture fixture = fixture_new("sleep 0.2;");
	const struct pool_work work = {
		.workers = 8, .jobs = 64, .shared = fixture.credentials, .run = take_one};
	g_autoptr(GError) error = NULL;

	says(&fixture, "1", USEC_PER_HOUR);
	pool_run(&work, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(asked(&fixture), ==, 1);
	s3_credentials_ended(fixture.credentials, assert_secret(fixture.credentials, "1"));
	pool_run(&work, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(asked(&fixture), ==, 2);
	fixture_free(&fixture);
}

static void test_failure(void)
{
	struct fixture fixture = fixture_new("sleep 0.2; exit 3;");
	g_autoptr(GError) error = NULL;
	const struct pool_work work = {
		.workers = 8, .jobs = 8, .shared = fixture.credentials, .run = take_one};

	g_assert_false(pool_run(&work, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_AUTH);
	g_assert_cmpstr(error->message, ==,
			"cannot read the credentials: '/bin/sh' ended with status 3");
	fixture_free(&fixture);
}

/* A source that is out of reach for a while does not end what still has keys. */
static void test_outage(void)
{
	struct fixture fixture = fixture_new("");
	g_autoptr(GError) error = NULL;

	says(&fixture, "1", USEC_PER_HOUR);
	assert_secret(fixture.credentials, "1");
	write_text(fixture.says, "nonsense");
	s3_credentials_age(fixture.credentials, 55 * USEC_PER_MIN);
	assert_secret(fixture.credentials, "1");
	assert_secret(fixture.credentials, "1");
	g_assert_cmpuint(asked(&fixture), ==, 2);
	s3_credentials_age(fixture.credentials, USEC_PER_MIN);
	assert_secret(fixture.credentials, "1");
	g_assert_cmpuint(asked(&fixture), ==, 3);
	s3_credentials_age(fixture.credentials, 4 * USEC_PER_MIN);
	g_assert_null(s3_credentials_take(fixture.credentials, &error));
	g_assert_cmpstr(
		error->message, ==,
		"cannot read the credentials: what the credential process prints is no JSON");
	says(&fixture, "2", USEC_PER_HOUR);
	assert_secret(fixture.credentials, "2");
	fixture_free(&fixture);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{"are-used-until-five-minutes-before-their-end", test_use},
		{"are-asked-for-once", test_kept},
		{"are-renewed-before-they-end", test_renewed},
		{"that-have-ended-are-replaced-once", test_ended},
		{"in-use-stay-as-they-are", test_in_use},
		{"of-many-threads-are-asked-for-by-one", test_once},
		{"that-fail-fail-for-all-who-wait", test_failure},
		{"outlast-a-source-that-does-not-answer", test_outage},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/store/s3-credentials/", tests[i].name, NULL);

		g_test_add_func(path, tests[i].run);
	}
	return g_test_run();
}
