/* Groups and keys of a plan: that they are known, and where their values go. */
#include "base/error.h"
#include "base/suggest.h"
#include "drill/plan/check_type.h"
#include "drill/plan/reading.h"

#include <string.h>

static bool check_group(const Keyfile *keyfile, const struct keyfile_group *group, GError **error)
{
	const char *name;
	g_autofree char *kind = keyfile_group_kind(group->name, &name);

	if (!g_strv_contains(plan_groups, kind)) {
		const char *near = suggest_name(kind, plan_groups);
		g_autofree char *list = suggest_list(plan_groups);
		g_autofree char *phrase = near ? g_strdup_printf("did you mean [%s%s%s]?", near,
								 name ? " " : "", name ? name : "")
					       : g_strdup_printf("groups are %s", list);

		return keyfile_fail(keyfile, group->line, error, "unknown group [%s]; %s",
				    group->name, phrase);
	}
	if (!plan_group_is_named(kind))
		return !name || keyfile_fail(keyfile, group->line, error,
					     "[%s] has no name; write [%s]", kind, kind);
	if (!name)
		return keyfile_fail(keyfile, group->line, error, "a %s has a name; write [%s NAME]",
				    kind, kind);
	return keyfile_name_valid(name) ||
	       keyfile_fail(
		       keyfile, group->line, error,
		       "'%s' is no name; names are 1 to %d of A-Z, a-z, 0-9, '.', '_' and '-', "
		       "and begin with a letter or digit",
		       name, KEYFILE_NAME_MAX);
}

static bool is_step(const char *key)
{
	guint64 number;

	return g_str_has_prefix(key, "step-") && key[5] != '0' && strlen(key) <= 7 &&
	       g_ascii_string_to_unsigned(key + 5, 10, 1, 99, &number, NULL);
}

/* The type decides which keys a check has; where that is unknown, all of them. */
static unsigned types_of(const Keyfile *keyfile, const char *group)
{
	g_autofree char *text = g_key_file_get_string(keyfile->values, group, "type", NULL);
	enum plan_check_type type;

	return text && plan_check_type_parse(text, &type) ? 1U << type : G_MAXUINT;
}

static bool check_keys(const Keyfile *keyfile, const struct keyfile_group *group, GError **error)
{
	const char *name;
	g_autofree char *kind = keyfile_group_kind(group->name, &name);
	unsigned types = types_of(keyfile, group->name);
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	size_t count;
	const struct plan_key *keys = plan_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(keys[i].group, kind) == 0 && (!keys[i].types || (keys[i].types & types)))
			g_ptr_array_add(known, (void *)keys[i].name);
	for (guint i = 0; i < group->keys->len; i++) {
		const struct keyfile_key *key = group->keys->pdata[i];

		if (is_step(key->name) &&
		    g_ptr_array_find_with_equal_func(known, "step-N", g_str_equal, NULL))
			g_ptr_array_add(known, key->name);
	}
	g_ptr_array_add(known, NULL);
	return keyfile_known(keyfile, group, (const char *const *)known->pdata, error);
}

bool plan_check_names(const Keyfile *keyfile, GError **error)
{
	unsigned checks = 0;

	for (guint i = 0; i < keyfile->groups->len; i++) {
		const struct keyfile_group *group = keyfile->groups->pdata[i];

		checks += g_str_has_prefix(group->name, "check ") ? 1 : 0;
		if (!check_group(keyfile, group, error) || !check_keys(keyfile, group, error))
			return false;
		if (checks > PLAN_CHECKS_MAX)
			return keyfile_fail(keyfile, group->line, error,
					    "a plan has %d checks at most", PLAN_CHECKS_MAX);
	}
	return true;
}

static void add_value(const struct plan_place *place, const char *key, const char *value)
{
	struct plan_value *shown = g_new0(struct plan_value, 1);

	shown->group = g_strdup(place->group);
	shown->key = g_strdup(key);
	shown->value = g_strdup(value);
	shown->line = place->line;
	shown->origin = place->line ? "plan" : "default";
	g_ptr_array_add(place->reading->plan->values, shown);
}

static void add_steps(struct plan_place *place)
{
	const Keyfile *keyfile = place->reading->keyfile;
	const struct keyfile_group *group = keyfile_group(keyfile, place->group);

	for (guint i = 0; group && i < group->keys->len; i++) {
		const struct keyfile_key *key = group->keys->pdata[i];
		g_autofree char *value =
			g_key_file_get_value(keyfile->values, place->group, key->name, NULL);

		place->line = key->line;
		if (is_step(key->name))
			add_value(place, key->name, value);
	}
}

/* As it is written: a list has escapes that a single text has not. */
static bool value_of(const struct plan_place *place, char **value, GError **error)
{
	const struct plan_reading *reading = place->reading;
	g_autofree char *written = NULL;

	if (!plan_key_is_list(place->key))
		return keyfile_value(reading->keyfile, place->group, place->key->name, value,
				     error);
	written = g_key_file_get_value(reading->keyfile->values, place->group, place->key->name,
				       NULL);
	*value = written && *g_strstrip(written) ? g_steal_pointer(&written) : NULL;
	return true;
}

