/* Docker Compose: its files, what they come to, and which images really run. */
#include "collect/collector.h"

#include "base/error.h"

#include <string.h>

static const char *const usual_files[] = {
	"/opt/*/docker-compose.yml", "/opt/*/docker-compose.yaml", "/opt/*/compose.yml",
	"/opt/*/compose.yaml",	     "/srv/*/docker-compose.yml",  "/srv/*/docker-compose.yaml",
	"/srv/*/compose.yml",	     "/srv/*/compose.yaml",	   NULL,
};

/* What lies beside a file and is read with it. */
static bool take_beside(struct collection *collection, const char *file, GError **error)
{
	static const char *const names[] = {".env", "*.env", "docker-compose*.y*ml",
					    "compose*.y*ml", "Dockerfile*"};
	g_autofree char *folder = g_path_get_dirname(file);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *pattern = g_build_filename(folder, names[i], NULL);
		const char *const patterns[] = {pattern, NULL};

		if (!collection_files(collection, patterns, COLLECTION_BUILT_IN, NULL, error))
			return false;
	}
	return true;
}

/* Lines of JSON objects, or one array of them, as versions of Compose have it. */
static bool parse_objects(const char *text, json_t **objects, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(JsonValue) array = NULL;

	if (g_str_has_prefix(text, "["))
		return json_parse(text, strlen(text), "what docker printed", objects, error);
	array = json_array();
	for (char **line = lines; *line; line++) {
		json_t *object = NULL;

		if (!*g_strstrip(*line))
			continue;
		if (!json_parse(*line, strlen(*line), "what docker printed", &object, error))
			return false;
		json_array_append_new(array, object);
	}
	*objects = json_incref(array);
	return true;
}

/* "repo@sha256:…": what a tag was at that time; NULL where it is not known. g_free. */
static char *digest_of(struct collection *collection, const char *image)
{
	const char *const argv[] = {
		"docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", image, NULL};
	g_autofree char *text = NULL;

	if (!image || image[0] == '-' ||
	    !tool_text(collection, &(struct tool){.argv = argv}, &text, NULL))
		return NULL;
	return g_strdup(g_strstrip(text));
}

static bool take_images(struct collection *collection, const char *file, GError **error)
{
	const char *const argv[] = {"docker", "compose",  "-f",	  file,
				    "images", "--format", "json", NULL};
	g_autofree char *path = g_strdup_printf("images%s.json", file);
	g_autoptr(JsonValue) images = NULL;
	g_autofree char *text = NULL;
	json_t *rows, *image;
	size_t i;

	if (!tool_text(collection, &(struct tool){.argv = argv}, &text, error) ||
	    !parse_objects(text, &images, error))
		return false;
	rows = json_object();
	json_array_foreach(images, i, image)
	{
		const char *name = json_string_value(json_object_get(image, "ContainerName"));
		const char *id = json_string_value(json_object_get(image, "ID"));
		g_autofree char *digest = digest_of(collection, id);
		json_t *row = table_row(rows, name ? name : "?");

		json_set_string(row, "repository",
				json_string_value(json_object_get(image, "Repository")));
		json_set_string(row, "tag", json_string_value(json_object_get(image, "Tag")));
		json_set_string(row, "id", id);
		json_set_string(row, "digest", digest);
	}
	return collection_table(
		collection,
		&(struct collection_item){path, file, "pull by digest: a tag is not an image"},
		rows, error);
}

static bool take_resolved(struct collection *collection, const char *file, GError **error)
{
	const char *const argv[] = {"docker", "compose", "-f", file, "config", NULL};
	g_autofree char *path = g_strdup_printf("resolved%s", file);
	g_autofree char *source = g_strdup_printf("docker compose -f %s config", file);

	return tool_item(
		collection, &(struct tool){.argv = argv},
		&(struct collection_item){path, source, "to compare: what the files come to"},
		error);
}

/* docker volume ls, docker network ls */
static bool take_things(struct collection *collection, const char *kind, GError **error)
{
	const char *const argv[] = {"docker", kind, "ls", "--format", "json", NULL};
	static const char *const facts[] = {"Driver", "Mountpoint", "Scope", "Labels"};
	g_autofree char *path = g_strdup_printf("%ss.json", kind);
	g_autofree char *source = g_strdup_printf("docker %s ls", kind);
	g_autoptr(JsonValue) things = NULL;
	g_autofree char *text = NULL;
	json_t *rows, *thing;
	size_t i;

	if (!tool_text(collection, &(struct tool){.argv = argv}, &text, error) ||
	    !parse_objects(text, &things, error))
		return false;
	rows = json_object();
	json_array_foreach(things, i, thing)
	{
		const char *name = json_string_value(json_object_get(thing, "Name"));
		json_t *row = table_row(rows, name ? name : "?");

		for (size_t k = 0; k < G_N_ELEMENTS(facts); k++)
			json_set_string(row, facts[k],
					json_string_value(json_object_get(thing, facts[k])));
	}
	return collection_table(collection, &(struct collection_item){path, source, NULL}, rows,
				error);
}

/* What docker says is worth having, and not worth failing for: the files are there. */
static bool ask_docker(struct collection *collection, const GPtrArray *files, GError **error)
{
	g_autoptr(GError) trouble = NULL;
	bool done = true;

	for (guint i = 0; done && i < files->len; i++)
		done = take_resolved(collection, files->pdata[i], &trouble) &&
		       take_images(collection, files->pdata[i], &trouble);
	if (done && take_things(collection, "volume", &trouble) &&
	    take_things(collection, "network", &trouble))
		return true;
	collection_drop(collection);
	if (collection->broken) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(collection, "docker does not tell what runs: %s", trouble->message);
	return true;
}

static bool find_files(struct collection *collection, GPtrArray *files, GError **error)
{
	const char *const *patterns = collection->settings->paths;

	for (patterns = patterns ? patterns : usual_files; *patterns; patterns++) {
		g_autoptr(GPtrArray) found = collection_match(collection, *patterns, NULL);

		if (found->len == 0 && collection->settings->paths)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no '%s'", *patterns);
		for (guint i = 0; i < found->len; i++)
			g_ptr_array_add(files, g_strdup(found->pdata[i]));
	}
	return true;
}

bool compose_collect(struct collection *collection, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

	if (!find_files(collection, files, error))
		return false;
	if (files->len == 0)
		return collection_absent(collection, "there are no files of Docker Compose");
	for (guint i = 0; i < files->len; i++)
		if (!collection_file(collection, files->pdata[i], NULL, error) ||
		    !take_beside(collection, files->pdata[i], error))
			return false;
	if (tool_exists("docker"))
		return ask_docker(collection, files, error);
	collection_note(collection, "there is no program 'docker': which images run is not known");
	return true;
}
