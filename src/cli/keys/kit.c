#include "cli/keys/kit.h"

#include "base/error.h"
#include "cli/site/unlock.h"

#include <string.h>

#define GROUP  "odrbackup-kit"
#define HEADER "[" GROUP "]\n"

void kit_free(Kit *kit)
{
	if (!kit)
		return;
	g_free(kit->settings);
	g_free(kit->service);
	key_text_free(kit->identity);
	key_text_free(kit->owner);
	g_free(kit);
}

/* Where the kit's own group begins; what stands before it are settings. */
static const char *kit_group(const char *text)
{
	const char *header = strstr(text, "\n" HEADER);

	return header ? header + 1 : NULL;
}

bool kit_is(const char *text)
{
	return kit_group(text) != NULL;
}

char *kit_print(const Kit *kit)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *created = clock_format(kit->created);
	g_autoptr(KeyText) group = NULL;

	g_key_file_set_integer(file, GROUP, "version", KIT_VERSION);
	g_key_file_set_string(file, GROUP, "service", kit->service);
	g_key_file_set_string(file, GROUP, "created", created);
	g_key_file_set_string(file, GROUP, "identity", kit->identity);
	g_key_file_set_string(file, GROUP, "owner", kit->owner);
	group = g_key_file_to_data(file, NULL, NULL);
	return g_strdup_printf(
		"# Recovery kit of odrbackup for the service %s. Keep it apart from the "
		"repository and from the database host.\n"
		"# Where the repository lies may be corrected here; leave the last group as it "
		"is.\n\n%s\n%s",
		kit->service, kit->settings, group);
}

/* False where it is missing. */
static bool take_text(GKeyFile *file, const char *name, char **text)
{
	*text = g_key_file_get_string(file, GROUP, name, NULL);
	return *text != NULL;
}

static bool take_members(GKeyFile *file, Kit *kit)
{
	g_autofree char *created = NULL;

	return take_text(file, "created", &created) && take_text(file, "service", &kit->service) &&
	       take_text(file, "identity", &kit->identity) &&
	       take_text(file, "owner", &kit->owner) && clock_parse(created, &kit->created, NULL);
}

/* Keys of the writer's host make no sense on a new one. */
static bool belongs_into_kit(const struct settings_origin *origin)
{
	return origin->value && strcmp(origin->origin, "default") != 0 &&
	       strcmp(origin->key, "identity") != 0 && strcmp(origin->key, "writer-bundle") != 0 &&
	       strcmp(origin->key, "evidence-key") != 0;
}

static void copy_group(GKeyFile *to, const Settings *settings, const char *kind, const char *name)
{
	g_autofree char *group = g_strdup_printf("%s %s", kind, name);

	for (guint i = 0; i < settings->origins->len; i++) {
		const struct settings_origin *origin = settings->origins->pdata[i];

		if (strcmp(origin->group, group) == 0 && belongs_into_kit(origin))
			g_key_file_set_string(to, group, origin->key, origin->value);
	}
}

GKeyFile *kit_settings(const Settings *settings, const struct settings_service *service)
{
	GKeyFile *file = g_key_file_new();

	for (guint i = 0; i < service->repositories->len; i++) {
		const struct settings_repository *repository = service->repositories->pdata[i];

		copy_group(file, settings, "repository", repository->name);
	}
	copy_group(file, settings, "service", service->name);
	/* config= of the service names them. */
	for (guint i = 0; i < service->collectors->len; i++) {
		const struct settings_collect *collect = service->collectors->pdata[i];

		copy_group(file, settings, "collect", collect->name);
	}
	copy_group(file, settings, "tier", service->tier->name);
	return file;
}

Kit *kit_parse(const char *text, const char *file, GError **error)
{
	const char *group = kit_group(text);
	g_autoptr(GKeyFile) values = g_key_file_new();
	g_autoptr(Kit) kit = g_new0(Kit, 1);
	int version;

	if (!group) {
		odr_fail(error, ODR_ERROR_USAGE, "'%s' is no recovery kit", file);
		return NULL;
	}
	if (!g_key_file_load_from_data(values, group, strlen(group), G_KEY_FILE_NONE, NULL) ||
	    (version = g_key_file_get_integer(values, GROUP, "version", NULL)) < 1) {
		odr_fail(error, ODR_ERROR_CORRUPT, "the recovery kit '%s' is damaged", file);
		return NULL;
	}
	if (version > KIT_VERSION) {
		odr_fail(error, ODR_ERROR_REFUSED,
			 "the recovery kit '%s' has version %d, this program knows version %d",
			 file, version, KIT_VERSION);
		return NULL;
	}
	if (!take_members(values, kit)) {
		odr_fail(error, ODR_ERROR_CORRUPT, "the recovery kit '%s' is damaged", file);
		return NULL;
	}
	kit->settings = g_strndup(text, (gsize)(group - text));
	return g_steal_pointer(&kit);
}

Kit *kit_load(const char *file, GError **error)
{
	g_autoptr(KeyText) text = NULL;

	if (!key_text_read(file, &text, error)) {
		odr_context(error, "cannot read the recovery kit");
		return NULL;
	}
	return kit_parse(text, file, error);
}
