#include "drill/engine/abandoned.h"

#include "base/file.h"
#include "drill/evidence/record.h"

#include <string.h>

#define RUN	 "20261128T000001Z-00000001"
#define OTHER	 "20261128T000002Z-00000002"
#define HASH	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MANIFEST "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define SCHEDULED                                                                             \
 "{\"plan\":\"weekly\",\"plan_hash\":\"" HASH "\",\"service\":\"erp\",\"slot\":\"2026-W48\"," \
 "\"trigger\":\"timer\",\"incident\":null,\"target\":null,\"sandbox\":\"/srv/drill\","        \
 "\"discard\":\"drop-key\"}"
#define DRAWN                                                                      \
 "{\"plan\":\"weekly\",\"t_loss\":\"2026-11-28T00:00:01Z\",\"seed\":\"" HASH "\"," \
 "\"target\":\"time:2026-11-27T00:00:00Z\",\"operator_chosen\":false}"
#define SOURCE                                                                                   \
 "{\"service\":\"erp\",\"system_identifier\":\"7\",\"pg_version\":150018,\"odoo_version\":null," \
 "\"database\":null,\"set\":\"20261127T000001Z-00000001\",\"manifest_sha256\":\"" MANIFEST       \
 "\",\"repository\":\"main\",\"timeline\":1,\"wal\":{\"first\":null,\"last\":null,\"bytes\":0}," \
 "\"lock\":null}"
#define ISOLATION                                                                                 \
 "{\"namespaces\":{\"host\":\"1\",\"server\":null},\"user\":999,\"credential_class\":\"reader\"," \
 "\"probes\":[{\"to\":\"a:1\",\"errno\":101}],\"verified\":false}"

struct fixture {
	char *state;
	Audit *audit;
};

