#include "ops/check/protection.h"

/* What one threat meets. */
struct verdict {
	enum protection holds;
	const char *because;
};
typedef struct verdict (*judge)(const struct protection_source *source);

/* This host is not the one whose theft is judged. */
static bool is_elsewhere(const struct protection_source *source)
{
	return source->role == STORE_ROLE_KEEPER || source->role == STORE_ROLE_RESTORER;
}

static bool locked_by(const struct store_facts *facts, enum store_lock_mode mode)
{
	return facts->locked == STORE_YES && facts->lock_mode == mode && facts->proven != STORE_NO;
}

static struct verdict compliance(const struct store_facts *facts)
{
	return (struct verdict){
		PROTECTION_YES,
		facts->proven == STORE_YES
			? "the newest set is locked by compliance, and what is locked could not be deleted"
			: "the newest set is locked by compliance: read back"};
}

static struct verdict governance(void)
{
	return (struct verdict){PROTECTION_PARTLY,
				"locked by governance: not against whoever may bypass it"};
}

static struct verdict host_reads(const struct protection_source *source)
{
	if (is_elsewhere(source))
		return (struct verdict){PROTECTION_UNKNOWN,
					"to be judged on the database host, by the keys it holds"};
	if (source->identity_here)
		return (struct verdict){PROTECTION_NO,
					"a key that opens sets lies on this host (identity=)"};
	return (struct verdict){PROTECTION_YES, "this host holds no key that opens a set"};
}

static struct verdict host_deletes(const struct protection_source *source)
{
	const struct store_facts *facts = source->facts;

	if (locked_by(facts, STORE_LOCK_COMPLIANCE))
		return compliance(facts);
	if (locked_by(facts, STORE_LOCK_GOVERNANCE))
		return governance();
	if (is_elsewhere(source))
		return (struct verdict){PROTECTION_UNKNOWN,
					"no lock was seen; what the database host's credential may "
					"do is to be judged there"};
	if (facts->remove == STORE_YES)
		return (struct verdict){PROTECTION_NO,
					"no lock was seen, and this host's credential may delete"};
	if (facts->versions == STORE_NO && facts->put == STORE_YES)
		return (struct verdict){PROTECTION_NO,
					"who may write may overwrite, and no versions are kept"};
	if (facts->remove == STORE_NO && facts->versions == STORE_YES)
		return (struct verdict){PROTECTION_PARTLY,
					"by rights alone: this host's credential may not delete"};
	return (struct verdict){PROTECTION_UNKNOWN, "what this credential may do was not learnt"};
}

static struct verdict host_overwrites(const struct protection_source *source)
{
	const struct store_facts *facts = source->facts;
	bool stays = locked_by(facts, STORE_LOCK_COMPLIANCE) ||
		     (facts->remove == STORE_NO && !is_elsewhere(source));

	if (facts->versions == STORE_NO)
		return (struct verdict){PROTECTION_NO,
					"no versions are kept: it is noticed, but gone"};
	if (facts->versions == STORE_UNKNOWN)
		return (struct verdict){PROTECTION_UNKNOWN,
					"whether versions are kept was not learnt"};
	if (stays)
		return (struct verdict){PROTECTION_YES,
					"versions are kept: the one that verifies is read"};
	return (struct verdict){PROTECTION_PARTLY,
				"versions are kept, unless they are deleted one by one"};
}

static struct verdict keeper_deletes(const struct protection_source *source)
{
	const struct store_facts *facts = source->facts;

	if (locked_by(facts, STORE_LOCK_COMPLIANCE))
		return compliance(facts);
	if (locked_by(facts, STORE_LOCK_GOVERNANCE))
		return governance();
	if (facts->locked == STORE_UNKNOWN)
		return (struct verdict){PROTECTION_UNKNOWN, "whether sets are locked was not seen"};
	return (struct verdict){PROTECTION_NO, "nothing is locked"};
}

static struct verdict operator_errs(const struct protection_source *source)
{
	const struct store_facts *facts = source->facts;

