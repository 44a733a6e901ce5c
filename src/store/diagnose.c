#include "store/diagnose.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/stop.h"
#include "crypto/digest.h"
#include "store/diagnose_steps.h"
#include "store/driver.h"

#include <string.h>

static const char content[] = "odrbackup checks whether it may write here\n";

static const char *const roles[] = {
	[STORE_ROLE_ANY] = "any",
	[STORE_ROLE_WRITER] = "writer",
	[STORE_ROLE_KEEPER] = "keeper",
	[STORE_ROLE_RESTORER] = "restorer",
};

const char *store_role_name(enum store_role role)
{
	return roles[role];
}

bool store_role_parse(const char *name, enum store_role *role)
{
	for (size_t i = 0; i < G_N_ELEMENTS(roles); i++) {
		if (strcmp(roles[i], name) != 0)
			continue;
		*role = (enum store_role)i;
		return true;
	}
	return false;
}

const char *store_step_state_name(enum store_step_state state)
{
	static const char *const names[] = {
		[STORE_STEP_OK] = "ok",
		[STORE_STEP_WARNING] = "warning",
		[STORE_STEP_BAD] = "bad",
		[STORE_STEP_SKIPPED] = "skipped",
	};

	return names[state];
}

/* The diagnosis. */

static void step_free(void *data)
{
	struct store_step *step = data;

	g_free(step->saw);
	g_free(step->advice);
	g_free(step);
}

static StoreDiagnosis *diagnosis_new(void)
{
	StoreDiagnosis *diagnosis = g_new0(StoreDiagnosis, 1);

	diagnosis->steps = g_ptr_array_new_with_free_func(step_free);
	return diagnosis;
}

void store_diagnosis_free(StoreDiagnosis *diagnosis)
{
	if (!diagnosis)
		return;
	g_ptr_array_unref(diagnosis->steps);
	g_free(diagnosis);
}

struct store_step *diagnose_add(struct diagnose *diagnose, const char *name,
				enum store_step_state state, const char *advice,
				const char *saw_format, ...)
{
	struct store_step *step = g_new0(struct store_step, 1);
	va_list arguments;

	va_start(arguments, saw_format);
	step->saw = g_strdup_vprintf(saw_format, arguments);
	va_end(arguments);
	step->name = name;
	step->state = state;
	step->advice = g_strdup(advice);
	g_ptr_array_add(diagnose->out->steps, step);
	return step;
}

static bool has_step(const struct diagnose *diagnose, const char *name)
{
	for (guint i = 0; i < diagnose->out->steps->len; i++)
		if (strcmp(((const struct store_step *)diagnose->out->steps->pdata[i])->name,
			   name) == 0)
			return true;
	return false;
}

void diagnose_skip(struct diagnose *diagnose, const char *const *names, const char *why)
{
	for (; *names; names++)
		if (!has_step(diagnose, *names))
			diagnose_add(diagnose, *names, STORE_STEP_SKIPPED, NULL,
				     "not looked at: %s", why);
}

void diagnose_no_proof(struct diagnose *diagnose, const char *why)
{
	if (diagnose->inquiry->prove_lock)
		diagnose_add(diagnose, "proof", STORE_STEP_WARNING, NULL, "nothing is proven: %s",
			     why);
}

StoreDiagnosis *store_diagnosis_failed(const GError *cause)
{
	StoreDiagnosis *diagnosis = diagnosis_new();
	struct diagnose diagnose = {.out = diagnosis};

	diagnose_add(&diagnose, "open", STORE_STEP_BAD, NULL, "%s", cause->message);
	return diagnosis;
}

/* For stores that have nothing to tell of themselves. */
static void diagnose_plainly(struct diagnose *diagnose)
{
	diagnose->out->reached = true;
	diagnose_put(diagnose);
	diagnose_read(diagnose);
	diagnose_list(diagnose);
	diagnose_remove(diagnose);
	diagnose_no_proof(diagnose, "this store has no locks");
}

static char *probe_name(void)
{
	g_autofree char *time = clock_format_compact(clock_now());
	uint8_t drawn[4];

	random_bytes(drawn, sizeof(drawn));

	g_autofree char *hex = hex_encode(drawn, sizeof(drawn));

	return g_strdup_printf(STORE_PROBE "%s-%s", time, hex);
}

