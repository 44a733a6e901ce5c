#include "drill/report/custody.h"

#define DAY USEC_PER_DAY

static void add(GPtrArray *events, enum custody_act act, usec_t time, const char *service,
		bool failed)
{
	struct custody_event *event = g_new0(struct custody_event, 1);

	*event = (struct custody_event){act, time, .service = g_strdup(service), .failed = failed};
	g_ptr_array_add(events, event);
}

/* What is before the period tells when it was last; what is after it, nothing. */
static void of_a_period(void)
{
	static const struct {
		enum custody_act act;
		usec_t from, until;
		usec_t last; /* 0: never */
		unsigned times, failed;
	} cases[] = {
		{CUSTODY_KIT_TESTED, 5 * DAY, 9 * DAY, 7 * DAY, 2, 1},
		{CUSTODY_KIT_TESTED, 5 * DAY, 7 * DAY, 6 * DAY, 1, 0}, /* an end is not in it */
		{CUSTODY_KIT_TESTED, 8 * DAY, 9 * DAY, 7 * DAY, 0, 0},
		{CUSTODY_KIT_TESTED, 1 * DAY, 2 * DAY, 0, 0, 0},
		{CUSTODY_KEY_TESTED, 1 * DAY, 9 * DAY, 0, 0, 0}, /* that of another service */
		{CUSTODY_IDENTITY_USED, 1 * DAY, 9 * DAY, 4 * DAY, 1, 0},
	};
	g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func(custody_event_free);

	add(events, CUSTODY_KIT_TESTED, 3 * DAY, "erp", false);
	add(events, CUSTODY_IDENTITY_USED, 4 * DAY, "erp", false);
	add(events, CUSTODY_KEY_TESTED, 5 * DAY, "crm", false);
	add(events, CUSTODY_KIT_TESTED, 6 * DAY, "erp", false);
	add(events, CUSTODY_KIT_TESTED, 7 * DAY, "erp", true);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct custody_period period = {"erp", cases[i].from, cases[i].until};
		struct custody_row row = custody_row(events, cases[i].act, &period);

		g_assert_cmpint(row.last ? row.last->time : 0, ==, cases[i].last);
		g_assert_cmpuint(row.times, ==, cases[i].times);
		g_assert_cmpuint(row.failed, ==, cases[i].failed);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drill/report/custody/of-a-period", of_a_period);
	return g_test_run();
}
