#ifndef ODR_BASE_TEXT_H
#define ODR_BASE_TEXT_H

/* The text with control characters (those of Unicode, and bytes that are not UTF-8) as \xNN or \u{N}; what is
 * printed can neither steer a terminal nor change the order in which it is read. g_free. */
char *text_escape(const char *text);

/* Of two char * const *, bytewise: for g_ptr_array_sort and qsort. */
int text_compare(const void *a, const void *b);

#endif
