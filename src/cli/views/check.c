#include "cli/views/check.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/line/output.h"
#include "cli/views/status.h"

#include <stdio.h>
#include <string.h>

#define NAME_WIDTH    12
#define STATE_WIDTH   8
#define THREAT_WIDTH  50
#define VERDICT_WIDTH 8

static void print_padded(const char *word, enum output_tint tint, int width)
{
	g_autofree char *tinted = output_tint(word, tint);

	printf("%s%*s", tinted, MAX(width - (int)strlen(word), 0), "");
}

static void print_step(const struct store_step *step)
{
	static const enum output_tint tints[] = {
		[STORE_STEP_OK] = TINT_OK,
		[STORE_STEP_WARNING] = TINT_WARNING,
		[STORE_STEP_BAD] = TINT_CRITICAL,
		[STORE_STEP_SKIPPED] = TINT_WARNING,
	};
	g_autofree char *saw = text_escape(step->saw);
	g_autofree char *advice = step->advice ? text_escape(step->advice) : NULL;

	printf("  %-*s ", NAME_WIDTH, step->name);
	print_padded(store_step_state_name(step->state), tints[step->state], STATE_WIDTH);
	printf("%s\n", saw);
	if (advice)
		printf("  %*s -> %s\n", NAME_WIDTH + STATE_WIDTH, "", advice);
}

static void print_case(const struct protection_case *one)
{
	static const enum output_tint tints[] = {
		[PROTECTION_UNKNOWN] = TINT_WARNING,
		[PROTECTION_NO] = TINT_CRITICAL,
		[PROTECTION_PARTLY] = TINT_WARNING,
		[PROTECTION_YES] = TINT_OK,
	};
	g_autofree char *because = text_escape(one->because);

	printf("  %-*s ", THREAT_WIDTH, one->threat);
	print_padded(protection_name(one->holds), tints[one->holds], VERDICT_WIDTH);
	printf("%s\n", because);
}

static void print_store(const struct check_store *store)
{
	g_autofree char *place = NULL;

	/* There is a finding that says why. */
	if (!store->repo)
		return;
	place = text_escape(store_describe(store->repo->store));
	printf("repository %s: %s", store->name, place);
	if (store->role != STORE_ROLE_ANY)
		printf(", as %s", store_role_name(store->role));
	printf("\n");
	for (guint i = 0; i < store->diagnosis->steps->len; i++)
		print_step(store->diagnosis->steps->pdata[i]);
	if (!store->diagnosis->reached) {
		printf("\n");
		return;
	}
	printf("what it protects against, as far as that was proven\n");
	for (guint i = 0; i < store->protection->len; i++)
		print_case(store->protection->pdata[i]);
	printf("\n");
}

/* The others were shown as steps. */
static GPtrArray *other_findings(const GPtrArray *findings)
{
	GPtrArray *others = g_ptr_array_new();

	for (guint i = 0; i < findings->len; i++) {
		const struct finding *finding = findings->pdata[i];

		if (!g_str_has_prefix(finding->code, CHECK_STORE_CODE))
			g_ptr_array_add(others, findings->pdata[i]);
	}
	return others;
}

void check_print(const GPtrArray *stores, const struct check_result *result)
{
	g_autoptr(GPtrArray) others = other_findings(result->findings);

	for (guint i = 0; i < stores->len; i++)
		print_store(stores->pdata[i]);
	findings_print(others, true);
}

void check_print_wrong(const struct check_result *result)
{
	findings_print(result->findings, false);
}

static json_t *steps_json(const GPtrArray *steps)
{
	json_t *array = json_array();

	for (guint i = 0; i < steps->len; i++) {
		const struct store_step *step = steps->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "step", step->name);
		json_set_string(object, "state", store_step_state_name(step->state));
		json_set_string(object, "saw", step->saw);
		json_set_string(object, "advice", step->advice);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *cases_json(const GPtrArray *cases)
{
	json_t *array = json_array();

	for (guint i = 0; i < cases->len; i++) {
		const struct protection_case *one = cases->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "code", one->code);
		json_set_string(object, "threat", one->threat);
		json_set_string(object, "protected", protection_name(one->holds));
		json_set_string(object, "because", one->because);
		json_array_append_new(array, object);
	}
	return array;
}

json_t *check_stores_json(const GPtrArray *stores)
{
	json_t *array = json_array();

	for (guint i = 0; i < stores->len; i++) {
		const struct check_store *store = stores->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "name", store->name);
		json_set_string(object, "store",
				store->repo ? store_describe(store->repo->store) : NULL);
		json_set_string(object, "role", store_role_name(store->role));
		json_set_bool(object, "reached", store->diagnosis->reached);
		json_set(object, "steps", steps_json(store->diagnosis->steps));
		json_set(object, "protection", cases_json(store->protection));
		json_array_append_new(array, object);
	}
	return array;
}
