#include "repo/manifest_json.h"

#include "base/error.h"
#include "repo/manifest_member.h"

#define WHAT	     "the sealed part"
#define DAMAGED_MAX  1000000
#define VERSIONS_MAX 999999

/* Printing. */

char *manifest_sealed_print(const Manifest *manifest)
{
	g_autoptr(JsonValue) object = json_object();
	g_autofree char *system =
		g_strdup_printf("%" G_GUINT64_FORMAT, manifest->system_identifier);

	json_set_int(object, "started_us", manifest->started);
	json_set_int(object, "stopped_us", manifest->stopped);
	json_set_string(object, "host", manifest->host);
	json_set_string(object, "label", manifest->label);
	json_set_int(object, "pg_major", manifest->pg_major);
	json_set_int(object, "pg_version_num", manifest->pg_version_num);
	json_set_string(object, "system_identifier", system);
	json_set_bool(object, "checksums", manifest->checksums);
	json_set_string(object, "data_directory", manifest->data_directory);
	json_set_string(object, "backup_label", manifest->backup_label);
	json_set_string(object, "tablespace_map", manifest->tablespace_map);
	json_set(object, "databases",
		 manifest->databases ? json_incref(manifest->databases) : json_array());
	json_set(object, "server",
		 manifest->server ? json_incref(manifest->server) : json_object());
	json_set(object, "facts", manifest->facts ? json_incref(manifest->facts) : json_object());
	json_set(object, "damaged", damage_json(manifest->damaged));
	return json_print(object);
}

/* Parsing. */

static bool parse_server(json_t *object, Manifest *manifest, GError **error)
{
	const char *system;
	int64_t major = 0, version = 0;
	guint64 identifier;

	if (!member_int(object, WHAT, "pg_major", 0, VERSIONS_MAX, &major, error) ||
	    !member_int(object, WHAT, "pg_version_num", 0, VERSIONS_MAX, &version, error) ||
	    !json_string_member(object, WHAT, "system_identifier", &system, error) ||
	    !json_bool_member(object, WHAT, "checksums", &manifest->checksums, error))
		return false;
	if (!g_ascii_string_to_unsigned(system, 10, 0, G_MAXUINT64, &identifier, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"%s: \"system_identifier\" is not a number", WHAT);
	manifest->pg_major = major;
	manifest->pg_version_num = version;
	manifest->system_identifier = identifier;
	return true;
}

static bool parse_databases(json_t *object, Manifest *manifest, GError **error)
{
	static const char what[] = "a database";
	json_t *databases, *server, *database;
	int64_t oid;
	size_t i;

	if (!json_array_member(object, WHAT, "databases", &databases, error) ||
	    !json_object_member(object, WHAT, "server", &server, error))
		return false;
	json_array_foreach(databases, i, database)
	{
		g_autofree char *name = NULL;

		if (!json_is_object(database))
			return odr_fail(error, ODR_ERROR_CORRUPT, "%s is not an object", what);
		if (!member_int(database, what, "oid", 1, UINT32_MAX, &oid, error) ||
		    !member_text(database, what, "name", &name, error))
			return false;
		if (!name)
			return odr_fail(error, ODR_ERROR_CORRUPT, "%s has no name", what);
	}
	json_decref(manifest->databases);
	manifest->databases = json_incref(databases);
	json_decref(manifest->server);
	manifest->server = json_incref(server);
	return true;
}

/* What the parts say of themselves is judged by who understands it. */
static bool parse_facts(json_t *object, Manifest *manifest, GError **error)
{
	json_t *facts = json_object_get(object, "facts"), *one;
	const char *part;

	if (!facts || json_is_null(facts))
		return true;
	if (!json_object_member(object, WHAT, "facts", &facts, error))
		return false;
	json_object_foreach(facts, part, one)
	{
		if (!json_is_object(one))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"%s: the facts of a part are not an object", WHAT);
	}
	json_decref(manifest->facts);
	manifest->facts = json_incref(facts);
	return true;
}

static bool parse_damaged(json_t *object, Manifest *manifest, GError **error)
{
	static const char what[] = "a damaged file";
	json_t *damaged, *one;
	size_t i;

	if (!json_array_member(object, WHAT, "damaged", &damaged, error))
		return false;
	if (json_array_size(damaged) > DAMAGED_MAX)
		return odr_fail(error, ODR_ERROR_CORRUPT, "%s: too many damaged files", WHAT);
	json_array_foreach(damaged, i, one)
	{
		struct damage *damage = g_new0(struct damage, 1);

		g_ptr_array_add(manifest->damaged, damage);
		if (!json_is_object(one))
			return odr_fail(error, ODR_ERROR_CORRUPT, "%s is not an object", what);
		if (!member_text(one, what, "path", &damage->path, error) ||
		    !member_text(one, what, "what", &damage->what, error))
			return false;
		if (!damage->path || !damage->what)
			return odr_fail(error, ODR_ERROR_CORRUPT, "%s has no path", what);
	}
	return true;
}

bool manifest_sealed_parse(const char *text, size_t size, Manifest *manifest, GError **error)
{
	g_autoptr(JsonValue) object = NULL;

	if (!member_document(text, size, WHAT, &object, error) ||
	    !member_time(object, WHAT, "started_us", &manifest->started, error) ||
	    !member_time(object, WHAT, "stopped_us", &manifest->stopped, error) ||
	    !member_text(object, WHAT, "host", &manifest->host, error) ||
	    !member_text(object, WHAT, "label", &manifest->label, error) ||
	    !member_text(object, WHAT, "data_directory", &manifest->data_directory, error) ||
	    !member_text(object, WHAT, "backup_label", &manifest->backup_label, error) ||
	    !member_text(object, WHAT, "tablespace_map", &manifest->tablespace_map, error) ||
	    !parse_server(object, manifest, error) || !parse_databases(object, manifest, error) ||
	    !parse_facts(object, manifest, error) || !parse_damaged(object, manifest, error))
		return false;
	manifest->has_sealed = true;
	return true;
}
