#include "store/memory.h"

#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *folder, *path;
};

static void set_up(struct fixture *fixture, const void *data)
{
	fixture->folder = g_dir_make_tmp("memory-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "store-main", NULL);
}

static void tear_down(struct fixture *fixture, const void *data)
{
	file_remove_tree(fixture->folder, NULL);
	g_free(fixture->folder);
	g_free(fixture->path);
}

static Memory *open_about(const struct fixture *fixture, const char *about, usec_t age)
{
	return memory_open(
		&(struct memory_settings){.path = fixture->path, .about = about, .age = age});
}

static void assert_recalls(const struct fixture *fixture, const char *about, usec_t age,
			   const char *word)
{
	g_autoptr(Memory) memory = open_about(fixture, about, age);
	g_autofree char *found = memory_recall(memory, "versions");

	g_assert_cmpstr(found, ==, word);
}

static void note(const struct fixture *fixture)
{
	g_autoptr(Memory) memory = open_about(fixture, "bucket a", 0);

	memory_note(memory, "locks", "hidden");
	memory_note(memory, "versions", "no");
	memory_note(memory, "versions", "yes");
}

static void test_next_process(struct fixture *fixture, const void *data)
{
	assert_recalls(fixture, "bucket a", USEC_PER_HOUR, NULL);
	note(fixture);
	assert_recalls(fixture, "bucket a", USEC_PER_HOUR, "yes");
	assert_recalls(fixture, "bucket b", USEC_PER_HOUR, NULL);
	assert_recalls(fixture, "bucket a", 0, NULL);
	assert_recalls(fixture, "bucket a", 1, NULL);
}

static ino_t note_again(const struct fixture *fixture, usec_t age, const char *word)
{
	Memory *memory = open_about(fixture, "bucket a", age);
	struct stat status;

	memory_note(memory, "versions", word);
	memory_close(memory);
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	return status.st_ino;
}

/* What is learnt again is not written again, unless it is new or grows old. */
static void test_writes_once(struct fixture *fixture, const void *data)
{
	ino_t first = note_again(fixture, USEC_PER_HOUR, "yes");
	int keep = open(fixture->path, O_RDONLY); /* so that its number is not given again */

	g_assert_true(note_again(fixture, USEC_PER_HOUR, "yes") == first);
	g_assert_true(note_again(fixture, 0, "yes") != first);
	close(keep);
	first = note_again(fixture, USEC_PER_HOUR, "yes");
	keep = open(fixture->path, O_RDONLY);
	g_assert_true(note_again(fixture, USEC_PER_HOUR, "no") != first);
	close(keep);
	assert_recalls(fixture, "bucket a", USEC_PER_HOUR, "no");
}

static void test_forgets(struct fixture *fixture, const void *data)
{
	Memory *memory;

	note(fixture);
	memory = open_about(fixture, "bucket a", USEC_PER_HOUR);
	memory_forget(memory);
	memory_close(memory);
	assert_recalls(fixture, "bucket a", USEC_PER_HOUR, NULL);
}

static void test_beside_another(struct fixture *fixture, const void *data)
{
	Memory *other = open_about(fixture, "bucket a", 0);

	note(fixture);
	memory_note(other, "format", "known");
	memory_close(other);
	assert_recalls(fixture, "bucket a", USEC_PER_HOUR, "yes");
}

/* What it was about stays in the first line; the rest is replaced. */
static void rewrite(const struct fixture *fixture, const char *rest)
{
	g_autofree char *text = NULL, *whole = NULL;

	g_assert_true(file_read_text(fixture->path, 4096, &text, NULL));
	*strchr(text, '\n') = '\0';
	whole = g_strconcat(text, "\n", rest, NULL);
	g_assert_true(
		file_write(fixture->path, whole, strlen(whole), &(struct file_write){0}, NULL));
}

static void test_damaged(struct fixture *fixture, const void *data)
{
	g_autofree char *later =
		g_strdup_printf("versions yes %" G_GINT64_FORMAT "\n", clock_now() + USEC_PER_HOUR);
	const char *const texts[] = {"",
				     "versions\n",
				     "versions yes\n",
				     "versions yes 12x\n",
				     "versions yes -1\n",
				     "versions yes 99999999999999999999\n",
				     "versions yes 1 1\n",
				     "versions yes 1\n",
				     later};

	note(fixture);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		rewrite(fixture, texts[i]);
		assert_recalls(fixture, "bucket a", USEC_PER_DAY, NULL);
	}
}

static void test_nowhere(struct fixture *fixture, const void *data)
{
	g_assert_true(file_remove_tree(fixture->folder, NULL));
	note(fixture);
	assert_recalls(fixture, "bucket a", USEC_PER_HOUR, NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*run)(struct fixture *fixture, const void *data);
	} tests[] = {
		{"/store/memory/serves-the-next-process-for-a-while", test_next_process},
		{"/store/memory/writes-what-is-new", test_writes_once},
		{"/store/memory/forgets", test_forgets},
		{"/store/memory/keeps-what-another-process-learnt", test_beside_another},
		{"/store/memory/does-not-believe-what-is-damaged", test_damaged},
		{"/store/memory/does-without-a-folder", test_nowhere},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].run, tear_down);
	return g_test_run();
}
