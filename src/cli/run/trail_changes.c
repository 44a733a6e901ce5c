/* What is otherwise than when a run of this host last looked. */
#include "cli/run/trail.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/drill/plan.h"
#include "crypto/digest.h"

#include <string.h>

#define FILE_MAX ((size_t)1 << 20)

/* Things by name, each with what tells whether it is the same. */
struct changes {
	const Run *run;
	const char *kind; /* "configuration" */
	enum audit_event event;
};

static bool tell(const struct changes *changes, const char *name, const json_t *before,
		 const json_t *after)
{
	json_t *data = json_object();

	json_set_string(data, "name", name);
	json_set(data, "before", before ? json_deep_copy(before) : json_null());
	json_set(data, "after", after ? json_deep_copy(after) : json_null());
	return trail_add(changes->run->context, changes->event, changes->run->run_id, data);
}

static bool tell_all(const struct changes *changes, json_t *before, json_t *after)
{
	const char *name;
	json_t *value;
	bool told = true;

	json_object_foreach(after, name, value)
	{
		const json_t *known = json_object_get(before, name);

		if (!known || !json_equal(known, value))
			told &= tell(changes, name, known, value);
	}
	json_object_foreach(before, name, value)
	{
		if (!json_object_get(after, name))
			told &= tell(changes, name, value, NULL);
	}
	return told;
}

/* What cannot be read was never written. */
static json_t *known_before(Catalog *catalog, const char *fact, GError **error)
{
	g_autofree char *text = NULL;
	json_t *known = NULL;

	if (!catalog_fact(catalog, fact, &text, error))
		return NULL;
	if (text && json_parse(text, strlen(text), "a fact", &known, NULL) && json_is_object(known))
		return known;
	json_decref(known);
	return json_object();
}

/* Told first, and noted then: what could not be told is, by the next run. */
static void compare(const struct changes *changes, json_t *now)
{
	Catalog *catalog = changes->run->catalog;
	g_autofree char *fact =
		g_strdup_printf("seen.%s.%s", changes->kind, changes->run->context->settings->file);
	g_autofree char *text = json_print(now);
	g_autoptr(GError) trouble = NULL;
	g_autoptr(JsonValue) before = known_before(catalog, fact, &trouble);

	if (before && json_equal(before, now))
		return;
	if (before &&
	    (!tell_all(changes, before, now) || catalog_fact_set(catalog, fact, text, &trouble)))
		return;
	log_warning("what changed of the %s is not noted: %s", changes->kind, trouble->message);
}

static void add_file(json_t *now, const char *path)
{
	g_autoptr(GBytes) content = NULL;
	uint8_t digest[SHA256_SIZE];
	gsize size;
	const void *data;

	if (!file_read(path, FILE_MAX, &content, NULL))
		return;
	data = g_bytes_get_data(content, &size);
	sha256(data, size, digest);

	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	json_set_string(now, path, hex);
}

/* A plan's hash is also of the files it names. One that cannot be read is what its bytes are. */
static void add_plan(json_t *now, const Settings *settings, const char *path)
{
	g_autoptr(DrillPlan) plan = drill_plan_read(settings, path, NULL);

	if (plan)
		json_set_string(now, path, plan->hash);
	else
		add_file(now, path);
}

static json_t *plans_now(const Settings *settings)
{
	g_autoptr(GPtrArray) paths = NULL;
	json_t *now = json_object();

	if (drill_plans_found(settings, &paths, NULL))
		for (guint i = 0; i < paths->len; i++)
			add_plan(now, settings, paths->pdata[i]);
	return now;
}

static json_t *exemptions_now(const Settings *settings)
{
	json_t *now = json_object();

	for (guint i = 0; i < settings->exemptions->len; i++) {
		const struct settings_exemption *exemption = settings->exemptions->pdata[i];
		json_t *words = json_object();

		json_set_string(words, "service", exemption->service);
		json_set_string(words, "process", exemption->process);
		json_set_string(words, "objective", exemption->objective);
		json_set_string(words, "reason", exemption->reason);
		json_set_string(words, "approver", exemption->approver);
		json_set_time(words, "expires", exemption->expires);
		json_set(now, exemption->name, words);
	}
	return now;
}

void trail_changes(const Run *run)
{
	const Settings *settings = run->context->settings;
	g_autoptr(JsonValue) configuration = NULL;
	g_autoptr(JsonValue) exemptions = NULL;
	g_autoptr(JsonValue) plans = NULL;

	/* That what is noted cannot be is said where the run is not recorded. A kit is no configuration of a host. */
	if (!run->catalog || run->context->kit)
		return;
	configuration = json_object();
	add_file(configuration, settings->file);
	exemptions = exemptions_now(settings);
	plans = plans_now(settings);
	compare(&(struct changes){run, "configuration", AUDIT_CONFIGURATION_CHANGED},
		configuration);
	compare(&(struct changes){run, "exemptions", AUDIT_EXEMPTION_RECORDED}, exemptions);
	compare(&(struct changes){run, "plans", AUDIT_PLAN_CHANGED}, plans);
}
