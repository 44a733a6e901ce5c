/* Who made, endorsed and used which key. */
#include "cli/run/trail.h"

#include "base/file.h"
#include "base/log.h"
#include "cli/drill/plan.h"

static json_t *key_data(const char *service, const char *type, char *fingerprint)
{
	json_t *data = json_object();

	json_set_string(data, "service", service);
	json_set_string(data, "type", type);
	json_set_string(data, "fingerprint", fingerprint);
	g_free(fingerprint);
	return data;
}

/* ---- use ----------------------------------------------------------------------------------------- */

void trail_identity_used(const Context *context, Context *of)
{
	const Identity *identity = of->identity;
	json_t *data;

	if (!identity || of->identity_told)
		return;
	of->identity_told = true;
	data = key_data(identity->service.name, "identity",
			key_fingerprint(identity->recipient.public_key));
	json_set_string(data, "command", of->arguments->command->name);
	json_set_string(data, "kit", of->kit ? of->settings->file : NULL);
	trail_add(context, AUDIT_KEY_USED, NULL, data);
}

bool trail_identity(Context *context, GError **error)
{
	if (!context_identity(context, error))
		return false;
	trail_identity_used(context, context);
	return true;
}

/* ---- tests --------------------------------------------------------------------------------------- */

/* Where a key could not be opened, it is not known which it was. */
void trail_tested(const char *state, const struct trail_test *test)
{
	const Context *context = test->context;
	const Identity *identity = context->identity;
	json_t *data = key_data(context->service->name, "identity",
				identity ? key_fingerprint(identity->recipient.public_key) : NULL);

	json_set_string(data, "kit", context->kit ? context->settings->file : NULL);
	json_set_string(data, "outcome", test->failure ? "failed" : "ok");
	json_set_string(data, "trouble", test->failure ? test->failure->message : NULL);
	json_set(data, "opened", json_deep_copy(test->opened));
	trail_append(state, test->event, NULL, data);
}

/* ---- making -------------------------------------------------------------------------------------- */

static char *fingerprint_of(const char *path)
{
	g_autoptr(KeyText) text = NULL;
	struct key_service service = {0};
	struct recipient *recipient = unlock_recipient(path, &service, NULL);
	char *fingerprint = recipient ? key_fingerprint(recipient->public_key) : NULL;

	if (recipient)
		recipient_free(recipient);
	key_service_clear(&service);
	return fingerprint;
}

static void tell_owner(const struct trail_key *key, const char *state)
{
	const struct key_service *service = &key->owner->service;
	json_t *data = key_data(service->name, "owner", key_fingerprint(service->owner_public));

	json_set_string(data, "command", key->arguments->command->name);
	json_set_string(data, "kit", NULL);
	trail_append(state, AUDIT_KEY_USED, NULL, data);
}

static void tell_file(const struct trail_key *key, const char *state, enum audit_event event)
{
	g_autoptr(KeyText) text = NULL;
	struct key_facts facts = {0};
	json_t *data;

	if (!file_read_text(key->path, KEY_TEXT_MAX, &text, NULL) ||
	    !key_facts_read(text, key->path, &facts, NULL))
		return;
	data = key_data(facts.service_name, facts.type, g_strdup(facts.fingerprint));
	json_set_string(data, "file", key->path);
	json_set_string(data, "service_id", facts.service_id);
	json_set_string(data, "owner", facts.owner_fingerprint);
	json_set_string(data, "detail", facts.detail);
	if (key->recipient) {
		g_autofree char *fingerprint = fingerprint_of(key->recipient);

		json_set_string(data, "recipient", fingerprint);
	}
	trail_append(state, event, NULL, data);
	key_facts_clear(&facts);
}

void trail_key_made(const struct trail_key *key, enum audit_event event)
{
	g_autoptr(Settings) settings = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!drill_settings(key->arguments, &settings, &trouble)) {
		log_warning("%s is not in the audit chain: %s", audit_event_name(event),
			    trouble->message);
		return;
	}
	if (!settings) {
		log_debug("no audit chain tells of this: there is no configuration on this host");
		return;
	}
	if (key->owner)
		tell_owner(key, settings->state);
	tell_file(key, settings->state, event);
}
