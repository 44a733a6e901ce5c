/*
 * The file: a line "odrbackup store 1 <SHA-256 of what it is about, in hex>", then a line "<fact>
 * <word> <microseconds>" for each fact.
 */
#include "store/memory.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "crypto/digest.h"

#include <string.h>

#define MAGIC	 "odrbackup store 1 "
#define FILE_MAX ((size_t)4 << 10)

struct learnt {
	char *word;
	usec_t time;
};

struct memory {
	char *path, *head; /* the first line */
	usec_t age;
	struct mutex *mutex;	   /* guards what follows */
	GHashTable *facts, *fresh; /* name → struct learnt: all; those of this process */
	bool forgotten;		   /* what the file has */
};

static char *head_line(const char *about)
{
	uint8_t digest[SHA256_SIZE];

	sha256(about, strlen(about), digest);

	g_autofree char *hex = hex_encode(digest, sizeof(digest));

	return g_strconcat(MAGIC, hex, NULL);
}

static void learnt_free(void *data)
{
	struct learnt *learnt = data;

	g_free(learnt->word);
	g_free(learnt);
}

static GHashTable *facts_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, learnt_free);
}

static void set_fact(GHashTable *facts, const char *fact, const char *word, usec_t time)
{
	struct learnt *learnt = g_new(struct learnt, 1);

	*learnt = (struct learnt){g_strdup(word), time};
	g_hash_table_replace(facts, g_strdup(fact), learnt);
}

static void read_line(GHashTable *facts, const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);
	guint64 time;

	if (g_strv_length(words) == 3 &&
	    g_ascii_string_to_unsigned(words[2], 10, 0, G_MAXINT64, &time, NULL))
		set_fact(facts, words[0], words[1], (usec_t)time);
}

static void read_file(const Memory *memory, GHashTable *facts)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!file_read_text(memory->path, FILE_MAX, &text, NULL))
		return;
	lines = g_strsplit(text, "\n", 0);
	if (g_strcmp0(lines[0], memory->head) != 0)
		return;
	for (char **line = lines + 1; *line; line++)
		read_line(facts, *line);
}

Memory *memory_open(const struct memory_settings *settings)
{
	Memory *memory = g_new0(Memory, 1);

	memory->path = g_strdup(settings->path);
	memory->head = head_line(settings->about);
	memory->age = settings->age;
	memory->mutex = mutex_new();
	memory->facts = facts_new();
	memory->fresh = facts_new();
	read_file(memory, memory->facts);
	return memory;
}

static void print_facts(GHashTable *facts, GString *text)
{
	GHashTableIter iter;
	gpointer fact, value;

	g_hash_table_iter_init(&iter, facts);
	while (g_hash_table_iter_next(&iter, &fact, &value)) {
		const struct learnt *learnt = value;

		g_string_append_printf(text, "%s %s %" G_GINT64_FORMAT "\n", (const char *)fact,
				       learnt->word, learnt->time);
	}
}

/* What others learnt meanwhile stays, and of one fact the last line counts. */
static void write_file(const Memory *memory)
{
	g_autoptr(GString) text = g_string_new(memory->head);
	g_autoptr(GHashTable) others = facts_new();
	g_autoptr(GError) trouble = NULL;

	g_string_append_c(text, '\n');
	if (!memory->forgotten)
		read_file(memory, others);
	print_facts(others, text);
	print_facts(memory->fresh, text);
	if (!file_write(memory->path, text->str, text->len, &(struct file_write){.mode = 0600},
			&trouble))
		log_debug("what the store told is not kept: %s", trouble->message);
}

void memory_close(Memory *memory)
{
	if (!memory)
		return;
	if (memory->forgotten || g_hash_table_size(memory->fresh) > 0)
		write_file(memory);
	mutex_free(memory->mutex);
	g_hash_table_unref(memory->facts);
	g_hash_table_unref(memory->fresh);
	g_free(memory->path);
	g_free(memory->head);
	g_free(memory);
}

/* A clock that was set back makes nothing last longer. */
char *memory_recall(Memory *memory, const char *fact)
{
	usec_t now = clock_now();
	const struct learnt *learnt;
	char *word = NULL;

	mutex_lock(memory->mutex);
	learnt = g_hash_table_lookup(memory->facts, fact);
	if (learnt && learnt->time <= now && now - learnt->time < memory->age)
		word = g_strdup(learnt->word);
	mutex_unlock(memory->mutex);
	return word;
}

/* Well before it is too old to be believed. */
static bool is_fresh(const Memory *memory, const char *fact, const char *word, usec_t now)
{
	const struct learnt *learnt = g_hash_table_lookup(memory->facts, fact);

	return learnt && strcmp(learnt->word, word) == 0 && learnt->time <= now &&
	       now - learnt->time < memory->age / 2;
}

void memory_note(Memory *memory, const char *fact, const char *word)
{
	usec_t now = clock_now();

	mutex_lock(memory->mutex);
	if (!is_fresh(memory, fact, word, now)) {
		set_fact(memory->facts, fact, word, now);
		set_fact(memory->fresh, fact, word, now);
	}
	mutex_unlock(memory->mutex);
}

void memory_forget(Memory *memory)
{
	mutex_lock(memory->mutex);
	memory->forgotten = true;
	g_hash_table_remove_all(memory->facts);
	g_hash_table_remove_all(memory->fresh);
	mutex_unlock(memory->mutex);
}
