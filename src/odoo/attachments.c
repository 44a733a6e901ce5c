#include "odoo/attachments.h"

#include "base/clock.h"
#include "base/error.h"
#include "pg/session.h"

#include <string.h>

#define STORES_MAX 100 /* more would be one a row: somebody's names are not as we think */

static void store_free(void *data)
{
	struct attachments_store *store = data;

	g_free(store->name);
	g_free(store);
}

void attachments_clear(struct attachments *attachments)
{
	g_clear_pointer(&attachments->elsewhere, g_ptr_array_unref);
}

static bool has(Session *session, const char *sql, bool *answer, GError **error)
{
	g_autofree char *value = NULL;

	if (!session_value(session, sql, &value, error))
		return false;
	*answer = g_strcmp0(value, "t") == 0;
	return true;
}

static uint64_t number(const char *text)
{
	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

static bool note_counts(void *data, const char *const *values, GError **error)
{
	struct attachments *attachments = data;

	(void)error;
	attachments->rows = number(values[0]);
	attachments->files = number(values[1]);
	attachments->in_database = number(values[2]);
	attachments->strange = number(values[3]);
	return true;
}

static bool note_store(void *data, const char *const *values, GError **error)
{
	struct attachments *attachments = data;
	struct attachments_store *store = g_new0(struct attachments_store, 1);

	(void)error;
	store->name = g_strdup(values[0] ? values[0] : "?");
	store->rows = number(values[1]);
	g_ptr_array_add(attachments->elsewhere, store);
	return true;
}

/* Of a name with "://", what tells the store: the scheme, and for a bucket its name. */
#define STORE_OF "substring(store_fname from '^([^:]*://[^/]*)')"
#define A_FILE	 "store_fname ~ '^[0-9a-f]{2,3}/[0-9a-f]{40}$'"

static bool count(Session *session, bool cloud, struct attachments *attachments, GError **error)
{
	g_autofree char *stores = g_strdup_printf(
		"SELECT " STORE_OF ", count(*) FROM public.ir_attachment "
		"WHERE store_fname LIKE '%%://%%' GROUP BY 1 "
		"%s ORDER BY 2 DESC, 1 LIMIT %d",
		cloud ? "UNION ALL SELECT 'cloud_storage', count(*) FROM public.ir_attachment "
			"WHERE type = 'cloud_storage' HAVING count(*) > 0"
		      : "",
		STORES_MAX);

	return session_rows(session,
			    "SELECT count(*) FILTER (WHERE " A_FILE "),"
			    " count(DISTINCT store_fname) FILTER (WHERE " A_FILE "),"
			    " count(*) FILTER (WHERE db_datas IS NOT NULL),"
			    " count(*) FILTER (WHERE store_fname IS NOT NULL AND NOT " A_FILE
			    " AND store_fname NOT LIKE '%://%')"
			    " FROM public.ir_attachment",
			    note_counts, attachments, error) &&
	       session_rows(session, stores, note_store, attachments, error);
}

bool attachments_count(const struct attachments_source *source, struct attachments *attachments,
		       GError **error)
{
	struct attachments counted = {.elsewhere = g_ptr_array_new_with_free_func(store_free)};
	g_autoptr(Session) session =
		session_open_database(source->conninfo, source->database, source->run_id, error);
	bool cloud = false, done;

	done = session && has(session, "SELECT to_regclass('public.ir_attachment') IS NOT NULL",
			      &counted.is_odoo, error);
	if (done && counted.is_odoo)
		done = has(session,
			   "SELECT EXISTS (SELECT FROM information_schema.columns WHERE "
			   "table_schema = 'public' AND table_name = 'ir_attachment' AND "
			   "column_name = 'type')",
			   &cloud, error) &&
		       count(session, cloud, &counted, error);
	if (!done) {
		attachments_clear(&counted);
		return odr_context(error, "cannot count the attachments of database '%s'",
				   source->database);
	}
	*attachments = counted;
	return true;
}

json_t *attachments_json(const struct attachments *attachments)
{
	json_t *object = json_object(), *stores = json_object();

	json_set_int(object, "rows", (int64_t)attachments->rows);
	json_set_int(object, "files", (int64_t)attachments->files);
	json_set_int(object, "in_database", (int64_t)attachments->in_database);
	json_set_int(object, "strange", (int64_t)attachments->strange);
	for (guint i = 0; i < attachments->elsewhere->len; i++) {
		const struct attachments_store *store = attachments->elsewhere->pdata[i];
		g_autofree char *name = g_utf8_make_valid(store->name, -1);

		json_set_int(stores, name, (int64_t)store->rows);
	}
	json_set(object, "elsewhere", stores);
	return object;
}

char *attachments_elsewhere(const struct attachments *attachments)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < attachments->elsewhere->len; i++) {
		const struct attachments_store *store = attachments->elsewhere->pdata[i];
		g_autofree char *rows = count_format(store->rows, "attachment");

		g_string_append_printf(text, "%s%s in %s", text->len ? ", " : "", rows,
				       store->name);
	}
	if (attachments->strange > 0) {
		g_autofree char *rows = count_format(attachments->strange, "attachment");

		g_string_append_printf(text, "%s%s under names that are none of a filestore",
				       text->len ? ", " : "", rows);
	}
	return text->len ? g_strdup(text->str) : NULL;
}
