#include "store/diagnose.h"

#include "base/error.h"
#include "base/file.h"
#include "store/driver.h"

#include <string.h>
#include <sys/stat.h>

/* A store that grants some rights and refuses the others. */
struct strict {
	struct store store;
	bool put, read, list, remove;
	GBytes *stored;
	char *name;
};

static bool refuse(GError **error)
{
	return odr_fail(error, ODR_ERROR_REFUSED, "HTTP 403");
}

static bool strict_put(Store *store, const char *name, const struct iovec *parts, int count,
		       const struct store_put *how, struct store_receipt *receipt, GError **error)
{
	struct strict *self = (struct strict *)store;

	if (!self->put)
		return refuse(error);
	self->stored = g_bytes_new(parts[0].iov_base, parts[0].iov_len);
	self->name = g_strdup(name);
	return true;
}

static bool strict_get(Store *store, const char *name, const char *version, uint64_t limit,
		       GBytes **content, GError **error)
{
	struct strict *self = (struct strict *)store;

	if (!self->read)
		return refuse(error);
	*content = self->stored && strcmp(name, self->name) == 0 ? g_bytes_ref(self->stored)
								 : g_bytes_new("{}", 2);
	return true;
}

static bool strict_head(Store *store, const char *name, struct store_object *object, GError **error)
{
	*object = (struct store_object){.size = 2};
	return ((struct strict *)store)->read || refuse(error);
}

static bool strict_list(Store *store, const char *prefix, store_each each, void *data,
			GError **error)
{
	struct strict *self = (struct strict *)store;
	struct store_object object = {.name = self->name};

	return self->list ? !self->name || each(data, &object) : refuse(error);
}

static bool strict_delete(Store *store, const char *name, const char *version, GError **error)
{
	struct strict *self = (struct strict *)store;

	return self->remove || refuse(error);
}

static const struct store_class store_strict = {
	.type = "strict",
	.put = strict_put,
	.head = strict_head,
	.get = strict_get,
	.list = strict_list,
	.delete = strict_delete,
};
const struct store_class *const store_classes[] = {&store_posix, NULL};

static const struct store_step *step_of(const StoreDiagnosis *diagnosis, const char *name)
{
	for (guint i = 0; i < diagnosis->steps->len; i++) {
		const struct store_step *step = diagnosis->steps->pdata[i];

		if (strcmp(step->name, name) == 0)
			return step;
	}
	g_error("there is no step '%s'", name);
}