/* probe/20261128T000102Z-1a2b3c4d, and what a proof appends. */
bool store_is_probe(const char *name)
{
	g_auto(GStrv) words = NULL;
	uint8_t drawn[4];
	usec_t time;

	if (!g_str_has_prefix(name, STORE_PROBE))
		return false;
	words = g_strsplit(name + strlen(STORE_PROBE), "-", 4);
	switch (g_strv_length(words)) {
	case 3:
		if (strcmp(words[2], STORE_PROBE_FREE) != 0 &&
		    strcmp(words[2], STORE_PROBE_LOCKED) != 0)
			return false;
		/* fall through */
	case 2:
		return clock_parse_compact(words[0], &time) &&
		       hex_decode(words[1], drawn, sizeof(drawn));
	default:
		return false;
	}
}

StoreDiagnosis *store_diagnose(Store *store, const struct store_inquiry *inquiry, GError **error)
{
	g_autoptr(StoreDiagnosis) out = diagnosis_new();
	g_autofree char *probe = probe_name();
	struct diagnose diagnose = {.store = store, .inquiry = inquiry, .out = out, .probe = probe};

	(store->class->diagnose ? store->class->diagnose : diagnose_plainly)(&diagnose);
	return stop_check(error) ? g_steal_pointer(&out) : NULL;
}

/* Rights. */

enum want { EITHER, NEEDED, ABSENT };
static const struct right {
	const char *name, *can;
	enum want of[4]; /* by role */
	const char *missing, *excess;
} rights[] = {
	[STORE_RIGHT_PUT] = {"put",
			     "store",
			     {NEEDED, NEEDED, EITHER, ABSENT},
			     "the credential needs the right to put objects (s3:PutObject)",
			     "take s3:PutObject away from this credential"},
	[STORE_RIGHT_READ] = {"read",
			      "read",
			      {NEEDED, ABSENT, NEEDED, NEEDED},
			      "the credential needs the right to read objects (s3:GetObject, "
			      "s3:GetObjectVersion)",
			      "take s3:GetObject away from this credential"},
	[STORE_RIGHT_LIST] = {"list",
			      "list",
			      {NEEDED, ABSENT, NEEDED, NEEDED},
			      "the credential needs the right to list (s3:ListBucket, "
			      "s3:ListBucketVersions)",
			      "take s3:ListBucket away from this credential"},
	[STORE_RIGHT_REMOVE] = {"delete",
				"delete",
				{EITHER, ABSENT, NEEDED, ABSENT},
				"the credential needs the right to delete (s3:DeleteObject, "
				"s3:DeleteObjectVersion)",
				"take s3:DeleteObject and s3:DeleteObjectVersion away from this "
				"credential, and let another host expire"},
};

void diagnose_right(struct diagnose *diagnose, enum store_right which, enum store_known known,
		    const char *saw)
{
	enum store_role role = diagnose->inquiry->role;
	const struct right *right = &rights[which];
	const char *name = right->name, *called = roles[role];
	enum want want = right->of[role];

	if (known == STORE_YES && want == ABSENT)
		diagnose_add(diagnose, name, STORE_STEP_WARNING, right->excess,
			     "may %s, which a %s need not: %s", right->can, called, saw);
	else if (known == STORE_YES)
		diagnose_add(diagnose, name, STORE_STEP_OK, NULL, "%s", saw);
	else if (known == STORE_NO && want == NEEDED)
		diagnose_add(diagnose, name, STORE_STEP_BAD, right->missing, "refused: %s", saw);
	else if (known == STORE_NO && want == ABSENT)
		diagnose_add(diagnose, name, STORE_STEP_OK, NULL,
			     "refused, as it should be for a %s", called);
	else if (known == STORE_NO)
		diagnose_add(diagnose, name, STORE_STEP_OK, NULL, "refused");
	else if (want == NEEDED)
		diagnose_add(diagnose, name, STORE_STEP_BAD, NULL, "%s", saw);
	else
		diagnose_add(diagnose, name, STORE_STEP_SKIPPED, NULL, "not known: %s", saw);
}

enum store_known diagnose_known(bool done, const GError *cause)
{
	return done ? STORE_YES
	       : odr_error_is(cause, ODR_ERROR_REFUSED) || odr_error_is(cause, ODR_ERROR_AUTH)
		       ? STORE_NO
		       : STORE_UNKNOWN;
}

