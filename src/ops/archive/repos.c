#include "ops/archive/repos.h"

#include "base/bytes.h"
#include "base/error.h"
#include "repo/layout.h"

#include <string.h>

#define FORMAT	       1
#define REPOSITORY_MAX 4096 /* bytes of the object */
/* What a store keeps for the next process: the repository's id, or that it may not be read. */
#define FACT   "repository"
#define HIDDEN "hidden"

/* What stands behind "name": in JSON that we wrote. A parser would cost this program its start time. */
static const char *find_member(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		return NULL;
	at += strlen(name);
	at += strspn(at, " \t\r\n");
	if (*at++ != ':')
		return NULL;
	return at + strspn(at, " \t\r\n");
}

static bool read_format(const char *text, gint64 *format)
{
	const char *at = find_member(text, "\"format\"");
	char *end;

	if (!at)
		return false;
	*format = g_ascii_strtoll(at, &end, 10);
	return end != at;
}

static bool read_id(const char *text, char id[REPO_ID_SIZE])
{
	const char *at = find_member(text, "\"id\"");

	if (!at || *at++ != '"' || strlen(at) < REPO_ID_SIZE || at[REPO_ID_SIZE - 1] != '"' ||
	    !hex_is_digits(at, REPO_ID_SIZE - 1))
		return false;
	g_strlcpy(id, at, REPO_ID_SIZE);
	return true;
}

struct reading {
	Store *store;
	bool got; /* content, good or not */
	char id[REPO_ID_SIZE];
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
	if (!read_id(text, reading->id))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'" LAYOUT_REPOSITORY "' in repository %s does not say its id",
				name);
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
		return repo_fail_missing(reading->store,
					 "is its file system mounted? If it is new, run 'odrbackup "
					 "init'",
					 error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

bool archive_repo_confirm(Repo *repo, GError **error)
{
	struct reading reading = {.store = repo->store};

	return read_repository(&reading, error);
}

/* It is not asked anew with every segment. */
static bool check_repository(Repo *repo, GError **error)
{
	Store *store = repo->store;
	g_autofree char *known = store_recall(store, FACT);
	struct reading reading = {.store = store};
	g_autoptr(GError) cause = NULL;

	if (known) {
		if (strlen(known) == REPO_ID_SIZE - 1 && hex_is_digits(known, REPO_ID_SIZE - 1))
			g_strlcpy(repo->id, known, REPO_ID_SIZE);
		return true;
	}
	if (read_repository(&reading, &cause)) {
		memcpy(repo->id, reading.id, REPO_ID_SIZE);
		store_note(store, FACT, repo->id);
		return true;
	}
	if (!reading.got && odr_error_is(cause, ODR_ERROR_REFUSED)) {
		store_note(store, FACT, HIDDEN);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

Repo *archive_repo_open(const struct store_settings *settings, const struct key_service *service,
			enum archive_repo_use use, GError **error)
{
	Store *store = store_open(settings, error);
	g_autoptr(Repo) repo = store ? repo_new(store, service) : NULL;

	if (!repo || (use == ARCHIVE_REPO_WRITE && !check_repository(repo, error)))
		return NULL;
	return g_steal_pointer(&repo);
}
