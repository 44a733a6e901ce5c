#include "cli/views/backup.h"

#include "base/json.h"
#include "base/log.h"
#include "cli/line/next_command.h"
#include "cli/line/output.h"
#include "cli/views/set.h"

#include <stdio.h>

static json_t *part_json(const struct set_part *part)
{
	json_t *object = json_object();

	json_set_string(object, "part", part->part);
	json_set_string(object, "kind", part->kind);
	json_set_int(object, "files", (int64_t)part->files);
	json_set_int(object, "bytes", (int64_t)part->bytes);
	json_set_int(object, "stored", (int64_t)part->stored);
	return object;
}

static json_t *failures_json(const GPtrArray *failures)
{
	json_t *array = json_array();

	for (guint i = 0; i < failures->len; i++) {
		const struct backup_failure *failure = failures->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "part", failure->part);
		json_set_string(object, "error", failure->error->message);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *moments_json(const GPtrArray *moments)
{
	json_t *array = json_array();

	for (guint i = 0; i < moments->len; i++) {
		const struct moment *moment = moments->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "part", moment->part);
		json_set_string(object, "nothing_new_since", moment->set_id);
		json_set_time(object, "as_of", moment->started);
		json_array_append_new(array, object);
	}
	return array;
}

static void print_moments_json(const struct backup_result *result, usec_t elapsed)
{
	json_t *summary = json_object();

	json_set_string(summary, "set", NULL);
	json_set(summary, "moments", moments_json(result->moments));
	json_set_int(summary, "elapsed_us", elapsed);
	json_set(summary, "failed_parts", failures_json(result->failures));
	json_line("summary", summary);
}

static void print_moments(const struct backup_result *result, usec_t elapsed)
{
	g_autofree char *time = duration_format(elapsed);

	for (guint i = 0; i < result->moments->len; i++) {
		const struct moment *moment = result->moments->pdata[i];

		printf("Nothing new in the %s since set %s; looked at in %s.\n", moment->part,
		       moment->set_id, time);
	}
}

static void print_json(const struct backup_result *result, usec_t elapsed)
{
	const Manifest *manifest = result->manifest;
	uint64_t files = 0, bytes = 0, stored = 0;
	json_t *summary = json_object();
	json_t *parts = json_array();

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];

		files += part->files;
		bytes += part->bytes;
		stored += part->stored;
		json_array_append_new(parts, part_json(part));
	}
	json_set_string(summary, "set", manifest->set_id);
	json_set(summary, "parts", parts);
	json_set_int(summary, "files", (int64_t)files);
	json_set_int(summary, "bytes", (int64_t)bytes);
	json_set_int(summary, "stored", (int64_t)stored);
	json_set_time(summary, "stopped", manifest->stopped);
	json_set_int(summary, "elapsed_us", elapsed);
	json_set(summary, "damaged", damage_json(manifest->damaged));
	json_set(summary, "failed_parts", failures_json(result->failures));
	json_line("summary", summary);
}

static char *describe(const Manifest *manifest)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < manifest->parts->len; i++) {
		const struct set_part *part = manifest->parts->pdata[i];
		g_autofree char *bytes = size_format(part->bytes);
		g_autofree char *stored = size_format(part->stored);
		g_autofree char *files = count_format(part->files, "file");

		g_string_append_printf(text, "%s%s %s in %s, stored in %s", i ? "; " : "",
				       part->part, bytes, files, stored);
	}
	if (manifest->wal) {
		g_autofree char *start = lsn_print(manifest->wal->start);
		g_autofree char *stop = lsn_print(manifest->wal->stop);

		g_string_append_printf(text, "; WAL %s to %s", start, stop);
	}
	return g_string_free(text, false);
}

static void print_set(const struct arguments *arguments, const struct backup_result *result,
		      usec_t elapsed)
{
	static const char *const words[] = {"list", NULL};
	g_autofree char *next = next_command(arguments, words);
	g_autofree char *time = duration_format(elapsed);
	g_autofree char *what = describe(result->manifest);

	printf("Set %s: in %s, %s.\nSee what is there with: %s\n", result->manifest->set_id, time,
	       what, next);
}

void backup_view_print(const struct arguments *arguments, const struct backup_result *result,
		       usec_t elapsed)
{
	const Manifest *manifest = result->manifest;

	for (guint i = 0; manifest && i < manifest->damaged->len; i++) {
		const struct damage *damage = manifest->damaged->pdata[i];

		log_warning("the source is damaged: %s: %s", damage->path, damage->what);
	}
	if (arguments_flag(arguments, "json"))
		manifest ? print_json(result, elapsed) : print_moments_json(result, elapsed);
	else if (!arguments_flag(arguments, "quiet"))
		manifest ? print_set(arguments, result, elapsed) : print_moments(result, elapsed);
}
