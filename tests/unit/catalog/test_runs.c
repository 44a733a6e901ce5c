#include "catalog/catalog.h"

#include "fixture.h"

#include <sys/wait.h>
#include <unistd.h>

static void begin(struct fixture *fixture, const char *id, const char *service, const char *command,
		  usec_t started, int64_t pid)
{
	struct catalog_run run = {.run_id = (char *)id,
				  .service = (char *)service,
				  .command = (char *)command,
				  .started = started,
				  .pid = pid};

	DO(catalog_run_begin(fixture->catalog, &run, &failure));
}

/* "id:outcome …", newest first. */
static void assert_runs(struct fixture *fixture, const char *service, const char *command,
			unsigned limit, const char *expected)
{
	g_autoptr(GPtrArray) runs = NULL;
	g_autoptr(GString) found = g_string_new(NULL);

	DO(catalog_runs(fixture->catalog, service, command, limit, &runs, &failure));
	for (guint i = 0; i < runs->len; i++) {
		const struct catalog_run *run = runs->pdata[i];

		g_string_append_printf(found, "%s%s:%s", i ? " " : "", run->run_id, run->outcome);
	}
	g_assert_cmpstr(found->str, ==, expected);
}

static void test_life(struct fixture *fixture, const void *data)
{
	g_autoptr(GPtrArray) runs = NULL;
	struct catalog_run end = {.run_id = (char *)"r1",
				  .outcome = (char *)"failed",
				  .finished = 200,
				  .exit_status = 13,
				  .set_id = (char *)"s",
				  .message = (char *)"it broke",
				  .bytes = 77};
	const struct catalog_run *run;

	(void)data;
	begin(fixture, "r1", "erp", "backup", 100, getpid());
	assert_runs(fixture, "erp", NULL, 10, "r1:running");
	DO(catalog_run_finish(fixture->catalog, &end, &failure));
	DO(catalog_runs(fixture->catalog, "erp", NULL, 10, &runs, &failure));
	run = runs->pdata[0];
	g_assert_cmpstr(run->outcome, ==, "failed");
	g_assert_cmpint(run->started, ==, 100);
	g_assert_cmpint(run->finished, ==, 200);
	g_assert_cmpint(run->exit_status, ==, 13);
	g_assert_cmpstr(run->set_id, ==, "s");
	g_assert_cmpstr(run->message, ==, "it broke");
	g_assert_cmpuint(run->bytes, ==, 77);
	g_assert_cmpint(run->pid, ==, getpid());
}

static void test_selection(struct fixture *fixture, const void *data)
{
	(void)data;
	begin(fixture, "r1", "erp", "backup", 100, getpid());
	begin(fixture, "r2", "erp", "expire", 300, getpid());
	begin(fixture, "r3", "shop", "backup", 200, getpid());
	begin(fixture, "r4", "erp", "backup", 300, getpid());
	assert_runs(fixture, "erp", NULL, 10, "r4:running r2:running r1:running");
	assert_runs(fixture, "erp", "backup", 10, "r4:running r1:running");
	assert_runs(fixture, NULL, "backup", 10, "r4:running r3:running r1:running");
	assert_runs(fixture, NULL, NULL, 2, "r4:running r2:running");
}

static void test_same_id(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	struct catalog_run run = {
		.run_id = (char *)"r1", .service = (char *)"erp", .command = (char *)"backup"};

	(void)data;
	begin(fixture, "r1", "erp", "backup", 100, getpid());
	g_assert_false(catalog_run_begin(fixture->catalog, &run, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_SYSTEM);
}

static void test_reap(struct fixture *fixture, const void *data)
{
	pid_t child = fork();

	(void)data;
	if (child == 0)
		_exit(0);
	g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
	begin(fixture, "alive", "erp", "backup", 100, getpid());
	begin(fixture, "gone", "erp", "backup", 200, child);
	begin(fixture, "nonsense", "erp", "backup", 300, 0);
	DO(catalog_runs_reap(fixture->catalog, &failure));
	assert_runs(fixture, "erp", NULL, 10, "nonsense:abandoned gone:abandoned alive:running");
	DO(catalog_runs_reap(fixture->catalog, &failure));
	assert_runs(fixture, "erp", NULL, 10, "nonsense:abandoned gone:abandoned alive:running");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	fixture_test("/runs/begin-and-end", test_life);
	fixture_test("/runs/are-found-newest-first", test_selection);
	fixture_test("/runs/an-id-serves-once", test_same_id);
	fixture_test("/runs/those-whose-process-died-are-abandoned", test_reap);
	return g_test_run();
}
