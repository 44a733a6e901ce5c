/* Whether each repository works from here, what it protects against, and what of that is wrong. */
#include "base/error.h"
#include "base/stop.h"
#include "ops/check/check.h"
#include "repo/chain.h"

#include <string.h>

void check_store_free(struct check_store *store)
{
	if (!store)
		return;
	repo_free(store->repo);
	store_diagnosis_free(store->diagnosis);
	if (store->protection)
		g_ptr_array_unref(store->protection);
	g_clear_error(&store->cause);
	g_free(store->place);
	g_free(store);
}

/* The set whose lock is looked at: the last this host published, else the newest by name. */
struct sample {
	char *name;
	usec_t until; /* 0: not known */
};

static void take_own_set(const struct check_request *request, struct sample *sample)
{
	g_autofree char *path = g_build_filename(request->state, "chain", NULL);
	g_autofree char *restarted = NULL;
	struct chain chain = {0};

	if (!request->bundle ||
	    !chain_load(path, request->bundle->endorsement.public_key, &chain, &restarted, NULL))
		return;
	if (chain.set_id && !chain.pending_set) {
		sample->name = layout_set(chain.set_id);
		sample->until = chain.retain_until;
	}
	chain_clear(&chain);
}

static bool take_newer(void *data, const struct store_object *object)
{
	struct sample *sample = data;
	g_autofree char *id = NULL;

	if (!layout_parse_set(object->name, &id) ||
	    (sample->name && strcmp(object->name, sample->name) < 0))
		return true;
	g_free(sample->name);
	sample->name = g_strdup(object->name);
	return true;
}

static char *sample_take(const struct check_request *request, Repo *repo, usec_t *until)
{
	struct sample sample = {0};
	char *whole;

	take_own_set(request, &sample);
	if (!sample.name)
		repo_list(repo, "set/", take_newer, &sample, NULL);
	if (!sample.name)
		return NULL;
	*until = MAX(sample.until, request->now);
	whole = g_strdup_printf("%s/%s", repo->service_hex, sample.name);
	g_free(sample.name);
	return whole;
}

static enum finding_severity severity_of(enum store_step_state state)
{
	return state == STORE_STEP_BAD	     ? FINDING_CRITICAL
	       : state == STORE_STEP_WARNING ? FINDING_WARNING
					     : FINDING_OK;
}

static void add_findings(const struct check_store *store, GPtrArray *findings)
{
	g_autofree char *where = g_strdup_printf("repository %s", store->name);

	if (!store->repo) {
		findings_add(findings, FINDING_CRITICAL, "repository.unreachable", where,
			     g_strdup(store->cause->message), NULL);
		return;
	}
	for (guint i = 0; i < store->diagnosis->steps->len; i++) {
		const struct store_step *step = store->diagnosis->steps->pdata[i];
		g_autofree char *word = g_strdelimit(g_strdup(step->name), " ", '-');
		g_autofree char *code = g_strconcat(CHECK_STORE_CODE, word, NULL);

		if (severity_of(step->state) != FINDING_OK)
			findings_add(findings, severity_of(step->state), code, where,
				     g_strdup_printf("%s: %s", step->name, step->saw),
				     g_strdup(step->advice));
	}
}

static bool diagnose(const struct check_request *request, struct check_store *store, GError **error)
{
	usec_t until = request->now;
	g_autofree char *sample = NULL;

	if (!store->repo) {
		store->diagnosis = store_diagnosis_failed(store->cause);
		return true;
	}
	sample = sample_take(request, store->repo, &until);
	store->diagnosis =
		store_diagnose(store->repo->store,
			       &(struct store_inquiry){.role = store->role,
						       .present = LAYOUT_REPOSITORY,
						       .sample = sample,
						       .sample_until = until,
						       .prove_lock = request->prove_lock},
			       error);
	return store->diagnosis != NULL;
}

/* Those at other places, by name. */
static char *others_of(const GPtrArray *stores, const struct check_store *store)
{
	GString *names = g_string_new(NULL);

	for (guint i = 0; i < stores->len; i++) {
		const struct check_store *other = stores->pdata[i];

		if (other == store || !other->diagnosis->reached ||
		    other->diagnosis->facts.read == STORE_NO ||
		    strcmp(other->place, store->place) == 0)
			continue;
		g_string_append_printf(names, "%s%s", names->len ? ", " : "repository ",
				       other->name);
	}
	if (names->len > 0)
		return g_string_free(names, FALSE);
	g_string_free(names, TRUE);
	return NULL;
}

bool check_stores(const struct check_request *request, GPtrArray *findings, GError **error)
{
	for (guint i = 0; i < request->stores->len; i++) {
		struct check_store *store = request->stores->pdata[i];

		if (!stop_check(error) || !diagnose(request, store, error))
			return false;
		add_findings(store, findings);
	}
	for (guint i = 0; i < request->stores->len; i++) {
		struct check_store *store = request->stores->pdata[i];
		g_autofree char *others = others_of(request->stores, store);

		store->protection = protection_cases(&(struct protection_source){
			.facts = &store->diagnosis->facts,
			.role = store->role,
			.identity_here = request->identity_here,
			.others = others,
		});
	}
	return true;
}
