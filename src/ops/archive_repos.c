#include "ops/archive_repos.h"

#include "base/error.h"
#include "repo/layout.h"

#include <string.h>

#define FORMAT	       1
#define REPOSITORY_MAX 4096	/* bytes of the object */
#define FACT	       "format" /* what a store keeps for the next process */

/* The number behind "format": in JSON that we wrote. A parser would cost this program its start time. */
static bool read_format(const char *text, gint64 *format)
{
	const char *at = strstr(text, "\"format\"");
	char *end;

	if (!at)
		return false;
	at += strlen("\"format\"");
	at += strspn(at, " \t\r\n");
	if (*at++ != ':')
		return false;
	*format = g_ascii_strtoll(at, &end, 10);
	return end != at;
}

struct reading {
	Store *store;
	bool got; /* content, good or not */
};

static bool check_format(void *data, GBytes *content, const struct store_object *version,
			 GError **error)
{
	struct reading *reading = data;
	const char *name = store_name(reading->store);
	g_autofree char *text =
		g_strndup(g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	gint64 format;

	reading->got = true;
	if (!read_format(text, &format))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'" LAYOUT_REPOSITORY "' in repository %s does not say its format",
				name);
	if (format != FORMAT)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"repository %s has format %" G_GINT64_FORMAT
				", this program knows format %d: install a newer odrbackup",
				name, format, FORMAT);
	return true;
}

static bool read_repository(struct reading *reading, GError **error)
{
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;

	if (store_get_good(reading->store,
			   &(struct store_wanted){.choose = {.name = LAYOUT_REPOSITORY},
						  .limit = REPOSITORY_MAX,
						  .verify = check_format,
						  .data = reading},
			   &content, &cause))
		return true;
	if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
		return odr_fail(error, ODR_ERROR_UNREACHABLE,
				"%s holds no repository: is its file system mounted? If it is "
				"new, run 'odrbackup init'",
				store_describe(reading->store));
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* For writing it is not asked anew with every segment. A reader asks: what is not in a repository that was
 * emptied meanwhile is not proven to be absent. */
static bool check_repository(Store *store, enum archive_repo_use use, GError **error)
{
	g_autofree char *known = use == ARCHIVE_REPO_WRITE ? store_recall(store, FACT) : NULL;
	struct reading reading = {.store = store};
	g_autoptr(GError) cause = NULL;

	if (known)
		return true;
	if (read_repository(&reading, &cause)) {
		store_note(store, FACT, "known");
		return true;
	}
	if (use == ARCHIVE_REPO_WRITE && !reading.got && odr_error_is(cause, ODR_ERROR_REFUSED)) {
		store_note(store, FACT, "hidden");
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

Repo *archive_repo_open(const struct store_settings *settings, const struct key_service *service,
			enum archive_repo_use use, GError **error)
{
	g_autoptr(Store) store = store_open(settings, error);

	if (!store || !check_repository(store, use, error))
		return NULL;
	return repo_new(g_steal_pointer(&store), service);
}
