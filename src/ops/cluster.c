#include "ops/cluster.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define PIN_LIMIT 256

bool cluster_pinned(const char *state, uint64_t *system_identifier, GError **error)
{
	g_autofree char *path = g_build_filename(state, "cluster", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) trouble = NULL;

	if (!file_read_text(path, PIN_LIMIT, &text, &trouble)) {
		if (odr_error_is(trouble, ODR_ERROR_NOT_FOUND)) {
			*system_identifier = 0;
			return true;
		}
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	g_strchomp(text);
	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT64, system_identifier, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"'%s' does not hold a system identifier; if the cluster of this "
				"service is the right one, remove the file",
				path);
	return true;
}

bool cluster_pin(const char *state, uint64_t system_identifier, GError **error)
{
	g_autofree char *path = g_build_filename(state, "cluster", NULL);
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", system_identifier);
	g_autoptr(GError) trouble = NULL;
	uint64_t pinned;

	if (!cluster_pinned(state, &pinned, error))
		return false;
	if (pinned == 0) {
		if (file_write(path, text, strlen(text), &(struct file_write){.exclusive = true},
			       &trouble))
			return true;
		if (!odr_error_is(trouble, ODR_ERROR_EXISTS)) {
			g_propagate_error(error, g_steal_pointer(&trouble));
			return false;
		}
		/* Another process was faster: what it wrote counts. */
		if (!cluster_pinned(state, &pinned, error))
			return false;
	}
	if (pinned != system_identifier)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"this is another cluster: its system identifier is %" G_GUINT64_FORMAT
			", this service protects %" G_GUINT64_FORMAT
			" ('%s'); make a service of its own for it",
			system_identifier, pinned, path);
	return true;
}
