/* odrbackup key list, and test: what key files hold, and open. */
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/keys/proof.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/trail.h"
#include "cli/site/unlock.h"

/* Of a kit: the facts of the identity in it. */
static bool read_facts(const char *path, struct key_facts *facts, GError **error)
{
	g_autoptr(KeyText) text = NULL;
	g_autoptr(Kit) kit = NULL;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return false;
	if (kit_is(text)) {
		kit = kit_parse(text, path, error);
		if (!kit || !key_facts_read(kit->identity, path, facts, error))
			return false;
		g_free(facts->type);
		facts->type = g_strdup("kit");
		return true;
	}
	return key_facts_read(text, path, facts, error);
}

static json_t *facts_document(const char *path, const struct key_facts *facts)
{
	json_t *key = json_object();

	json_set_string(key, "file", path);
	json_set_string(key, "type", facts->type);
	json_set_string(key, "service", facts->service_name);
	json_set_string(key, "service_id", facts->service_id);
	json_set_string(key, "fingerprint", facts->fingerprint);
	json_set_string(key, "owner_fingerprint", facts->owner_fingerprint);
	json_set_string(key, "detail", facts->detail);
	return key;
}

bool cmd_key_list(const struct arguments *arguments, GError **error)
{
	static const char *const headings[] = {"type", "service", "fingerprint", "owner",
					       "file", "detail",  NULL};
	TableOut *table = table_out_new(headings);
	json_t *keys = json_array();
	g_autoptr(GError) first = NULL;

	for (guint i = 0; i < arguments->positional->len; i++) {
		const char *path = arguments->positional->pdata[i];
		g_autoptr(GError) trouble = NULL;
		struct key_facts facts = {0};

		if (!read_facts(path, &facts, &trouble)) {
			if (first)
				log_error("%s", first->message);
			g_clear_error(&first);
			first = g_steal_pointer(&trouble);
			continue;
		}
		json_array_append_new(keys, facts_document(path, &facts));
		table_out_row(table, facts.type, facts.service_name, facts.fingerprint,
			      facts.owner_fingerprint, path, facts.detail);
		key_facts_clear(&facts);
	}
	if (arguments_flag(arguments, "json")) {
		json_t *document = json_object();

		json_set(document, "keys", keys);
		json_out(document);
		table_out_print(table, NULL);
	} else {
		json_decref(keys);
		table_out_print(table, stdout);
	}
	if (!first)
		return true;
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

/* The tested file takes the place of --identity, or of --kit. */
static bool borrow_option(struct arguments *arguments, const char *path, GError **error)
{
	g_autoptr(KeyText) text = NULL;
	GPtrArray *values;

	if (!file_read_text(path, KEY_TEXT_MAX, &text, error))
		return false;
	values = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(values, g_strdup(path));
	g_hash_table_insert(arguments->values, (void *)(kit_is(text) ? "kit" : "identity"), values);
	return true;
}

static bool test_repository(const struct context *context, Repo *repo, const char *set_id,
			    json_t *results, GError **error)
{
	struct proof proof = {0};
	bool opened = proof_open_set(repo, context->identity, set_id, &proof, error);
	json_t *result;

	if (!opened)
		return false;
	if (!arguments_flag(context->arguments, "json") &&
	    !arguments_flag(context->arguments, "quiet")) {
		g_autofree char *fingerprint =
			key_fingerprint(context->identity->recipient.public_key);
		g_autofree char *size = size_format(proof.bytes);
		g_autofree char *path = text_escape(proof.path ? proof.path : "(no content)");

		printf("key %s opens set %s of repository %s\n  manifest, and %s of '%s'\n",
		       fingerprint, proof.set_id, proof.repository, size, path);
	}
	result = json_object();
	json_set_string(result, "repository", proof.repository);
	json_set_string(result, "set", proof.set_id);
	json_set_time(result, "created", proof.created);
	json_set_string(result, "path", proof.path);
	json_set_int(result, "bytes", (int64_t)proof.bytes);
	json_array_append_new(results, result);
	proof_clear(&proof);
	return true;
}

/* set_id NULL: the newest. */
static bool test(Context *context, const char *set_id, json_t *results, GError **error)
{
	if (!trail_identity(context, error) || !context_repos(context, error))
		return false;
	for (guint i = 0; i < context->repos->len; i++)
		if (!test_repository(context, context->repos->pdata[i], set_id, results, error))
			return false;
	return true;
}

static void tell_tested(const Context *context, json_t *results)
{
	if (arguments_flag(context->arguments, "json")) {
		json_t *document = json_object();

		json_set(document, "opened", json_incref(results));
		json_out(document);
	} else if (!arguments_flag(context->arguments, "quiet")) {
		printf("Next: odrbackup restore %s --plan\n", context->service->name);
	}
}

/* IDENTITY [SERVICE] [SET]: what looks like a set's id is one. */
bool cmd_key_test(const struct arguments *given, GError **error)
{
	struct arguments arguments = *given;
	const char *second = arguments_positional(given, 1);
	const char *third = arguments_positional(given, 2);
	bool second_is_set = second && !third && set_id_valid(second);
	g_autoptr(Context) context = NULL;
	g_autoptr(JsonValue) results = json_array();
	bool done;

	if (!borrow_option(&arguments, arguments_positional(given, 0), error))
		return false;
	context = context_open(&arguments, second_is_set ? NULL : second, error);
	if (!context)
		return false;
	done = test(context, second_is_set ? second : third, results, error);
	trail_tested(context->settings->state, &(struct trail_test){AUDIT_KEY_TESTED, context,
								    results, done ? NULL : *error});
	if (done)
		tell_tested(context, results);
	return done;
}
