#include "repo/layer_merge.h"

#include "base/error.h"
#include "base/file.h"

#include <string.h>

#define LAYERS 4

/* Layers in words: entries separated by blanks; a path that ends in '/' is a folder, one that begins with
 * '-' a tombstone, others are files. What is shown has the number of its layer before it. */
struct example {
	const char *promise;
	const char *layers[LAYERS]; /* oldest first */
	const char *shown, *with_tombstones;
	const char *seek; /* or NULL */
};

static const struct example examples[] = {
	{"one-layer", {"a b/ b/c"}, "0a 0b/ 0b/c", "0a 0b/ 0b/c"},
	{"the-newest-wins", {"a b c", "b", "a"}, "2a 1b 0c", "2a 1b 0c"},
	{"layers-stand-between-each-other",
	 {"a d", "b e", "c f"},
	 "0a 1b 2c 0d 1e 2f",
	 "0a 1b 2c 0d 1e 2f"},
	{"a-tombstone-takes-away", {"a b", "-a"}, "0b", "1-a 0b"},
	{"what-was-taken-away-may-come-back", {"a", "-a", "a"}, "2a", "2a"},
	{"nothing-is-left", {"a", "-a"}, "", "1-a"},
	{"a-tombstone-takes-away-what-is-below", {"a/ a/b a/b-c a/c b", "-a"}, "0b", "1-a 0b"},
	{"neighbours-of-what-is-below-stay", {"a/ a-b a/b a0", "-a"}, "0a-b 0a0", "1-a 0a-b 0a0"},
	{"what-is-newer-below-stays", {"a/ a/b", "-a", "a/ a/c"}, "2a/ 2a/c", "2a/ 2a/c"},
	{"a-file-in-place-of-a-folder", {"a/ a/b", "a"}, "1a", "1a"},
	{"a-folder-in-place-of-a-file", {"a", "a/ a/b"}, "1a/ 1a/b", "1a/ 1a/b"},
	{"a-folder-again-takes-nothing-away", {"a/ a/b", "a/"}, "1a/ 0a/b", "1a/ 0a/b"},
	{"two-that-take-away-at-once",
	 {"a/ a/x b/ b/x", "-a -b", "b/ b/y"},
	 "2b/ 2b/y",
	 "1-a 2b/ 2b/y"},
	{"tombstones-below-a-tombstone-stay", {"-a/b", "-a"}, "", "1-a 0-a/b"},
	{"tombstones-below-a-folder-that-came-back-stay",
	 {"-a/b", "-a", "a/ a/c"},
	 "2a/ 2a/c",
	 "2a/ 0-a/b 2a/c"},
	{"from-a-path-on", {"a c e", "b -c d"}, "1d 0e", "1-c 1d 0e", "c"},
	{"from-behind-everything", {"a", "b"}, "", "", "x"},
};

static struct layer_entry *make(const char *word)
{
	struct layer_entry *entry = g_new0(struct layer_entry, 1);
	size_t length = strlen(word);

	entry->kind = word[0] == '-'		? ENTRY_TOMBSTONE
		      : word[length - 1] == '/' ? ENTRY_DIRECTORY
						: ENTRY_FILE;
	entry->path = g_strndup(word + (word[0] == '-'),
				length - (word[0] == '-') - (word[length - 1] == '/'));
	return entry;
}

static LayerFile *write_layer(const char *folder, guint number, const char *words)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strdup_printf("layer-%u", number);
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autoptr(LayerFileWriter) writer = layer_file_create(path, &error);
	g_auto(GStrv) list = g_strsplit(words, " ", -1);

	for (char **word = list; *word; word++) {
		struct layer_entry *entry = make(*word);

		g_assert_true(layer_file_add(writer, entry, 0, &error));
		layer_entry_free(entry);
	}
	g_assert_true(layer_file_commit(writer, &error));
	LayerFile *file = layer_file_open(path, &error);

	g_assert_no_error(error);
	return file;
}

static char *show(const struct example *example, const GPtrArray *files, bool tombstones)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(LayerMerge) merge = layer_merge_new(
		&(struct layer_merge_settings){.files = files, .tombstones = tombstones});
	GString *text = g_string_new(NULL);

	if (example->seek)
		g_assert_true(layer_merge_seek(merge, example->seek, &error));
	for (struct merged_entry merged;;) {
		g_assert_true(layer_merge_next(merge, &merged, &error));
		const struct local_entry *local = &merged.local;

		if (!local->path)
			return g_string_free(text, false);
		g_string_append_printf(text, "%s%u%s%.*s%s", text->len ? " " : "", merged.layer,
				       local->kind == ENTRY_TOMBSTONE ? "-" : "",
				       (int)local->length, local->path,
				       local->kind == ENTRY_DIRECTORY ? "/" : "");
	}
}

static void file_release(void *file)
{
	layer_file_free(file);
}

static void test_example(const void *data)
{
	const struct example *example = data;
	g_autofree char *folder = g_dir_make_tmp("odr-merge-XXXXXX", NULL);
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_release);

	for (guint i = 0; i < LAYERS && example->layers[i]; i++)
		g_ptr_array_add(files, write_layer(folder, i, example->layers[i]));
	g_autofree char *shown = show(example, files, false);
	g_autofree char *all = show(example, files, true);

	g_assert_cmpstr(shown, ==, example->shown);
	g_assert_cmpstr(all, ==, example->with_tombstones);
	file_remove_tree(folder, NULL);
}

static void test_patch(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("odr-merge-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "layer", NULL);
	g_autoptr(LayerFileWriter) writer = layer_file_create(path, &error);
	struct layer_entry *entry = make("a");
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_release);
	struct merged_entry merged;

	entry->flags = ENTRY_PATCH;
	g_assert_true(layer_file_add(writer, entry, 0, &error));
	layer_entry_free(entry);
	g_assert_true(layer_file_commit(writer, &error));
	g_ptr_array_add(files, layer_file_open(path, &error));
	g_autoptr(LayerMerge) merge =
		layer_merge_new(&(struct layer_merge_settings){.files = files});

	g_assert_false(layer_merge_next(merge, &merged, &error));
	g_assert_error(error, ODR_ERROR, ODR_ERROR_REFUSED);
	file_remove_tree(folder, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autofree char *path = g_strdup_printf("/layer-merge/%s", examples[i].promise);

		g_test_add_data_func(path, &examples[i], test_example);
	}
	g_test_add_func("/layer-merge/refuses-patches", test_patch);
	return g_test_run();
}
