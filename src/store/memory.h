#ifndef ODR_STORE_MEMORY_H
#define ODR_STORE_MEMORY_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>

/*
 * What a store told of itself, kept in a file, so that the next process need not ask again: a word
 * by the name of each fact (versions: yes), with the time it was learnt. Only good for saving requests:
 * a fact is believed for a limited time, what concerns another bucket or cannot be read is not there,
 * and losing the file costs nothing. Facts and words are of letters, digits and '-'. For several
 * threads.
 */
typedef struct memory Memory;
/* about: of what the facts are; a file that is about something else is empty. age 0: nothing is
 * believed, but what is learnt is kept for others. */
struct memory_settings {
	const char *path, *about;
	usec_t age;
};
Memory *memory_open(const struct memory_settings *settings);
/* Writes what is new. */
void memory_close(Memory *memory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Memory, memory_close)

/* The word, or NULL; g_free. */
char *memory_recall(Memory *memory, const char *fact);
/* Nothing is written where it was noted not long ago: who asks with every segment would write as often. */
void memory_note(Memory *memory, const char *fact, const char *word);
/* Everything: it turned out otherwise. */
void memory_forget(Memory *memory);

#endif
