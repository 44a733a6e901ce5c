#include "base/file.h"
#include "drill/evidence/evidence.h"
#include "drill/incident/collect.h"

/* A copy that is gone, or altered, was told when the incident was read: there is nothing to take along. */
static bool copy_joined(const char *state, const Incident *incident, const char *digest,
			const char *to, GError **error)
{
	g_autofree char *from = incident_chain_path(state, incident->id, digest);
	g_autofree char *path = incident_chain_path(to, incident->id, digest);
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(GBytes) content = NULL;

	if (!g_file_test(from, G_FILE_TEST_EXISTS))
		return true;
	return file_read(from, CHAIN_MAX, &content, error) && file_make_dirs(folder, 0700, error) &&
	       file_write(path, g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			  &(struct file_write){.mode = 0600, .exclusive = true}, error);
}

bool incident_export(const char *state, const Incident *incident, const GPtrArray *keys,
		     const char *to, GError **error)
{
	g_autoptr(GPtrArray) digests = NULL;

	if (!evidence_export(
		    &(struct evidence_export){
			    .state = state, .to = to, .only_chain = true, .keys = keys},
		    error) ||
	    !incident_joined(state, incident->id, &digests, error))
		return false;
	for (guint i = 0; i < digests->len; i++)
		if (!copy_joined(state, incident, digests->pdata[i], to, error))
			return false;
	return true;
}