	if (locked_by(facts, STORE_LOCK_COMPLIANCE))
		return compliance(facts);
	if (locked_by(facts, STORE_LOCK_GOVERNANCE))
		return governance();
	if (facts->versions == STORE_YES)
		return (struct verdict){PROTECTION_PARTLY,
					"what is deleted without naming a version is still found"};
	if (facts->versions == STORE_NO)
		return (struct verdict){PROTECTION_NO, "nothing is locked, no versions are kept"};
	return (struct verdict){PROTECTION_UNKNOWN, "neither locks nor versions were seen"};
}

static struct verdict ransomware(const struct protection_source *source)
{
	struct verdict deletes = host_deletes(source), overwrites = host_overwrites(source);

	if (source->facts->elsewhere == STORE_NO && source->facts->versions != STORE_YES)
		return (struct verdict){PROTECTION_NO, "it lies on this host"};
	return deletes.holds <= overwrites.holds ? deletes : overwrites;
}

static struct verdict host_lost(const struct protection_source *source)
{
	static const struct verdict verdicts[] = {
		[STORE_UNKNOWN] = {PROTECTION_UNKNOWN, "where it lies is not known"},
		[STORE_NO] = {PROTECTION_NO, "it lies on this host"},
		[STORE_YES] = {PROTECTION_YES, "it lies elsewhere"},
	};

	return verdicts[source->facts->elsewhere];
}

static struct verdict provider_lost(const struct protection_source *source)
{
	if (!source->others)
		return (struct verdict){PROTECTION_NO, "no other repository was reached"};
	return (struct verdict){PROTECTION_YES, source->others};
}

static struct verdict listener(const struct protection_source *source)
{
	static const struct verdict verdicts[] = {
		[STORE_UNKNOWN] = {PROTECTION_UNKNOWN, "how it is reached was not learnt"},
		[STORE_NO] = {PROTECTION_PARTLY, "content is sealed and signed, but names are seen "
						 "and requests can be withheld"},
		[STORE_YES] = {PROTECTION_YES, "the way there is encrypted and verified, or within "
					       "this host"},
	};

	return verdicts[source->facts->guarded];
}

static struct verdict decay(const struct protection_source *source)
{
	if (source->others)
		return (struct verdict){PROTECTION_YES, source->others};
	return (struct verdict){PROTECTION_PARTLY,
				"it is noticed (check --repository-scan), and not mended"};
}

static const struct {
	const char *code, *threat;
	judge judge;
} threats[] = {
	{"host-reads", "a stolen database host reads sets", host_reads},
	{"host-deletes", "a stolen database host deletes sets", host_deletes},
	{"host-overwrites", "a stolen database host overwrites or hides sets", host_overwrites},
	{"ransomware", "ransomware on the database host", ransomware},
	{"keeper-deletes", "a stolen keeper deletes sets", keeper_deletes},
	{"operator", "an operator deletes by mistake", operator_errs},
	{"host-lost", "the loss of this host and its disks", host_lost},
	{"provider-lost", "the loss of the provider, or of the account there", provider_lost},
	{"listener", "somebody on the way listens or alters", listener},
	{"decay", "what is stored decays", decay},
};

static void case_free(void *data)
{
	struct protection_case *one = data;

	g_free(one->because);
	g_free(one);
}

GPtrArray *protection_cases(const struct protection_source *source)
{
	GPtrArray *cases = g_ptr_array_new_with_free_func(case_free);

	for (size_t i = 0; i < G_N_ELEMENTS(threats); i++) {
		struct verdict verdict = threats[i].judge(source);
		struct protection_case *one = g_new0(struct protection_case, 1);
		bool others = verdict.because == source->others;

		one->code = threats[i].code;
		one->threat = threats[i].threat;
		one->holds = verdict.holds;
		one->because = others ? g_strdup_printf("also in %s", verdict.because)
				      : g_strdup(verdict.because);
		g_ptr_array_add(cases, one);
	}
	return cases;
}

const char *protection_name(enum protection protection)
{
	static const char *const names[] = {
		[PROTECTION_UNKNOWN] = "unknown",
		[PROTECTION_NO] = "no",
		[PROTECTION_PARTLY] = "partly",
		[PROTECTION_YES] = "yes",
	};

	return names[protection];
}
