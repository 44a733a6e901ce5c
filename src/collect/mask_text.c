/* Secret values in lines of any configuration. */
#include "collect/mask.h"

#include <string.h>

/*
 * Lines that are indented deeper belong to a secret's name whose value did not end with its line. Below
 * "secrets:" the values of all names are secret, below "private_key: |" every line is.
 */
struct text {
	const struct mask *mask;
	GString *out;
	unsigned count;
	ssize_t nested, whole; /* indent of such a name; -1: none */
	bool of_secret; /* the document has a Secret of Kubernetes: whatever its data are called */
	bool continued; /* the line before ended with a backslash, within a secret value */
	/* "- name: DB_PASSWORD", for the "value:" beside it */
	bool named;
	size_t named_column;
};

/* One line on its way out. */
struct line {
	struct text *text;
	const char *start, *at, *end;
	const char *taken; /* up to here it is written */
	char quote;	   /* the one we are within, or 0 */
	size_t indent;
	bool first;  /* no word was met yet: a value goes to the end of the line */
	bool fills;  /* the first word within the quote: a value goes to its end */
	bool nested; /* every value is secret */
	bool paired; /* it has a name and a value */
	bool named;  /* a name on this very line said that "value" is secret */
};

static size_t column_of(const struct line *line, const char *at)
{
	return (size_t)(at - line->start);
}

static size_t blanks_at(const char *at, const char *end)
{
	size_t count = 0;

	while (at + count < end && (at[count] == ' ' || at[count] == '\t'))
		count++;
	return count;
}

static bool is_word_char(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.' || c == '$';
}

static bool equals(const char *at, const char *end, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(end - at) == length && g_ascii_strncasecmp(at, word, length) == 0;
}

/* [from, to) is replaced by its digest. */
static void replace(struct line *line, const char *from, const char *to, bool quoted)
{
	g_autofree char *masked = mask_value(line->text->mask, from, (size_t)(to - from));
	GString *out = line->text->out;

	g_string_append_len(out, line->taken, from - line->taken);
	g_string_append_printf(out, quoted ? "\"%s\"" : "%s", masked);
	line->taken = to;
	line->text->count++;
}

