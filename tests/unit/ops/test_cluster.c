#include "ops/cluster.h"

#include "base/error.h"
#include "base/file.h"
#include "base/task.h"

#include <glib/gstdio.h>
#include <string.h>

#define OURS   ((uint64_t)7711944223782957749)
#define THEIRS ((uint64_t)18446744073709551615u)

struct site {
	char *state, *pin;
};

static void site_init(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	site->state = g_dir_make_tmp("odr-cluster-XXXXXX", &error);
	g_assert_no_error(error);
	site->pin = g_build_filename(site->state, "cluster", NULL);
}

static void site_clear(struct site *site, const void *data)
{
	(void)data;
	file_remove_tree(site->state, NULL);
	g_free(site->state);
	g_free(site->pin);
}

static uint64_t pinned(const struct site *site)
{
	GError *error = NULL;
	uint64_t identifier = 1;

	cluster_pinned(site->state, &identifier, &error);
	g_assert_no_error(error);
	return identifier;
}

static void first_and_again(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	g_assert_cmpuint(pinned(site), ==, 0);
	for (int i = 0; i < 3; i++) {
		g_assert_true(cluster_pin(site->state, OURS, &error));
		g_assert_no_error(error);
		g_assert_cmpuint(pinned(site), ==, OURS);
	}
}

static void another(struct site *site, const void *data)
{
	GError *error = NULL;

	(void)data;
	g_assert_true(cluster_pin(site->state, THEIRS, &error));
	g_assert_cmpuint(pinned(site), ==, THEIRS);
	g_assert_false(cluster_pin(site->state, OURS, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	g_assert_nonnull(strstr(error->message, "7711944223782957749"));
	g_assert_nonnull(strstr(error->message, "18446744073709551615"));
	g_assert_nonnull(strstr(error->message, site->pin));
	g_clear_error(&error);
	g_assert_cmpuint(pinned(site), ==, THEIRS);
}

/* What cannot be read is never taken for "nothing is pinned". */
static void unreadable(struct site *site, const void *data)
{
	static const char *const texts[] = {
		"", "\n", "nonsense\n", "0\n", "-5\n", "12x\n", "18446744073709551616\n", "1 2\n"};
	GError *error = NULL;
	uint64_t identifier = 42;

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_file_set_contents(site->pin, texts[i], -1, &error);
		g_assert_no_error(error);
		g_assert_false(cluster_pinned(site->state, &identifier, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_assert_nonnull(strstr(error->message, site->pin));
		g_clear_error(&error);
		g_assert_false(cluster_pin(site->state, OURS, &error));
		g_assert_error(error, ODR_ERROR, ODR_ERROR_CORRUPT);
		g_clear_error(&error);
		g_assert_cmpuint(identifier, ==, 42);
	}
	g_unlink(site->pin);
	g_assert_cmpint(g_mkdir(site->pin, 0700), ==, 0);
	g_assert_false(cluster_pin(site->state, OURS, &error));
	g_assert_nonnull(error);
	g_clear_error(&error);
}

struct racer {
	const struct site *site;
	uint64_t identifier;
};

static bool race(void *data, GError **error)
{
	const struct racer *racer = data;

	return cluster_pin(racer->site->state, racer->identifier, error);
}

/* A first backup and a first push may meet: one decides, the others learn of it. */
static void raced(struct site *site, const void *data)
{
	(void)data;
	for (int round = 0; round < 50; round++) {
		struct racer racers[4];
		struct task *tasks[G_N_ELEMENTS(racers)];
		bool won[G_N_ELEMENTS(racers)];

		g_unlink(site->pin);
		for (size_t i = 0; i < G_N_ELEMENTS(racers); i++) {
			racers[i] = (struct racer){site, i % 2 ? OURS : THEIRS};
			tasks[i] = task_start(race, &racers[i], NULL);
			g_assert_nonnull(tasks[i]);
		}
		for (size_t i = 0; i < G_N_ELEMENTS(racers); i++)
			won[i] = task_wait(tasks[i], NULL);

		uint64_t winner = pinned(site);

		for (size_t i = 0; i < G_N_ELEMENTS(racers); i++)
			g_assert_true(won[i] == (racers[i].identifier == winner));
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(struct site *site, const void *data);
	} tests[] = {
		{"first-and-again", first_and_again},
		{"another", another},
		{"unreadable", unreadable},
		{"raced", raced},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
		g_autofree char *path = g_strconcat("/cluster/", tests[i].name, NULL);

		g_test_add(path, struct site, NULL, site_init, tests[i].test, site_clear);
	}
	return g_test_run();
}
