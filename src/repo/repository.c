/*
 * The object `repository`: {"created":"2026-11-21T23:05:01Z","format":1,"id":"<32 hex>"}. Apart from
 * repo.c, so that a program which never asks for it needs no JSON.
 */
#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "repo/layout.h"
#include "repo/repo.h"

#include <string.h>

#define FORMAT	       1
#define REPOSITORY_MAX 4096 /* bytes of the object */

struct reading {
	const Store *store;
	bool got;     /* content, good or not */
	bool missing; /* there is none */
	char id[REPO_ID_SIZE];
	char version[128]; /* "": the current one */
};

static bool check_format(void *data, GBytes *content, const struct store_object *version,
			 GError **error)
{
	struct reading *reading = data;
	const Store *store = reading->store;
	g_autofree char *what =
		g_strdup_printf("'" LAYOUT_REPOSITORY "' in repository %s", store_name(store));
	g_autoptr(JsonValue) value = NULL;
	gsize size;
	const char *text = g_bytes_get_data(content, &size);
	const char *id;
	int64_t format;

	reading->got = true;
	if (!json_parse(text, size, what, &value, error) ||
	    !json_int_member(value, what, "format", &format, error) ||
	    !json_string_member(value, what, "id", &id, error))
		return false;
	if (format != FORMAT)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"repository %s has format %" G_GINT64_FORMAT
				", this program knows format %d: install a newer odrbackup",
				store_name(store), format, FORMAT);
	if (strlen(id) != REPO_ID_SIZE - 1 || !hex_is_digits(id, REPO_ID_SIZE - 1))
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s gives '%s' for an id", what, id);
	g_strlcpy(reading->id, id, REPO_ID_SIZE);
	g_strlcpy(reading->version, version->version, sizeof(reading->version));
	return true;
}

/* *forbidden: by the store, before anything was read. */
static bool read_format(Store *store, struct reading *reading, bool *forbidden, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	*reading = (struct reading){.store = store};
	*forbidden = false;
	if (store_get_good(store,
			   &(struct store_wanted){.choose = {.name = LAYOUT_REPOSITORY},
						  .limit = REPOSITORY_MAX,
						  .verify = check_format,
						  .data = reading},
			   &content, &cause))
		return true;
	*forbidden = !reading->got && odr_error_is(cause, ODR_ERROR_REFUSED);
	reading->missing = odr_error_is(cause, ODR_ERROR_NOT_FOUND);
	if (reading->missing)
		return repo_fail_missing(store, "run 'odrbackup init' if it is new", error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool repo_check_format(Store *store, GError **error)
{
	struct reading reading;
	bool forbidden;

	return read_format(store, &reading, &forbidden, error);
}

static bool read_format_to_write(Store *store, struct reading *reading, GError **error)
{
	g_autoptr(GError) cause = NULL;
	bool forbidden;

	if (read_format(store, reading, &forbidden, &cause) || forbidden)
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool repo_check_format_to_write(Store *store, GError **error)
{
	struct reading reading;

	return read_format_to_write(store, &reading, error);
}

bool repo_identify(Repo *repo, GError **error)
{
	struct reading reading;
	bool forbidden;

	if (!read_format(repo->store, &reading, &forbidden, error))
		return false;
	memcpy(repo->id, reading.id, REPO_ID_SIZE);
	return true;
}

bool repo_identify_to_write(Repo *repo, GError **error)
{
	struct reading reading;

	if (!read_format_to_write(repo->store, &reading, error))
		return false;
	memcpy(repo->id, reading.id, REPO_ID_SIZE);
	return true;
}

bool repo_keep_locked(Repo *repo, usec_t until, GError **error)
{
	struct store_abilities abilities;
	struct reading reading;
	bool forbidden;
	g_autoptr(GError) cause = NULL;

	store_abilities(repo->store, &abilities);
	if (!abilities.locks)
		return true;
	if ((read_format(repo->store, &reading, &forbidden, &cause) &&
	     store_lock_extend(repo->store, LAYOUT_REPOSITORY, reading.version, until, &cause)) ||
	    odr_error_is(cause, ODR_ERROR_REFUSED))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

static char *new_repository(void)
{
	g_autoptr(JsonValue) value = json_object();
	uint8_t drawn[SERVICE_ID_SIZE];

	random_bytes(drawn, sizeof(drawn));

	g_autofree char *id = hex_encode(drawn, sizeof(drawn));

	json_set_int(value, "format", FORMAT);
	json_set_string(value, "id", id);
	json_set_time(value, "created", clock_now());
	return json_print(value);
}

bool repo_init(Store *store, usec_t lock_until, GError **error)
{
	g_autoptr(GError) cause = NULL;
	struct reading reading;
	bool forbidden;

	/* Looked for first: a store that cannot tell whether a name is taken would add a version. */
	if (read_format(store, &reading, &forbidden, &cause))
		return true;
	if (!forbidden && !reading.missing) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (odr_error_is(cause, ODR_ERROR_CORRUPT))
		log_warning("%s; it gets a new one", cause->message);
	g_clear_error(&cause);

	g_autofree char *text = new_repository();
	struct iovec part = {text, strlen(text)};
	struct store_put how = {.once = true, .lock_until = lock_until};

	if (store_put(store, LAYOUT_REPOSITORY, &part, 1, &how, NULL, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_EXISTS))
		return repo_check_format_to_write(store, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}
