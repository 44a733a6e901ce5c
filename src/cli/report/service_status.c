#include "cli/report/service_status.h"

#include "cli/site/backup_parts.h"
#include "cli/site/filling.h"
#include "ops/record.h"

#include <stdio.h>
#include <string.h>

#define ARCHIVER_NEWS USEC_PER_HOUR

/* By the configuration, or as the last backup of the database found it; NULL: not known. */
static bool wal_folder(const Context *context, Catalog *catalog, char **folder, GError **error)
{
	const struct settings_service *service = context->service;
	const char *configured = service->data_directory;
	g_autofree char *fact = record_data_directory_fact(service->name);
	g_autofree char *found = NULL;

	if (!service->postgres)
		return true;
	if (configured && strcmp(configured, "auto") != 0)
		found = g_strdup(configured);
	else if (!catalog_fact(catalog, fact, &found, error))
		return false;
	*folder = found ? g_build_filename(found, "pg_wal", NULL) : NULL;
	return true;
}

usec_t service_rpo(const Context *context, unsigned component)
{
	const struct settings_tier *tier = context->service->tier;
	usec_t own = tier->rpo_component[component];

	return own ? own : tier->rpo;
}

bool service_status(Context *context, struct status *status, GError **error)
{
	g_autoptr(Catalog) catalog = filling_open(context, FILLING_LOCAL, error);
	g_autoptr(GPtrArray) repositories = catalog ? context_repositories(context, error) : NULL;
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autoptr(GPtrArray) parts = backup_parts_of(context);
	g_autoptr(GArray) journaled = context_journaled(context);
	g_autofree char *wal = NULL;

	if (!repositories || !wal_folder(context, catalog, &wal, error))
		return false;
	for (guint i = 0; i < repositories->len; i++)
		g_ptr_array_add(names,
				((struct settings_repository *)repositories->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	return status_read(
		&(struct status_request){.catalog = catalog,
					 .service = context->service->name,
					 .state = context->state,
					 .repositories = (const char *const *)names->pdata,
					 .journaled = journaled,
					 .parts = (const char *const *)parts->pdata,
					 .rpo = service_rpo(context, 0),
					 .rpo_filestore = service_rpo(context, 1),
					 .rpo_config = service_rpo(context, 2),
					 .wal = wal,
					 .conninfo = context->service->postgres,
					 .backup_every = context->service->tier->backup_every,
					 .now = clock_now()},
		status, error);
}

static char *number_fact(const Context *context, enum service_number which, const char *repository)
{
	static const char *const names[SERVICE_NUMBERS] = {
		[SERVICE_LOCKED_UNTIL] = "locked-until",
		[SERVICE_UNLOCKED] = "unlocked",
	};

	return which == SERVICE_READ_BACK
		       ? record_read_back_fact(context->service->name, repository)
		       : g_strdup_printf("%s.%s.%s", names[which], context->service->name,
					 repository);
}

bool service_number(const Context *context, Catalog *catalog, enum service_number which,
		    const char *repository, int64_t *value, GError **error)
{
	g_autofree char *fact = number_fact(context, which, repository);
	g_autofree char *text = NULL;

	if (!catalog_fact(catalog, fact, &text, error))
		return false;
	*value = text ? g_ascii_strtoll(text, NULL, 10) : -1;
	return true;
}

bool service_note_number(const Context *context, Catalog *catalog, enum service_number which,
			 const char *repository, int64_t value, GError **error)
{
	g_autofree char *fact = number_fact(context, which, repository);
	g_autofree char *text = value >= 0 ? g_strdup_printf("%" G_GINT64_FORMAT, value) : NULL;

	return catalog_fact_set(catalog, fact, text, error);
}

bool service_read_back(const Context *context, Catalog *catalog, usec_t *time, GError **error)
{
	const GPtrArray *repositories = context->service->repositories;
	int64_t oldest = G_MAXINT64, one;

	for (guint i = 0; i < repositories->len; i++) {
		const struct settings_repository *repository = repositories->pdata[i];

		if (!service_number(context, catalog, SERVICE_READ_BACK, repository->name, &one,
				    error))
			return false;
		oldest = MIN(oldest, MAX(one, 0));
	}
	*time = repositories->len > 0 ? oldest : 0;
	return true;
}

static char *archiver_fact(const Context *context)
{
	return g_strdup_printf("archiver.%s", context->service->name);
}

bool service_archiver(const Context *context, Catalog *catalog, struct service_archiver *archiver,
		      GError **error)
{
	g_autofree char *fact = archiver_fact(context);
	g_autofree char *value = NULL;
	usec_t time;

	*archiver = (struct service_archiver){-1, -1};
	if (!catalog_fact(catalog, fact, &value, error))
		return false;
	if (value && (sscanf(value, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
			     &time, &archiver->ready, &archiver->failed) != 3 ||
		      clock_now() - time > ARCHIVER_NEWS))
		*archiver = (struct service_archiver){-1, -1};
	return true;
}

bool service_note_archiver(const Context *context, Catalog *catalog,
			   const struct service_archiver *archiver, GError **error)
{
	g_autofree char *fact = archiver_fact(context);
	g_autofree char *value =
		g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
				clock_now(), archiver->ready, archiver->failed);

	return catalog_fact_set(catalog, fact, value, error);
}
