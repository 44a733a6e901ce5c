#ifndef ODR_BASE_SUGGEST_H
#define ODR_BASE_SUGGEST_H

#include <glib.h>

/* The name that was probably meant, by edit distance; NULL if none is near. names ends with NULL. */
const char *suggest_name(const char *typed, const char *const *names);
/* "; did you mean 'retain'?", or "" if none is near; g_free. */
char *suggest_phrase(const char *typed, const char *const *names);
/* "a, b and c" for messages; g_free. */
char *suggest_list(const char *const *names);

#endif