/* Rights and states as letters: put, read, list, delete. o: ok, w: warning, b: bad, s: skipped. */
static void test_roles(void)
{
	static const char *const names[] = {"put", "read", "list", "delete"};
	static const char letters[] = {[STORE_STEP_OK] = 'o',
				       [STORE_STEP_WARNING] = 'w',
				       [STORE_STEP_BAD] = 'b',
				       [STORE_STEP_SKIPPED] = 's'};
	static const struct {
		enum store_role role;
		const char *rights, *states;
	} cases[] = {
		{STORE_ROLE_ANY, "prld", "oooo"},      {STORE_ROLE_ANY, "----", "bbbs"},
		{STORE_ROLE_ANY, "prl-", "oooo"},      {STORE_ROLE_WRITER, "p---", "oooo"},
		{STORE_ROLE_WRITER, "prld", "owww"},   {STORE_ROLE_WRITER, "----", "boos"},
		{STORE_ROLE_KEEPER, "prld", "oooo"},   {STORE_ROLE_KEEPER, "-rl-", "ooos"},
		{STORE_ROLE_KEEPER, "p---", "obbb"},   {STORE_ROLE_RESTORER, "-rl-", "ooos"},
		{STORE_ROLE_RESTORER, "prld", "woow"}, {STORE_ROLE_RESTORER, "----", "obbs"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *rights = cases[i].rights;
		struct strict strict = {.store = {.class = &store_strict, .name = (char *)"main"},
					.put = rights[0] == 'p',
					.read = rights[1] == 'r',
					.list = rights[2] == 'l',
					.remove = rights[3] == 'd'};
		struct store_inquiry inquiry = {.role = cases[i].role, .present = "repository"};
		g_autoptr(StoreDiagnosis) diagnosis = store_diagnose(&strict.store, &inquiry, NULL);

		for (size_t j = 0; j < G_N_ELEMENTS(names); j++) {
			const struct store_step *step = step_of(diagnosis, names[j]);

			if (letters[step->state] != cases[i].states[j])
				g_error("%s with %s: %s is %s: %s", store_role_name(cases[i].role),
					rights, names[j], store_step_state_name(step->state),
					step->saw);
			g_assert_true(step->state != STORE_STEP_WARNING || step->advice);
		}
		g_clear_pointer(&strict.stored, g_bytes_unref);
		g_free(strict.name);
	}
}

static void test_facts(void)
{
	struct strict strict = {.store = {.class = &store_strict, .name = (char *)"main"},
				.put = true};
	struct store_inquiry inquiry = {.role = STORE_ROLE_WRITER, .present = "repository"};
	g_autoptr(StoreDiagnosis) diagnosis = store_diagnose(&strict.store, &inquiry, NULL);

	g_assert_cmpint(diagnosis->facts.put, ==, STORE_YES);
	g_assert_cmpint(diagnosis->facts.read, ==, STORE_NO);
	g_assert_cmpint(diagnosis->facts.remove, ==, STORE_NO);
	g_assert_cmpint(diagnosis->facts.locked, ==, STORE_UNKNOWN);
	g_assert_cmpstr(step_of(diagnosis, "delete")->saw, ==,
			"refused, as it should be for a writer");
	g_bytes_unref(strict.stored);
	g_free(strict.name);
}

static StoreDiagnosis *diagnose_folder(const char *path)
{
	const struct store_settings settings = {.name = "main", .type = "posix", .path = path};
	const struct store_inquiry inquiry = {.present = "repository", .prove_lock = true};
	g_autoptr(Store) store = store_open(&settings, NULL);

	return store_diagnose(store, &inquiry, NULL);
}

static void test_folder(void)
{
	static const struct {
		mode_t mode;
		enum store_step_state state;
	} cases[] = {
		{0700, STORE_STEP_OK},	{0750, STORE_STEP_OK},	 {0770, STORE_STEP_WARNING},
		{0777, STORE_STEP_BAD}, {01777, STORE_STEP_BAD},
	};
	g_autofree char *path = g_dir_make_tmp("odr-diagnose-XXXXXX", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(StoreDiagnosis) diagnosis = NULL;

		g_assert_cmpint(chmod(path, cases[i].mode), ==, 0);
		diagnosis = diagnose_folder(path);
		g_assert_cmpint(step_of(diagnosis, "writers")->state, ==, cases[i].state);
		g_assert_cmpint(step_of(diagnosis, "put")->state, ==, STORE_STEP_OK);
		g_assert_cmpint(step_of(diagnosis, "delete")->state, ==, STORE_STEP_OK);
		g_assert_cmpint(step_of(diagnosis, "proof")->state, ==, STORE_STEP_WARNING);
		g_assert_cmpint(diagnosis->facts.versions, ==, STORE_NO);
		g_assert_cmpint(diagnosis->facts.locked, ==, STORE_NO);
	}
	g_assert_true(file_is_empty_dir(path));
	file_remove_tree(path, NULL);
}

static void test_probes(void)
{
	static const struct {
		const char *name;
		bool ours;
	} cases[] = {
		{STORE_PROBE "20261128T000102Z-1a2b3c4d", true},
		{STORE_PROBE "20261128T000102Z-1a2b3c4d-free", true},
		{STORE_PROBE "20261128T000102Z-1a2b3c4d-locked", true},
		{STORE_PROBE "20261128T000102Z-1a2b3c4d-other", false},
		{STORE_PROBE "20261128T000102Z-1a2b3c4d-locked-x", false},
		{STORE_PROBE "20261128T000102Z-1a2b3c4", false},
		{STORE_PROBE "20261128T000102Z", false},
		{STORE_PROBE "20261328T000102Z-1a2b3c4d", false},
		{STORE_PROBE "results.csv", false},
		{STORE_PROBE, false},
		{"20261128T000102Z-1a2b3c4d", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(store_is_probe(cases[i].name), ==, cases[i].ours);
}

static void test_names(void)
{
	enum store_role role;

	for (enum store_role one = STORE_ROLE_ANY; one <= STORE_ROLE_RESTORER; one++) {
		g_assert_true(store_role_parse(store_role_name(one), &role));
		g_assert_cmpint(role, ==, one);
	}
	g_assert_false(store_role_parse("thief", &role));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/diagnose/rights-are-judged-by-role", test_roles);
	g_test_add_func("/store/diagnose/facts-are-what-was-tried", test_facts);
	g_test_add_func("/store/diagnose/a-folder-that-others-may-write-to", test_folder);
	g_test_add_func("/store/diagnose/names-of-probes", test_probes);
	g_test_add_func("/store/diagnose/names-of-roles", test_names);
	return g_test_run();
}
