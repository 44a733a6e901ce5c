#include "drill/evidence/evidence.h"

#include "base/error.h"
#include "base/file.h"
#include "drill/evidence/file.h"
#include "drill/evidence/mirror.h"

#include <string.h>

#define EXPORT_FILE_MAX ((size_t)1 << 30) /* the chain only grows */

/* folder NULL: at the top. */
static bool copy_file(const struct evidence_export *how, const char *folder, const char *name,
		      GError **error)
{
	g_autofree char *from =
		g_build_filename(how->state, folder ? folder : name, folder ? name : NULL, NULL);
	g_autofree char *to_folder = g_build_filename(how->to, folder, NULL);
	g_autofree char *to = g_build_filename(to_folder, name, NULL);
	g_autoptr(GBytes) content = NULL;

	return file_read(from, EXPORT_FILE_MAX, &content, error) &&
	       file_make_dirs(to_folder, 0700, error) &&
	       file_write(to, g_bytes_get_data(content, NULL), g_bytes_get_size(content),
			  &(struct file_write){.mode = 0600, .exclusive = true}, error);
}

static bool write_text(const struct evidence_export *how, const char *name, const char *text,
		       GError **error)
{
	g_autofree char *path = g_build_filename(how->to, name, NULL);

	return file_write(path, text, strlen(text),
			  &(struct file_write){.mode = 0600, .exclusive = true}, error);
}

static bool copy_files(const struct evidence_export *how, const char *folder,
		       const GPtrArray *names, GError **error)
{
	for (guint i = 0; i < names->len; i++)
		if (!copy_file(how, folder, names->pdata[i], error))
			return false;
	return true;
}

/* Documents with what belongs to them: signatures, receipts. */
static bool copy_checkpoints(const struct evidence_export *how, GError **error)
{
	static const char *const suffixes[] = {".json", ".json.sig", ".receipt.json",
					       ".receipt.json.sig"};
	g_autoptr(GPtrArray) names = NULL;

	if (!checkpoint_files(how->state, &names, error))
		return false;
	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];

		for (size_t k = 0; k < G_N_ELEMENTS(suffixes); k++) {
			g_autofree char *file = g_strdup_printf(
				"%.*s%s", (int)(strlen(name) - strlen(".json")), name, suffixes[k]);
			g_autofree char *path = g_build_filename(how->state, "audit", file, NULL);

			if (g_file_test(path, G_FILE_TEST_EXISTS) &&
			    !copy_file(how, "audit", file, error))
				return false;
		}
	}
	return true;
}

static bool copy_run(const struct evidence_export *how, const char *run, GError **error)
{
	g_autofree char *folder = g_build_filename("evidence", run, NULL);
	g_autoptr(GPtrArray) names = NULL;

	if (!evidence_files(how->state, run, &names, error))
		return false;
	return names->len > 0 ? copy_files(how, folder, names, error)
			      : odr_fail(error, ODR_ERROR_NOT_FOUND,
					 "there is no evidence of run '%s'", run);
}

static bool copy_runs(const struct evidence_export *how, GError **error)
{
	g_autoptr(GPtrArray) runs = NULL;

	if (how->only_chain)
		return true;
	if (how->run)
		return copy_run(how, how->run, error);
	if (!evidence_runs(how->state, &runs, error))
		return false;
	for (guint i = 0; i < runs->len; i++)
		if (!copy_run(how, runs->pdata[i], error))
			return false;
	return true;
}

static bool write_mirror(const struct evidence_export *how, GError **error)
{
	g_autoptr(GPtrArray) lines = NULL;
	g_autofree char *text = NULL;

	if (!mirror_read(how->state, &lines, error))
		return false;
	text = mirror_print(lines);
	return write_text(how, MIRROR_FILE, text, error);
}

static bool write_keys(const struct evidence_export *how, GError **error)
{
	for (guint i = 0; how->keys && i < how->keys->len; i++) {
		const struct evidence_exported_key *key = how->keys->pdata[i];
		g_autofree char *signify = evidence_key_signify(key->public_key);
		g_autofree char *signify_name = g_strconcat(key->name, ".pub", NULL);
		g_autofree char *pem = evidence_key_pem(key->public_key);
		g_autofree char *pem_name = g_strconcat(key->name, ".pem", NULL);

		if (!write_text(how, signify_name, signify, error) ||
		    !write_text(how, pem_name, pem, error))
			return false;
	}
	return true;
}

bool evidence_export(const struct evidence_export *how, GError **error)
{
	if (!file_is_empty_dir(how->to))
		return odr_fail(error, ODR_ERROR_EXISTS,
				"'%s' is there already, and not empty: evidence goes into a folder "
				"of its own",
				how->to);
	/* What tells of the chain is copied before it: it may grow meanwhile. */
	if (!file_make_dirs(how->to, 0700, error) || !copy_runs(how, error) ||
	    !copy_checkpoints(how, error) || !write_mirror(how, error) ||
	    !copy_file(how, NULL, "audit.log", error) || !write_keys(how, error))
		return odr_context(error, "cannot export evidence");
	return true;
}