/* What is behind the last value that was replaced. */
static void write_rest(struct line *line)
{
	g_string_append_len(line->text->out, line->taken, line->end - line->taken);
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *closing_quote(const char *at, const char *end, char quote)
{
	for (; at < end; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		else if (*at == quote)
			return at;
	}
	return end;
}

static bool is_block_marker(const char *at, const char *end)
{
	if (*at != '|' && *at != '>')
		return false;
	for (at++; at < end; at++)
		if (!strchr("+-0123456789 \t", *at))
			return false;
	return true;
}

/* Behind the bracket that closes the one at `at`; the end of the line where none does. */
static const char *closing_bracket(const char *at, const char *end)
{
	unsigned depth = 0;

	for (; at < end; at++) {
		if (*at == '"' || *at == '\'')
			at = closing_quote(at + 1, end, *at);
		else if (*at == '{' || *at == '[')
			depth++;
		else if ((*at == '}' || *at == ']') && --depth == 0)
			return at + 1;
		if (at == end)
			break;
	}
	return end;
}

/* A value without quotes: to the end of the line behind its first word, else up to what ends a word. */
static const char *plain_end(const struct line *line, const char *at)
{
	const char *end = line->end;

	if (line->quote && line->fills)
		return closing_quote(at, end, line->quote);
	if (line->first && !line->quote) {
		while (end > at && strchr(" \t\r,;", end[-1]))
			end--;
		return end;
	}
	if (*at == '{' || *at == '[')
		return closing_bracket(at, end);
	while (at < end && !strchr(" \t\r,;&|)}]\"'`<>", *at))
		at++;
	return at;
}

/* "secrets:", "secrets: {", "key: |": the value stands in the lines below. */
static bool is_below(struct line *line, const char *at)
{
	struct text *text = line->text;
	bool opens = at < line->end && (*at == '{' || *at == '[') &&
		     at + 1 + blanks_at(at + 1, line->end) == line->end;

	if (at < line->end && is_block_marker(at, line->end))
		text->whole = (ssize_t)line->indent;
	else if (at < line->end && !opens)
		return false;
	else if (text->nested < 0)
		text->nested = (ssize_t)line->indent;
	line->at = line->end;
	return true;
}

/* The value of a secret's name begins at `at`. Leaves line->at behind it. */
static void mask_at(struct line *line, const char *name, const char *at, bool json)
{
	struct text *text = line->text;
	const char *end;
	bool quoted;

	if (is_below(line, at))
		return;
	quoted = (*at == '"' || *at == '\'') && *at != line->quote;
	at += quoted;
	line->at = at + mask_length(at, line->end);
	if (line->at > at)
		return;
	end = quoted ? closing_quote(at, line->end, at[-1]) : plain_end(line, at);
	line->at = end + (quoted && end < line->end);
	if (end == at || mask_is_plain_value(name, at, (size_t)(end - at)))
		return;
	replace(line, at, end, json && !quoted);
	if (!quoted && line->first) {
		text->continued = line->end[-1] == '\\';
		text->whole = (ssize_t)line->indent;
	}
}

/* ---- names ----------------------------------------------------------------------------------- */

/* "name: DB_PASSWORD" tells what the "value:" beside it is. */
static void note_name(struct line *line, const char *word, const char *value)
{
	struct text *text = line->text;
	const char *from = value + (value < line->end && strchr("\"'", *value) ? 1 : 0);
	const char *to = from;

	while (to < line->end && is_word_char(*to))
		to++;
	g_autofree char *name = g_strndup(from, (gsize)(to - from));

	text->named = line->named = mask_is_secret_name(text->mask, name);
	text->named_column = column_of(line, word);
}

static bool is_value_of_name(const struct line *line, const char *word, const char *end)
{
	return equals(word, end, "value") &&
	       (line->named ||
		(line->text->named && column_of(line, word) == line->text->named_column));
}

/* What separates a name from its value; NULL: it is no name. */
static const char *separator(const struct line *line, const char *at)
{
	at += blanks_at(at, line->end);
	if (at == line->end)
		return NULL;
	if (at[0] == ':' && at + 1 < line->end && at[1] == '=')
		return at + 2;
	if (at[0] == ':' && (at + 1 == line->end || (at[1] != ':' && strncmp(at, "://", 3) != 0)))
		return at + 1;
	if (at[0] == '=' && (at + 1 == line->end || at[1] != '='))
		return at + 1 + (at + 1 < line->end && at[1] == '>');
	return NULL;
}

/* Whether the value of this name is a secret. */
static bool is_secret(const struct line *line, const char *word, const char *end, const char *name)
{
	return line->nested || is_value_of_name(line, word, end) ||
	       mask_is_secret_name(line->text->mask, name) ||
	       (line->text->of_secret &&
		(equals(word, end, "data") || equals(word, end, "stringData")));
}

/* [word, end) is a name, quoted or not, and its value begins behind `after`. False: it is not. */
static bool take_pair(struct line *line, const char *word, const char *end, const char *after)
{
	const char *value = separator(line, after);
	bool json = after > end;
	g_autofree char *name = NULL;

	if (!value || end == word)
		return false;
	value += blanks_at(value, line->end);
	line->paired = true;
	if (json) {
		line->quote = 0;
		line->first = false;
	}
	name = g_strndup(word, (gsize)(end - word));
	if (equals(word, end, "name"))
		note_name(line, word, value);
	if (is_secret(line, word, end, name))
		mask_at(line, line->text->of_secret && line->nested ? "secret" : name, value, json);
	else
		line->at = MIN(value, line->end);
	line->first = false;
	return true;
}

/* Words that are followed by a secret without a separator. */
static bool is_directive(const struct line *line, const char *word, const char *end)
{
	static const char *const directives[] = {"requirepass", "masterauth",
						 "password",	"insecure-password",
						 "passwd",	"authorization"};
	g_autofree char *name = g_strndup(word, (gsize)(end - word));

	for (size_t i = 0; i < G_N_ELEMENTS(directives); i++)
		if (equals(word, end, directives[i]))
			return true;
	if (equals(word, end, "auth") && word - line->start >= 6 &&
	    strncmp(word - 6, "stats ", 6) == 0)
		return true;
	if (word - line->start < 2 || word[-1] != '-')
		return false;
	if (equals(word, end, "w")) /* odoo's short form of --db_password */
		return memmem(line->start, (size_t)(word - line->start), "odoo", 4) != NULL;
	return word[-2] == '-' && mask_is_secret_name(line->text->mask, name);
}

/* "password 'x'", "--db_password x", "<password>x</password>". */
static bool take_directive(struct line *line, const char *word, const char *end)
{
	g_autofree char *name = g_strndup(word, (gsize)(end - word));
	size_t blanks = blanks_at(end, line->end);

	if (blanks > 0 && end + blanks < line->end && is_directive(line, word, end)) {
		line->first = false;
		mask_at(line, name, end + blanks, false);
		return true;
	}
	if (end < line->end && *end == '>' && word > line->start && word[-1] == '<' &&
	    mask_is_secret_name(line->text->mask, name)) {
		const char *to = memchr(end, '<', (size_t)(line->end - end));

		to = to ? to : line->end;
		if (to > end + 1)
			replace(line, end + 1, to, false);
		line->at = to;
		return true;
	}
	return false;
}

static void take_word(struct line *line)
{
	const char *word = line->at, *end = word;

	while (end < line->end && is_word_char(*end))
		end++;
	line->fills = line->quote && word > line->start && word[-1] == line->quote;
	/* A name in quotes ends with them. */
	const char *after = end;

	if (line->fills && after < line->end && *after == line->quote)
		after++;
	if (take_pair(line, word, end, after) || take_directive(line, word, end))
		return;
	/* "export NAME=value" */
	if (!equals(word, end, "export") && !equals(word, end, "set") && !equals(word, end, "ENV"))
		line->first = false;
	line->at = end;
}

/* Redis: "user default on >password". */
static bool take_redis_password(struct line *line)
{
	const char *word = line->start + blanks_at(line->start, line->end);

	if (!strchr("><#", *line->at) || line->at == line->start || line->at[-1] != ' ' ||
	    line->end - word < 5 || g_ascii_strncasecmp(word, "user ", 5) != 0)
		return false;
	const char *from = line->at + 1, *to = from;

	while (to < line->end && *to != ' ')
		to++;
	if (to > from && !mask_length(from, line->end))
		replace(line, from, to, false);
	line->at = to;
	return true;
}

static void take_names(struct line *line)
{
	while (line->at < line->end) {
		char c = *line->at;
		size_t masked = mask_length(line->at, line->end);

		if (masked) {
			line->at += masked;
			continue;
		}
		if (is_word_char(c) && c != '-' && c != '.') {
			take_word(line);
			continue;
		}
		if (take_redis_password(line))
			continue;
		if (c == line->quote)
			line->quote = 0;
		else if (!line->quote && (c == '"' || c == '\''))
			line->quote = c;
		line->at++;
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The line, or an item of a list, as one value. Brackets alone are none. */
static void mask_rest(struct line *line, const char *content)
{
	content = MAX(content, line->taken);
	while (content < line->end && strchr("- \t", *content))
		content++;
	if (content + strspn(content, "{}[]() \t\r,;") >= line->end)
		return;
	line->first = true;
	line->quote = 0;
	mask_at(line, "secret", content, false);
}

/* Whether the line belongs to a name above it; what it is not indented for is over. */
static bool is_deeper(const struct line *line, ssize_t *above, bool items)
{
	bool item = items && line->start[line->indent] == '-' && *above == (ssize_t)line->indent;

	if (*above < 0)
		return false;
	if ((ssize_t)line->indent > *above || item)
		return true;
	*above = -1;
	return false;
}

static void take_line(struct text *text, const char *start, const char *end)
{
	struct line line = {text, start, start, end, start, .first = true};
	const char *content = start + blanks_at(start, end);
	bool continued = text->continued;

	line.indent = (size_t)(content - start);
	text->continued = false;
	if (content < end && (is_deeper(&line, &text->whole, false) || continued)) {
		text->continued = continued && end[-1] == '\\';
		replace(&line, content, end, false);
	} else if (content < end) {
		line.nested = is_deeper(&line, &text->nested, true);
		take_names(&line);
		if (line.nested && !line.paired)
			mask_rest(&line, content);
	}
	write_rest(&line);
}

/* ---- private keys ---------------------------------------------------------------------------- */

/* "-----BEGIN RSA PRIVATE KEY-----" at or behind `at`: where its body begins, or NULL. */
static const char *find_key_body(const char *at)
{
	for (; (at = strstr(at, "-----BEGIN ")) != NULL; at++) {
		const char *mark = strstr(at, "PRIVATE KEY");
		const char *close = mark ? strstr(mark, "-----") : NULL;

		if (close && close - at < 60)
			return close + strlen("-----");
	}
	return NULL;
}

static char *mask_private_keys(const struct mask *mask, const char *text, unsigned *count)
{
	GString *out = g_string_new(NULL);
	const char *body;

	while ((body = find_key_body(text)) != NULL) {
		const char *end = strstr(body, "-----END ");

		end = end ? end : body + strlen(body);
		/* The blanks around the body stay, so that lines remain lines. */
		const char *from = body + strspn(body, "\r\n \t"), *to = end;

		while (to > from && strchr("\r\n \t", to[-1]))
			to--;
		g_string_append_len(out, text, from - text);
		if (to > from && !g_str_has_prefix(from, "<masked ")) {
			g_autofree char *masked = mask_value(mask, from, (size_t)(to - from));

			g_string_append(out, masked);
			++*count;
		} else {
			g_string_append_len(out, from, to - from);
		}
		text = to;
	}
	g_string_append(out, text);
	return g_string_free(out, false);
}

char *mask_text(const struct mask *mask, const char *bytes, size_t size, unsigned *count)
{
	g_autofree char *copy = g_strndup(bytes, size);
	unsigned keys = 0, found = 0;
	g_autofree char *keyless = mask_private_keys(mask, copy, &keys);
	struct text text = {.mask = mask,
			    .out = g_string_sized_new(strlen(keyless)),
			    .nested = -1,
			    .whole = -1};

	for (const char *at = keyless; *at;) {
		const char *end = strchrnul(at, '\n');

		if (at == keyless || mask_document_begins(at, end))
			text.of_secret = mask_document_has_secret(at);
		take_line(&text, at, end);
		if (*end)
			g_string_append_c(text.out, '\n');
		at = end + (*end != '\0');
	}
	g_autofree char *lines = g_string_free(text.out, false);
	char *formless = mask_forms(mask, lines, strlen(lines), &found);

	if (count)
		*count = keys + text.count + found;
	return formless ? formless : g_steal_pointer(&lines);
}