/* What an attempt comes to, in the words of its cause or, where it succeeded, of saw. */
static enum store_known judge(struct diagnose *diagnose, enum store_right right, bool done,
			      const GError *cause, const char *saw)
{
	enum store_known known = diagnose_known(done, cause);

	diagnose_right(diagnose, right, known, done ? saw : cause->message);
	return known;
}

/* The steps. */

void diagnose_put(struct diagnose *diagnose)
{
	struct iovec part = {(char *)content, strlen(content)};
	struct store_receipt receipt = {0};
	g_autoptr(GError) cause = NULL;
	usec_t start = clock_monotonic();
	bool done = store_put(diagnose->store, diagnose->probe, &part, 1, NULL, &receipt, &cause);
	g_autofree char *took = duration_format(clock_monotonic() - start);
	g_autofree char *saw =
		g_strdup_printf("'%s' is stored durably, in %s", diagnose->probe, took);

	diagnose->probe_stored = done;
	g_strlcpy(diagnose->probe_version, receipt.version, sizeof(diagnose->probe_version));
	diagnose->out->facts.put = judge(diagnose, STORE_RIGHT_PUT, done, cause, saw);
}

/* The first version of what is there, where versions may be listed: a later one may be somebody else's. */
static char *version_to_read(const struct diagnose *diagnose, const char *name)
{
	g_autoptr(GPtrArray) versions = NULL;

	if (diagnose->probe_stored)
		return g_strdup(diagnose->probe_version);
	if (!store_versions(diagnose->store, name, &versions, NULL))
		return NULL;
	return g_strdup(((const struct store_object *)versions->pdata[0])->version);
}

static bool read_back(struct diagnose *diagnose, const char *name, GError **error)
{
	g_autofree char *version = version_to_read(diagnose, name);
	g_autoptr(GBytes) got = NULL;
	g_autoptr(GBytes) want = g_bytes_new_static(content, strlen(content));

	if (!store_get(diagnose->store, name, version, 0, &got, error))
		return false;
	if (diagnose->probe_stored && !g_bytes_equal(got, want))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"what comes back is not what was just stored");
	return true;
}

void diagnose_read(struct diagnose *diagnose)
{
	const char *name = diagnose->probe_stored ? diagnose->probe : diagnose->inquiry->present;
	g_autoptr(GError) cause = NULL;
	usec_t start = clock_monotonic();
	bool done = read_back(diagnose, name, &cause);
	g_autofree char *took = duration_format(clock_monotonic() - start);
	g_autofree char *saw = g_strdup_printf("'%s' is read, in %s", name, took);

	diagnose->out->facts.read = judge(diagnose, STORE_RIGHT_READ, done, cause, saw);
}

struct seen {
	const char *probe;
	bool found;
	unsigned others;
};

static bool see(void *data, const struct store_object *object)
{
	struct seen *seen = data;

	if (strcmp(object->name, seen->probe) == 0)
		seen->found = true;
	else
		seen->others++;
	return true;
}

void diagnose_list(struct diagnose *diagnose)
{
	struct seen seen = {.probe = diagnose->probe};
	g_autoptr(GError) cause = NULL;
	bool done = store_list(diagnose->store, STORE_PROBE, see, &seen, &cause);
	g_autofree char *others = count_format(seen.others, "probe");
	g_autofree char *left =
		seen.others == 0 ? g_strdup("")
				 : g_strdup_printf("; %s of earlier checks: 'odrbackup expire' "
						   "removes them after a day",
						   others);
	g_autofree char *saw = g_strdup_printf(
		"%s%s", diagnose->probe_stored ? "the probe is listed" : "a listing comes", left);

	if (done && diagnose->probe_stored && !seen.found)
		done = odr_fail(&cause, ODR_ERROR_CORRUPT, "what was just stored is not listed");
	diagnose->out->facts.list = judge(diagnose, STORE_RIGHT_LIST, done, cause, saw);
}

void diagnose_remove(struct diagnose *diagnose)
{
	g_autoptr(GError) cause = NULL;
	bool done;

	if (!diagnose->probe_stored) {
		diagnose_add(diagnose, rights[STORE_RIGHT_REMOVE].name, STORE_STEP_SKIPPED, NULL,
			     "not tried: there is nothing of ours to delete");
		return;
	}
	done = store_delete(diagnose->store, diagnose->probe, diagnose->probe_version, &cause);
	diagnose->probe_stored = !done;
	diagnose->out->facts.remove =
		judge(diagnose, STORE_RIGHT_REMOVE, done, cause, "the probe is removed");
}
