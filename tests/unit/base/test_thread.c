#include "base/thread.h"

#include <glib.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

static struct once once = {ONCE_INIT};
static atomic_uint counted;
static bool may_run_on[CPU_SETSIZE]; /* what the thread found allowed */
static pthread_t other;

static void count(void)
{
	atomic_fetch_add(&counted, 1);
	other = pthread_self();
}

static void count_once(void)
{
	once_run(&once, count);
}

static void note_cpus(void)
{
	cpu_set_t allowed;

	g_assert_cmpint(sched_getaffinity(0, sizeof(allowed), &allowed), ==, 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		may_run_on[cpu] = CPU_ISSET(cpu, &allowed);
}

static unsigned allowed_of(const cpu_set_t *mine)
{
	unsigned allowed = 0;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (may_run_on[cpu])
			g_assert_true(CPU_ISSET(cpu, mine));
		allowed += may_run_on[cpu];
	}
	return allowed;
}

/* It is another thread, and is over when the end has been waited for. */
static void test_meanwhile(void)
{
	counted = 0;
	meanwhile_end(meanwhile_begin(count));
	g_assert_cmpuint(counted, ==, 1);
	g_assert_false(pthread_equal(other, pthread_self()));
	meanwhile_end(NULL);
}

static void test_once_by_two(void)
{
	struct meanwhile *meanwhile;

	counted = 0;
	meanwhile = meanwhile_begin(count_once);
	count_once();
	g_assert_cmpuint(counted, ==, 1);
	meanwhile_end(meanwhile);
	g_assert_cmpuint(counted, ==, 1);
}

/* One CPU less than the caller, who keeps his own; where there is but one, that one. */
static void test_keeps_off_the_callers_cpu(void)
{
	cpu_set_t before, after;
	unsigned usable;

	g_assert_cmpint(sched_getaffinity(0, sizeof(before), &before), ==, 0);
	usable = (unsigned)CPU_COUNT(&before);
	meanwhile_end(meanwhile_begin(note_cpus));
	g_assert_cmpuint(allowed_of(&before), ==, usable > 1 ? usable - 1 : 1);
	g_assert_cmpint(sched_getaffinity(0, sizeof(after), &after), ==, 0);
	g_assert_true(CPU_EQUAL(&before, &after));
}

static void test_only_cpu(void)
{
	cpu_set_t before, one;
	int cpu = sched_getcpu();

	g_assert_cmpint(sched_getaffinity(0, sizeof(before), &before), ==, 0);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	g_assert_cmpint(sched_setaffinity(0, sizeof(one), &one), ==, 0);
	meanwhile_end(meanwhile_begin(note_cpus));
	g_assert_cmpuint(allowed_of(&one), ==, 1);
	g_assert_cmpint(sched_setaffinity(0, sizeof(before), &before), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/thread/meanwhile", test_meanwhile);
	g_test_add_func("/thread/once-by-two", test_once_by_two);
	g_test_add_func("/thread/keeps-off-the-callers-cpu", test_keeps_off_the_callers_cpu);
	g_test_add_func("/thread/only-cpu", test_only_cpu);
	return g_test_run();
}
