/*
 * Feeds files to a fuzz target: those named as arguments, or the target's corpus,
 * $ODR_SRC/tests/fuzz/corpus/NAME for a program fuzz_NAME. Speaks TAP. A target that
 * finds a fault aborts; the file it was given is then named.
 */
#include <glib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

static const char *current_file;

static void name_current_file(void)
{
	static const char text[] = "# the input was: ";

	if (!current_file || write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ||
	    write(STDERR_FILENO, current_file, strlen(current_file)) < 0 ||
	    write(STDERR_FILENO, "\n", 1) < 0)
		return;
}

static void on_abort(int signal_number)
{
	name_current_file();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* The input lies in a block of exactly its size, so that sanitizers see a read past its end. */
static bool replay_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *content = NULL;
	size_t size = 0;

	if (!g_file_get_contents(path, &content, &size, &error)) {
		fprintf(stderr, "# %s\n", error->message);
		return false;
	}

	g_autofree uint8_t *exact = g_memdup2(content, size);

	current_file = path;
	LLVMFuzzerTestOneInput(exact, size);
	current_file = NULL;
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *corpus_files(const char *program)
{
	const char *source = g_getenv("ODR_SRC");
	g_autofree char *base = g_path_get_basename(program);
	const char *name = g_str_has_prefix(base, "fuzz_") ? base + strlen("fuzz_") : base;
	g_autofree char *directory =
		g_build_filename(source ? source : ".", "tests/fuzz/corpus", name, NULL);
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *entry;

	while (dir && (entry = g_dir_read_name(dir)))
		g_ptr_array_add(files, g_build_filename(directory, entry, NULL));
	g_ptr_array_sort(files, compare_names);
	return files;
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) files = argc > 1 ? g_ptr_array_new() : corpus_files(argv[0]);
	bool good;

	for (int i = 1; i < argc; i++)
		g_ptr_array_add(files, argv[i]);

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(name_current_file);
	signal(SIGABRT, on_abort);
	signal(SIGSEGV, on_abort);

	printf("1..1\n");
	good = files->len > 0;
	for (guint i = 0; i < files->len; i++)
		good = replay_file(files->pdata[i]) && good;
	printf("%s 1 - %s: %u inputs replayed\n", good ? "ok" : "not ok", argv[0], files->len);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
