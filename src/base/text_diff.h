#ifndef ODR_BASE_TEXT_DIFF_H
#define ODR_BASE_TEXT_DIFF_H

#include <glib.h>
#include <stddef.h>

/* What changed between two texts, line by line, as `diff -u` writes it: hunks with three lines of context,
 * without the two lines that name the files. NULL: nothing did. g_free. Pure; where the texts have very little
 * in common, what differs is one hunk. */
char *text_diff(const char *before, size_t before_size, const char *after, size_t after_size);

#endif
