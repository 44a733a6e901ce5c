/* What the texts of a plan mean that have a syntax of their own. */
#include "base/error.h"
#include "drill/plan/reading.h"

#include <math.h>
#include <string.h>

/* A word that means "none in particular". */
static void clear_word(char **text, const char *word)
{
	if (*text && strcmp(*text, word) == 0)
		g_clear_pointer(text, g_free);
}

static bool read_amcheck(struct plan_reading *reading, GError **error)
{
	struct plan_extended *extended = &reading->plan->extended;
	const char *text = extended->amcheck_text;
	guint64 number;

	if (strcmp(text, "off") == 0 || strcmp(text, "all") == 0) {
		extended->amcheck = *text == 'a' ? PLAN_AMCHECK_ALL : PLAN_AMCHECK_OFF;
		return true;
	}
	if (!g_str_has_prefix(text, "sample:") ||
	    !g_ascii_string_to_unsigned(text + strlen("sample:"), 10, 1, 1000000, &number, NULL))
		return plan_fail(reading, "extended", "amcheck", error,
				 "amcheck is off, sample:N or all, not '%s'", text);
	extended->amcheck = PLAN_AMCHECK_SAMPLE;
	extended->sample = (unsigned)number;
	return true;
}

static void parameter_free(void *data)
{
	struct plan_parameter *parameter = data;

	g_free(parameter->name);
	g_free(parameter->value);
	g_free(parameter);
}

/* What isolation rests on, and what would hide damage, is not for a plan to set. */
static const char *const reserved[] = {"archive_mode",
				       "archive_command",
				       "archive_library",
				       "archive_cleanup_command",
				       "restore_command",
				       "recovery_end_command",
				       "listen_addresses",
				       "primary_conninfo",
				       "primary_slot_name",
				       "synchronous_standby_names",
				       "shared_preload_libraries",
				       "session_preload_libraries",
				       "local_preload_libraries",
				       "unix_socket_directories",
				       "data_directory",
				       "hba_file",
				       "ident_file",
				       "config_file",
				       "port",
				       "shared_buffers",
				       "dynamic_library_path",
				       "jit_provider",
				       "oauth_validator_libraries",
				       "external_pid_file",
				       "event_triggers",
				       "include",
				       "include_dir",
				       "include_if_exists",
				       "ignore_checksum_failure",
				       "ignore_system_indexes",
				       "zero_damaged_pages",
				       "hot_standby",
				       "ignore_invalid_pages",
				       "max_logical_replication_workers",
				       "logging_collector",
				       "log_destination",
				       "log_error_verbosity",
				       "log_line_prefix",
				       "log_timezone",
				       "lc_messages",
				       "log_min_messages",
				       NULL};

static bool read_parameter(struct plan_reading *reading, const char *item, GError **error)
{
	const char *equals = strchr(item, '=');
	g_autofree char *name =
		g_strchomp(g_strndup(item, equals ? (gsize)(equals - item) : strlen(item)));
	struct plan_parameter *parameter;

	if (!equals || !*name ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(name))
		return plan_fail(reading, "postgresql", "set", error,
				 "set is NAME=VALUE;…, as in: work_mem=64MB, not '%s'", item);
	if (g_strv_contains(reserved, name) || g_str_has_prefix(name, "recovery_target"))
		return plan_fail(reading, "postgresql", "set", error,
				 "set: '%s' is the drill's to set; leave it out", name);
	parameter = g_new0(struct plan_parameter, 1);
	parameter->name = g_steal_pointer(&name);
	parameter->value = g_strchug(g_strdup(equals + 1));
	g_ptr_array_add(reading->plan->postgresql.set, parameter);
	return true;
}

static bool read_parameters(struct plan_reading *reading, GError **error)
{
	struct plan_postgresql *postgresql = &reading->plan->postgresql;

	postgresql->set = g_ptr_array_new_with_free_func(parameter_free);
	for (char **item = postgresql->set_text; *item; item++)
		if (!read_parameter(reading, *item, error))
			return false;
	return true;
}

/* "100%", "0.5%": parts of a million. */
static bool read_sample(struct plan_reading *reading, const char *group, struct plan_check *check,
			GError **error)
{
	const char *text = check->sample_text;
	char *end;
	double percent = g_ascii_strtod(text, &end);

	if (strspn(text, "0123456789.") != (size_t)(end - text) || strcmp(end, "%") != 0 ||
	    !(percent > 0 && percent <= 100) || lround(percent * 10000) < 1)
		return plan_fail(reading, group, "sample", error,
				 "sample is a share above 0%% and up to 100%%, not '%s'", text);
	check->sample_ppm = (unsigned)lround(percent * 10000);
	return true;
}

