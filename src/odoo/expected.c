#include "odoo/expected.h"

#include "odoo/names.h"

#include <string.h>

/* Names with "://" are of other stores (odoo/attachments.h). */
#define EXPECTED_SQL                                                                              \
 "SELECT store_fname, coalesce(max(file_size), -1), count(*), min(id), coalesce(min(res_model), " \
 "''), bool_and(coalesce(url, '') LIKE '/web/assets/%') FROM public.ir_attachment WHERE "         \
 "store_fname IS NOT NULL AND store_fname NOT LIKE '%://%' GROUP BY store_fname ORDER BY "        \
 "store_fname COLLATE \"C\""

struct asking {
	expected_each each;
	void *data;
};

static bool is_valid(const char *name)
{
	const char *slash = strchr(name, '/');
	g_autofree char *folder = slash ? g_strndup(name, (gsize)(slash - name)) : NULL;
	uint8_t sha1[SHA1_SIZE];

	return slash && odoo_file_valid(folder, slash + 1, sha1);
}

static bool take(void *data, const char *const *values, GError **error)
{
	const struct asking *asking = data;
	struct expected_file file = {.name = values[0],
				     .valid = is_valid(values[0]),
				     .size = g_ascii_strtoll(values[1], NULL, 10),
				     .rows = g_ascii_strtoull(values[2], NULL, 10),
				     .first_id = g_ascii_strtoll(values[3], NULL, 10),
				     .model = values[4],
				     .regenerable = values[5][0] == 't'};

	return asking->each(asking->data, &file, error);
}

bool expected_files(Session *session, expected_each each, void *data, GError **error)
{
	struct asking asking = {.each = each, .data = data};

	return session_stream(session, EXPECTED_SQL, take, &asking, error);
}
