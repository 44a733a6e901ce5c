#ifndef ODR_CLI_LINE_OUTPUT_H
#define ODR_CLI_LINE_OUTPUT_H

#include "base/clock.h"
#include "cli/line/arguments.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Results on stdout: aligned tables for people (never truncated), JSON documents through base/json.h.
 * Control characters of foreign text are escaped. */
typedef struct table_out TableOut;
TableOut *table_out_new(
	const char *const *headings); /* NULL-terminated; a leading '>' aligns right */
/* As many cells (const char *) as headings; NULL or "" is a dash. Copied. */
void table_out_row(TableOut *table, ...);
/* And frees; to NULL: only frees. */
void table_out_print(TableOut *table, FILE *to);

/* Words that tell a state are coloured where stdout is a terminal, unless --no-color, NO_COLOR (if not
 * empty) or TERM=dumb say no. output_begin decides; before it there are no colours. */
enum output_tint { TINT_OK, TINT_WARNING, TINT_CRITICAL };
void output_begin(const struct arguments *arguments);
bool output_wants_color(bool terminal, bool no_color, const char *no_color_variable,
			const char *term);
/* The text, coloured or not; g_free. */
char *output_tint(const char *text, enum output_tint tint);

/* A line on stdout: a name padded to width, and a text, which is escaped. */
void output_line(int width, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Prints a JSON document, with schema_version added, pretty on a terminal, one line otherwise. Takes
 * the reference. */
struct json_t;
void json_out(struct json_t *document);
/* One line of a long command's JSON stream: message_type first. Takes the reference. */
void json_line(const char *message_type, struct json_t *members);

/* Progress: one line on a terminal; nothing otherwise; "plain": a line per 10 % or 60 s; "json": status
 * lines. SIGUSR1 prints one in any mode. Under systemd the same text goes to STATUS=. One at a time, from
 * the main thread. */
enum progress_mode { PROGRESS_AUTO, PROGRESS_NONE, PROGRESS_PLAIN, PROGRESS_JSON };
bool progress_mode_parse(const char *text, enum progress_mode *mode);
/* As --progress says; else JSON with --json, nothing with --quiet, else automatic. */
bool progress_mode_chosen(const struct arguments *arguments, enum progress_mode *mode,
			  GError **error);
void progress_begin(enum progress_mode mode, const char *verb); /* "copying" */
/* Bytes; total 0: unknown; detail may be NULL. */
void progress_update(uint64_t done, uint64_t total, const char *detail);
void progress_end(void);

#endif