static bool read_within(struct plan_reading *reading, const char *group, struct plan_check *check,
			GError **error)
{
	static const char middle[] = "% of median ";
	const char *sign = strstr(check->within_text, middle);
	g_autofree char *percent =
		sign ? g_strndup(check->within_text, (gsize)(sign - check->within_text)) : NULL;
	guint64 share, drills;

	if (!sign || !g_ascii_string_to_unsigned(percent, 10, 1, 1000, &share, NULL) ||
	    !g_ascii_string_to_unsigned(sign + strlen(middle), 10, 1, 1000, &drills, NULL))
		return plan_fail(reading, group, "within", error,
				 "within is P%% of median N, as in: 50%% of median 5, not '%s'",
				 check->within_text);
	check->within_percent = (unsigned)share;
	check->median_of = (unsigned)drills;
	return true;
}

static bool read_expect(struct plan_reading *reading, const char *group, struct plan_check *check,
			GError **error)
{
	bool compare = check->type == PLAN_CHECK_COMPARE;
	g_autoptr(GError) cause = NULL;

	if (!check->expect_text) {
		check->expect =
			(struct plan_expect){.kind = compare ? PLAN_EXPECT_EQUAL : PLAN_EXPECT_KIND,
					     .values = g_new0(char *, 1)};
		return true;
	}
	return plan_expect_parse(check->expect_text, compare, &check->expect, &cause) ||
	       plan_fail_with(reading, group, "expect", cause, error);
}

static bool read_step(struct plan_reading *reading, const char *group, struct plan_check *check,
		      unsigned number, GHashTable *known, GError **error)
{
	g_autofree char *key = g_strdup_printf("step-%u", number);
	/* As it is written: a step has escapes of its own. */
	g_autofree char *text = g_key_file_get_value(reading->keyfile->values, group, key, NULL);
	g_autoptr(GError) cause = NULL;
	HttpStep *step;

	if (!text)
		return true;
	step = http_step_parse(text, known, &cause);
	if (!step)
		return plan_fail_with(reading, group, key, cause, error);
	step->number = number;
	g_ptr_array_add(check->steps, step);
	return true;
}

static bool read_steps(struct plan_reading *reading, const char *group, struct plan_check *check,
		       GError **error)
{
	g_autoptr(GHashTable) known = http_step_variables();

	for (unsigned number = 1; number <= 99; number++)
		if (!read_step(reading, group, check, number, known, error))
			return false;
	return true;
}

static bool read_check(struct plan_reading *reading, struct plan_check *check, GError **error)
{
	g_autofree char *group = g_strconcat("check ", check->name, NULL);

	switch (check->type) {
	case PLAN_CHECK_FILESTORE:
		return read_sample(reading, group, check, error);
	case PLAN_CHECK_SQL:
	case PLAN_CHECK_COMPARE:
		return read_expect(reading, group, check, error);
	case PLAN_CHECK_TREND:
		return read_within(reading, group, check, error);
	case PLAN_CHECK_HTTP:
		return read_steps(reading, group, check, error);
	default:
		return true;
	}
}

/* Values of the business are what the plan's own questions give; what the tool asks of its own is of the machine. */
static bool tells_values(const struct plan_check *check)
{
	switch (check->type) {
	case PLAN_CHECK_SQL:
	case PLAN_CHECK_COMPARE:
	case PLAN_CHECK_HTTP:
	case PLAN_CHECK_COMMAND:
	case PLAN_CHECK_LOG:
		return true;
	default:
		return false;
	}
}

bool plan_read_meaning(struct plan_reading *reading, GError **error)
{
	DrillPlan *plan = reading->plan;

	clear_word(&plan->select.repository, "rotate");
	clear_word(&plan->sandbox.postgres_bin, "auto");
	if (!read_amcheck(reading, error) || !read_parameters(reading, error))
		return false;
	for (guint i = 0; i < plan->checks->len; i++) {
		struct plan_check *check = plan->checks->pdata[i];

		check->redact |= plan->evidence.redact != PLAN_REDACT_NONE && tells_values(check);
		if (!read_check(reading, check, error))
			return false;
	}
	return true;
}
