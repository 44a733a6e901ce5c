/*
 * Feeds files to a fuzz target: those named as arguments, or the target's corpus,
 * $ODR_SRC/tests/fuzz/corpus/NAME for a program fuzz_NAME. Speaks TAP. A target that
 * finds a fault aborts, which leaves the plan unfulfilled.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input lies in a block of exactly its size, so that sanitizers see a read past its end. */
static bool replay_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *content = NULL;
	size_t size = 0;

	if (!g_file_get_contents(path, &content, &size, &error)) {
		printf("not ok - %s\n", error->message);
		return false;
	}

	g_autofree char *exact = g_memdup2(content, size);

	/* Shown only when the target does not come back. */
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, size);
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *corpus_files(const char *directory)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	GDir *dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(files, g_build_filename(directory, name, NULL));
	if (dir)
		g_dir_close(dir);
	g_ptr_array_sort(files, compare_names);
	return files;
}

static int replay_corpus(const char *program)
{
	const char *source = g_getenv("ODR_SRC");
	g_autofree char *base = g_path_get_basename(program);
	const char *name = g_str_has_prefix(base, "fuzz_") ? base + strlen("fuzz_") : base;
	g_autofree char *directory =
		g_build_filename(source ? source : ".", "tests/fuzz/corpus", name, NULL);
	g_autoptr(GPtrArray) files = corpus_files(directory);
	bool good = files->len > 0;

	printf("1..1\n");
	for (guint i = 0; i < files->len; i++)
		good = replay_file(files->pdata[i]) && good;
	printf("%s 1 - %s: %u inputs replayed\n", good ? "ok" : "not ok", name, files->len);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	bool good = true;

	if (argc < 2)
		return replay_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		good = replay_file(argv[i]) && good;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
