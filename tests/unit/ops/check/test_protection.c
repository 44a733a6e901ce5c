#include "ops/check/protection.h"

#include <string.h>

/* Facts of a few sites, and what each threat meets there: y yes, p partly, n no, u unknown; in the order of
 * codes below. */
static const char *const codes[] = {
	"host-reads", "host-deletes", "host-overwrites", "ransomware", "keeper-deletes",
	"operator",   "host-lost",    "provider-lost",	 "listener",   "decay"};

#define LOCKED \
 .versions = STORE_YES, .locked = STORE_YES, .guarded = STORE_YES, .elsewhere = STORE_YES

#define FACTS(versions_, locked_, put_, remove_, guarded_, elsewhere_)          \
 .versions = STORE_##versions_, .locked = STORE_##locked_, .put = STORE_##put_, \
 .remove = STORE_##remove_, .guarded = STORE_##guarded_, .elsewhere = STORE_##elsewhere_
#define SEEN(role, identity_here, others, verdicts) role, identity_here, others, verdicts

static const struct {
	const char *name;
	struct store_facts facts;
	enum store_role role;
	bool identity_here;
	const char *others, *verdicts;
} cases[] = {
	{"nothing-is-known", {0}, SEEN(STORE_ROLE_ANY, false, NULL, "yuuuuuunup")},
	{"compliance",
	 {LOCKED, .lock_mode = STORE_LOCK_COMPLIANCE, .put = STORE_YES, .remove = STORE_YES},
	 SEEN(STORE_ROLE_ANY, true, NULL, "nyyyyyynyp")},
	{"compliance-and-a-second-region",
	 {LOCKED, .lock_mode = STORE_LOCK_COMPLIANCE, .put = STORE_YES, .remove = STORE_NO},
	 SEEN(STORE_ROLE_WRITER, false, "repository offsite", "yyyyyyyyyy")},
	{"governance",
	 {LOCKED, .lock_mode = STORE_LOCK_GOVERNANCE, .put = STORE_YES, .remove = STORE_YES},
	 SEEN(STORE_ROLE_ANY, false, NULL, "ypppppynyp")},
	{"a-lock-that-was-disproven",
	 {LOCKED, .lock_mode = STORE_LOCK_COMPLIANCE, .proven = STORE_NO, .put = STORE_YES,
	  .remove = STORE_YES},
	 SEEN(STORE_ROLE_ANY, false, NULL, "ynpnnpynyp")},
	{"versions-and-a-writer-that-may-not-delete",
	 {FACTS(YES, NO, YES, NO, YES, YES)},
	 SEEN(STORE_ROLE_WRITER, false, NULL, "ypypnpynyp")},
	{"versions-and-a-credential-that-may-delete",
	 {FACTS(YES, NO, YES, YES, NO, YES)},
	 SEEN(STORE_ROLE_ANY, false, NULL, "ynpnnpynpp")},
	{"a-writer-that-may-overwrite",
	 {FACTS(NO, NO, YES, NO, YES, YES)},
	 SEEN(STORE_ROLE_WRITER, false, NULL, "ynnnnnynyp")},
	{"a-folder-on-this-host",
	 {FACTS(NO, NO, YES, YES, YES, NO)},
	 SEEN(STORE_ROLE_ANY, true, NULL, "nnnnnnnnyp")},
	{"seen-by-a-keeper",
	 {FACTS(YES, NO, YES, YES, YES, YES)},
	 SEEN(STORE_ROLE_KEEPER, false, NULL, "uupunpynyp")},
	{"compliance-seen-by-a-restorer",
	 {LOCKED, .lock_mode = STORE_LOCK_COMPLIANCE, .put = STORE_NO, .remove = STORE_NO},
	 SEEN(STORE_ROLE_RESTORER, true, NULL, "uyyyyyynyp")},
};

static void test_case(const void *data)
{
	size_t i = GPOINTER_TO_SIZE(data);
	g_autoptr(GPtrArray) found = protection_cases(
		&(struct protection_source){.facts = &cases[i].facts,
					    .role = cases[i].role,
					    .identity_here = cases[i].identity_here,
					    .others = cases[i].others});

	g_assert_cmpuint(found->len, ==, G_N_ELEMENTS(codes));
	for (guint j = 0; j < found->len; j++) {
		const struct protection_case *one = found->pdata[j];

		g_assert_cmpstr(one->code, ==, codes[j]);
		if (protection_name(one->holds)[0] != cases[i].verdicts[j])
			g_error("%s: %s: %s", one->threat, protection_name(one->holds),
				one->because);
	}
}

/* No fact, no claim: what nobody tried is never a yes, but for what lies on this host itself. */
static void test_nothing_known(void)
{
	const struct store_facts facts = {0};

	for (enum store_role role = STORE_ROLE_ANY; role <= STORE_ROLE_RESTORER; role++) {
		g_autoptr(GPtrArray) found = protection_cases(&(struct protection_source){
			.facts = &facts, .role = role, .identity_here = true});

		for (guint i = 0; i < found->len; i++)
			g_assert_cmpint(((const struct protection_case *)found->pdata[i])->holds,
					!=, PROTECTION_YES);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = g_strconcat("/ops/protection/", cases[i].name, NULL);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_case);
	}
	g_test_add_func("/ops/protection/claims-nothing-untried", test_nothing_known);
	return g_test_run();
}