static bool fill_key(struct plan_place *place, GError **error)
{
	const Keyfile *keyfile = place->reading->keyfile;
	g_autofree char *value = NULL;

	if (place->key->type == PLAN_STEPS) {
		add_steps(place);
		return true;
	}
	if (!value_of(place, &value, error))
		return false;
	if (value)
		place->line = keyfile_line(keyfile, place->group, place->key->name);
	else if (place->key->required && plan_group_is_named(place->key->group) &&
		 !keyfile_group(keyfile, place->group))
		return true; /* one that runs always, and is not written */
	else if (place->key->required)
		return keyfile_fail(keyfile, keyfile_line(keyfile, place->group, place->key->name),
				    error, "[%s] needs %s=: %s", place->group, place->key->name,
				    place->key->help);
	else
		value = g_strdup(place->key->fallback);
	add_value(place, place->key->name, value);
	if (!value && !plan_key_is_list(place->key))
		return true;
	return plan_value_store(place, value ? value : "", error);
}

/* All keys of a kind of group, from that group or by default. type: of a check; else NULL. */
static bool fill(struct plan_reading *reading, const char *kind, const char *group, void *target,
		 const enum plan_check_type *type, GError **error)
{
	size_t count;
	const struct plan_key *keys = plan_keys(&count);

	for (size_t i = 0; i < count; i++) {
		struct plan_place place = {reading, &keys[i], group, .target = target};

		if (strcmp(keys[i].group, kind) == 0 &&
		    (!type || plan_key_is_of(&keys[i], *type)) && !fill_key(&place, error))
			return false;
	}
	return true;
}

static struct plan_check *check_new(struct plan_reading *reading, const char *name,
				    enum plan_check_type type)
{
	const struct plan_check_class *class = plan_check_class(type);
	struct plan_check *check = g_new0(struct plan_check, 1);

	check->name = g_strdup(name);
	check->type = type;
	check->stage = class->stage;
	check->gate = class->always;
	check->steps = g_ptr_array_new_with_free_func((GDestroyNotify)http_step_free);
	g_ptr_array_add(reading->plan->checks, check);
	return check;
}

/* The type decides what stage and gate are by default, and so is read first. */
static bool fill_check(struct plan_reading *reading, const struct keyfile_group *group,
		       const char *name, GError **error)
{
	g_autofree char *text = NULL;
	enum plan_check_type type = PLAN_CHECK_SQL;
	struct plan_check *check;

	if (!keyfile_value(reading->keyfile, group->name, "type", &text, error))
		return false;
	if (text)
		plan_check_type_parse(text, &type); /* an unknown one is refused by fill */
	check = check_new(reading, name, type);
	check->line = group->line;
	return fill(reading, "check", group->name, check, &type, error);
}

static bool fill_control(struct plan_reading *reading, const struct keyfile_group *group,
			 const char *name, GError **error)
{
	struct plan_control *control = g_new0(struct plan_control, 1);

	control->name = g_strdup(name);
	control->line = group->line;
	g_ptr_array_add(reading->plan->controls, control);
	return fill(reading, "control", group->name, control, NULL, error);
}

static bool has_check(const Keyfile *keyfile, const char *type)
{
	for (guint i = 0; i < keyfile->groups->len; i++) {
		const struct keyfile_group *group = keyfile->groups->pdata[i];
		g_autofree char *text =
			g_str_has_prefix(group->name, "check ")
				? g_key_file_get_string(keyfile->values, group->name, "type", NULL)
				: NULL;

		if (text && strcmp(text, type) == 0)
			return true;
	}
	return false;
}

/* What no plan can leave out, unless nothing is neutralized. */
static bool fill_always(struct plan_reading *reading, GError **error)
{
	for (int i = 0; i < PLAN_CHECK_TYPES; i++) {
		enum plan_check_type type = (enum plan_check_type)i;
		const struct plan_check_class *class = plan_check_class(type);
		g_autofree char *group = g_strconcat("check ", class->name, NULL);
		struct plan_check *check;

		if (!class->always || has_check(reading->keyfile, class->name) ||
		    (type == PLAN_CHECK_NEUTRALIZED &&
		     reading->plan->neutralize.mode == PLAN_NEUTRALIZE_NONE))
			continue;
		if (keyfile_group(reading->keyfile, group))
			return keyfile_fail(
				reading->keyfile, keyfile_line(reading->keyfile, group, ""), error,
				"the name '%s' is for the check of that type, which runs in "
				"every plan; choose another",
				class->name);
		check = check_new(reading, class->name, type);
		if (!fill(reading, "check", group, check, &type, error))
			return false;
	}
	return true;
}

static bool fill_named(struct plan_reading *reading, GError **error)
{
	for (guint i = 0; i < reading->keyfile->groups->len; i++) {
		const struct keyfile_group *group = reading->keyfile->groups->pdata[i];
		const char *name;
		g_autofree char *kind = keyfile_group_kind(group->name, &name);

		if (strcmp(kind, "check") == 0 && !fill_check(reading, group, name, error))
			return false;
		if (strcmp(kind, "control") == 0 && !fill_control(reading, group, name, error))
			return false;
	}
	return true;
}

bool plan_fill(struct plan_reading *reading, GError **error)
{
	DrillPlan *plan = reading->plan;

	for (size_t i = 0; plan_groups[i]; i++)
		if (!plan_group_is_named(plan_groups[i]) &&
		    !fill(reading, plan_groups[i], plan_groups[i], plan, NULL, error))
			return false;
	plan->odoo.given = keyfile_group(reading->keyfile, "odoo") != NULL;
	return (plan->kind == PLAN_VERIFY || fill_always(reading, error)) &&
	       fill_named(reading, error);
}