static void set_up(struct fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	fixture->state = g_dir_make_tmp("odr-abandoned-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->audit = audit_open(fixture->state, &error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, const void *data)
{
	(void)data;
	audit_close(fixture->audit);
	g_assert_true(file_remove_tree(fixture->state, NULL));
	g_free(fixture->state);
}

static void tell(const struct fixture *fixture, enum audit_event event, const char *run,
		 const char *text)
{
	g_autoptr(JsonValue) data = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(json_parse(text, strlen(text), "the data", &data, &error));
	g_assert_true(audit_append(fixture->audit,
				   &(struct audit_entry){.event = event, .run = run, .data = data},
				   NULL, &error));
}

static GPtrArray *find(const struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *found = abandoned_find(fixture->state, "erp", &error);

	g_assert_no_error(error);
	return found;
}

static const char *text_at(const json_t *record, const char *section, const char *name)
{
	return json_string_value(json_object_get(json_object_get(record, section), name));
}

/* One that every verifier would accept, by its form and its outcome. */
static json_t *record_of(const Abandoned *drill)
{
	g_autoptr(JsonValue) none = json_array();
	g_autoptr(GPtrArray) deviations = g_ptr_array_new();
	json_t *document =
		abandoned_record(drill, &(struct abandoned_beside){.files = none,
								   .plan_files = none,
								   .previous = MANIFEST,
								   .deviations = deviations});
	g_autofree char *text = json_print(document);
	g_autoptr(Record) record = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(record_parse(text, strlen(text), &record, &error));
	g_assert_true(record_check_outcome(record, &error));
	g_assert_cmpstr(record->outcome, ==, "abandoned");
	g_assert_cmpstr(record->previous, ==, MANIFEST);
	return document;
}

static void says_what_the_chain_says(struct fixture *fixture, const void *data)
{
	(void)data;
	tell(fixture, AUDIT_DRILL_SCHEDULED, RUN, SCHEDULED);
	tell(fixture, AUDIT_DRILL_ENTERED, RUN, "{\"state\":\"opening\"}");
	tell(fixture, AUDIT_DRILL_ENTERED, RUN, "{\"state\":\"drawn\"}");
	tell(fixture, AUDIT_DRILL_DRAWN, RUN, DRAWN);
	tell(fixture, AUDIT_DRILL_ENTERED, RUN,
	     "{\"state\":\"provisioned\",\"source\":" SOURCE ",\"sandbox\":\"/srv/drill\"}");
	tell(fixture, AUDIT_DRILL_ENTERED, RUN,
	     "{\"state\":\"restoring\",\"isolation\":" ISOLATION ",\"key\":\"0123\"}");
	tell(fixture, AUDIT_DRILL_ABANDONED, RUN, "{}");
	/* What is entered for it later is not where it was. */
	tell(fixture, AUDIT_DRILL_ENTERED, RUN, "{\"state\":\"teardown\",\"sandbox\":\"/else\"}");

	g_autoptr(GPtrArray) found = find(fixture);

	g_assert_cmpuint(found->len, ==, 1);

	const Abandoned *drill = found->pdata[0];
	g_autoptr(JsonValue) record = record_of(drill);

	g_assert_cmpstr(drill->directory, ==, "/srv/drill");
	g_assert_cmpstr(drill->key, ==, "0123");
	g_assert_cmpstr(text_at(record, "run", "id"), ==, RUN);
	g_assert_cmpstr(text_at(record, "run", "slot"), ==, "2026-W48");
	g_assert_cmpstr(text_at(record, "run", "trigger"), ==, "timer");
	g_assert_cmpstr(text_at(record, "plan", "hash"), ==, HASH);
	g_assert_cmpstr(text_at(record, "draw", "seed"), ==, HASH);
	g_assert_null(json_object_get(json_object_get(record, "draw"), "t_loss"));
	g_assert_cmpstr(text_at(record, "source", "repository"), ==, "main");
	g_assert_true(json_is_null(json_object_get(json_object_get(record, "source"), "wal")));
	g_assert_cmpuint(
		json_array_size(json_object_get(json_object_get(record, "isolation"), "probes")),
		==, 1);
	g_assert_cmpstr(text_at(record, "failure", "state"), ==, "restoring");
}

static void knows_nothing_of_what_was_not_said(struct fixture *fixture, const void *data)
{
	(void)data;
	tell(fixture, AUDIT_DRILL_SCHEDULED, RUN, SCHEDULED);
	tell(fixture, AUDIT_DRILL_ABANDONED, RUN, "{}");

	g_autoptr(GPtrArray) found = find(fixture);
	g_autoptr(JsonValue) record = record_of(found->pdata[0]);

	g_assert_cmpstr(text_at(record, "failure", "state"), ==, "opening");
	g_assert_null(text_at(record, "draw", "target"));
	g_assert_null(text_at(record, "source", "set"));
	g_assert_true(
		json_is_false(json_object_get(json_object_get(record, "isolation"), "verified")));
}

static void leaves_others_alone(struct fixture *fixture, const void *data)
{
	(void)data;
	/* One goes on, one is of another service, one is done with. */
	tell(fixture, AUDIT_DRILL_SCHEDULED, RUN, SCHEDULED);
	tell(fixture, AUDIT_DRILL_SCHEDULED, OTHER, "{\"service\":\"crm\"}");
	tell(fixture, AUDIT_DRILL_ABANDONED, OTHER, "{}");

	g_autoptr(GPtrArray) before = find(fixture);

	g_assert_cmpuint(before->len, ==, 0);
	tell(fixture, AUDIT_DRILL_ABANDONED, RUN, "{}");

	g_autoptr(GPtrArray) between = find(fixture);

	g_assert_cmpuint(between->len, ==, 1);
	tell(fixture, AUDIT_DRILL_CLOSED, RUN, "{\"outcome\":\"abandoned\"}");

	g_autoptr(GPtrArray) after = find(fixture);

	g_assert_cmpuint(after->len, ==, 0);
}

static void knows_which_steps_were_taken(struct fixture *fixture, const void *data)
{
	(void)data;
	tell(fixture, AUDIT_DRILL_SCHEDULED, RUN, SCHEDULED);
	/* What it judged itself, and did not sign, is no verdict. */
	tell(fixture, AUDIT_DRILL_JUDGED, RUN, "{\"outcome\":\"pass\"}");
	tell(fixture, AUDIT_DRILL_ABANDONED, RUN, "{}");

	g_autoptr(GPtrArray) first = find(fixture);
	const Abandoned *drill = first->pdata[0];

	g_assert_false(drill->is_judged || drill->is_signed || drill->is_stored);
	tell(fixture, AUDIT_DRILL_JUDGED, RUN, "{\"outcome\":\"abandoned\"}");
	tell(fixture, AUDIT_DRILL_SIGNED, RUN, "{}");

	g_autoptr(GPtrArray) second = find(fixture);

	drill = second->pdata[0];
	g_assert_true(drill->is_judged && drill->is_signed && !drill->is_stored);
}

#define ADD(name, test) \
 g_test_add("/abandoned/" name, struct fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("says-what-the-chain-says", says_what_the_chain_says);
	ADD("knows-nothing-of-what-was-not-said", knows_nothing_of_what_was_not_said);
	ADD("leaves-others-alone", leaves_others_alone);
	ADD("knows-which-steps-were-taken", knows_which_steps_were_taken);
	return g_test_run();
}
