/* odrbackup kit create and test. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/drill/plan.h"
#include "cli/keys/kit_check.h"
#include "cli/keys/proof.h"
#include "cli/keys/runbook.h"
#include "cli/line/commands.h"
#include "cli/line/output.h"
#include "cli/run/trail.h"
#include "crypto/secret.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_kit(const Context *context, const Kit *kit, const OwnerKey *owner,
		      const char *path, GError **error)
{
	g_autoptr(KeyText) text = kit_print(kit);
	g_autofree char *runbook_path = g_strconcat(path, ".txt", NULL);
	g_autofree char *runbook = runbook_print(context, kit, owner, path);
	struct file_write how = {.mode = 0600, .exclusive = true};

	if (!file_write(runbook_path, runbook, strlen(runbook), &how, error))
		return false;
	if (!file_write(path, text, strlen(text), &how, error)) {
		unlink(runbook_path);
		return false;
	}
	return true;
}

static void tell_created(const Context *context, const char *path)
{
	const struct arguments *arguments = context->arguments;
	g_autofree char *fingerprint = key_fingerprint(context->identity->recipient.public_key);

	if (arguments_flag(arguments, "json")) {
		g_autofree char *runbook = g_strconcat(path, ".txt", NULL);
		json_t *document = json_object();

		json_set_string(document, "file", path);
		json_set_string(document, "runbook", runbook);
		json_set_string(document, "service", context->service->name);
		json_set_string(document, "fingerprint", fingerprint);
		json_out(document);
	} else if (!arguments_flag(arguments, "quiet")) {
		printf("%s\n"
		       "  recovery kit of service %s, opens with the key %s\n"
		       "%s.txt\n"
		       "  runbook: fill in the names, print it, keep it with the kit\n"
		       "Keep both apart from the repository and from the database host. Prove that "
		       "the kit works:\n"
		       "Next: odrbackup kit test %s\n",
		       path, context->service->name, fingerprint, path, path);
	}
}

static bool create(Context *context, const OwnerKey *owner, const char *path, GError **error)
{
	g_autoptr(Kit) kit = g_new0(Kit, 1);
	g_autoptr(GKeyFile) settings = kit_settings(context->settings, context->service);
	g_autofree char *what = g_strdup_printf("the recovery kit '%s'", path);
	char *passphrase;

	if (!kit_keys_agree(context, owner, error) ||
	    !passphrase_choose(context->arguments, what, &passphrase, error))
		return false;
	kit->settings = g_key_file_to_data(settings, NULL, NULL);
	kit->service = g_strdup(context->service->name);
	kit->created = clock_now() / USEC_PER_SEC * USEC_PER_SEC;
	kit->identity = identity_print(context->identity, passphrase);
	kit->owner = owner_key_print(owner, passphrase);
	secret_free(passphrase);
	if (!write_kit(context, kit, owner, path, error))
		return false;
	tell_created(context, path);
	return true;
}

/* Which keys now lie in a kit, too. */
static void tell_escrow(const Context *context, const OwnerKey *owner, const char *path)
{
	g_autofree char *identity = key_fingerprint(context->identity->recipient.public_key);
	g_autofree char *owner_print = key_fingerprint(owner->service.owner_public);
	json_t *data = trail_of(context, "kit", path);

	json_set_string(data, "identity", identity);
	json_set_string(data, "owner", owner_print);
	trail_add(context, AUDIT_KEY_ESCROWED, NULL, data);
}

bool cmd_kit_create(const struct arguments *arguments, GError **error)
{
	const char *path = arguments_positional(arguments, 0);
	const char *owner_path;
	g_autofree char *runbook = g_strconcat(path, ".txt", NULL);
	g_autoptr(Context) context = NULL;
	g_autoptr(OwnerKey) owner = NULL;

	if (!arguments_require(arguments, "owner", &owner_path, error))
		return false;
	if (g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(runbook, G_FILE_TEST_EXISTS))
		return odr_fail(error, ODR_ERROR_EXISTS,
				"'%s' or its runbook is there already; a kit is never overwritten",
				path);
	context = context_open(arguments, arguments_positional(arguments, 1), error);
	if (!context || !trail_identity(context, error))
		return false;
	owner = unlock_owner(&context->passphrase, owner_path, error);
	if (!owner || !create(context, owner, path, error))
		return false;
	tell_escrow(context, owner, path);
	return true;
}

/* Every repository is tried; the first failure is returned, further ones are shown. */
static bool test_repositories(Context *context, json_t *results, GError **error)
{
	bool all = true;

	for (guint i = 0; i < context->repos->len; i++) {
		struct proof proof = {0};
		json_t *result;

		if (!proof_open_set(context->repos->pdata[i], context->identity, NULL, &proof,
				    all ? error : NULL)) {
			all = false;
			continue;
		}
		result = json_object();
		json_set_string(result, "repository", proof.repository);
		json_set_string(result, "set", proof.set_id);
		json_set_time(result, "created", proof.created);
		json_array_append_new(results, result);
		if (!arguments_flag(context->arguments, "json") &&
		    !arguments_flag(context->arguments, "quiet")) {
			g_autofree char *age = duration_format(clock_now() - proof.created);

			printf("repository %s: the newest set %s opens; it is %s old\n",
			       proof.repository, proof.set_id, age);
		}
		proof_clear(&proof);
	}
	return all;
}

static void borrow_kit(struct arguments *arguments)
{
	GPtrArray *values = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(values, g_strdup(arguments_positional(arguments, 0)));
	g_hash_table_insert(arguments->values, (void *)"kit", values);
}

static void tell_tested(const Context *context, json_t *results)
{
	g_autofree char *age = duration_format(clock_now() - context->kit->created);

	if (arguments_flag(context->arguments, "json")) {
		json_t *document = json_object();

		json_set_string(document, "service", context->service->name);
		json_set_time(document, "created", context->kit->created);
		json_set(document, "opened", json_incref(results));
		json_out(document);
	} else if (!arguments_flag(context->arguments, "quiet")) {
		printf("the kit of service %s works; it is %s old\n"
		       "Next: odrbackup restore --kit %s --pgdata DIR --plan\n",
		       context->service->name, age, arguments_text(context->arguments, "kit"));
	}
}

static bool test(Context *context, json_t *results, GError **error)
{
	return trail_identity(context, error) && kit_owner_opens(context, error) &&
	       context_repos(context, error) && test_repositories(context, results, error);
}

bool cmd_kit_test(const struct arguments *given, GError **error)
{
	struct arguments arguments = *given;
	g_autoptr(Context) context = NULL;
	g_autoptr(JsonValue) results = json_array();
	g_autoptr(Settings) host = NULL;
	g_autoptr(GError) trouble = NULL;
	bool done;

	/* A kit has settings of its own; those of the host, if any, only say whose chain tells of it. */
	if (!drill_settings(given, &host, &trouble) && arguments_text(given, "config")) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	g_hash_table_remove(arguments.values, "config");
	borrow_kit(&arguments);
	context = context_open(&arguments, NULL, error);
	if (!context)
		return false;
	done = test(context, results, error);
	trail_tested(
		host ? host->state : context->settings->state,
		&(struct trail_test){AUDIT_KIT_TESTED, context, results, done ? NULL : *error});
	if (done)
		tell_tested(context, results);
	return done;
}
