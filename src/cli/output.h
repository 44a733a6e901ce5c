#ifndef ODR_CLI_OUTPUT_H
#define ODR_CLI_OUTPUT_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Results on stdout: aligned tables for people (cut to nothing when not a terminal: never truncated),
 * JSON documents through base/json.h. Control characters of foreign text are escaped. */
typedef struct table_out TableOut;
TableOut *table_out_new(const char *const *headings); /* NULL-terminated; a leading '>' aligns right */
void table_out_row(TableOut *table, ...) G_GNUC_NULL_TERMINATED; /* char * cells, as many as headings */
void table_out_print(TableOut *table, FILE *to); /* and frees */

/* Prints a JSON document with schema_version in front, pretty on a terminal, one line otherwise. Takes
 * the reference. */
struct json_t;
void json_out(struct json_t *document);
/* One line of a long command's JSON stream: message_type first. Takes the reference. */
void json_line(const char *message_type, struct json_t *members);

/* Progress: one line on a terminal; nothing otherwise; "plain": a line per 10 % or 60 s; "json": status
 * lines. SIGUSR1 prints one in any mode. */
enum progress_mode { PROGRESS_AUTO, PROGRESS_NONE, PROGRESS_PLAIN, PROGRESS_JSON };
bool progress_mode_parse(const char *text, enum progress_mode *mode);
void progress_begin(enum progress_mode mode, const char *verb); /* "copying" */
void progress_update(uint64_t done, uint64_t total, const char *detail); /* bytes; detail may be NULL */
void progress_end(void);

#endif
