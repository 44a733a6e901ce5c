#include "drill/plan/sql_file.h"

#include "base/error.h"
#include "pg/quote.h"

#include <string.h>

static const char *const kinds[] = {"plain", "assert", "baseline", "action", "fingerprint",
				    "list",  "metric", "info",	   "repair"};

const char *sql_kind_name(enum sql_kind kind)
{
	return kinds[kind];
}

static void need_free(void *data)
{
	struct sql_need *need = data;

	g_free(need->table);
	g_free(need->column);
	g_free(need);
}

void sql_file_free(SqlFile *file)
{
	if (!file)
		return;
	g_free(file->id);
	g_free(file->module);
	g_free(file->text);
	g_ptr_array_unref(file->needs);
	g_free(file);
}

/* ---- the header ---------------------------------------------------------------------------------- */

/* The word behind "name:"; NULL: there is none. */
static char *field(const char *line, const char *name)
{
	g_autofree char *mark = g_strconcat(name, ":", NULL);
	const char *at = strstr(line, mark);

	if (!at || (at > line && at[-1] != ' ' && at[-1] != '\t'))
		return NULL;
	at += strlen(mark);
	at += strspn(at, " \t");
	return g_strndup(at, strcspn(at, " \t"));
}

static bool is_word(const char *word)
{
	return *word && strlen(word) < 64 &&
	       strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
		       strlen(word);
}

static bool read_kind(SqlFile *file, const char *line, GError **error)
{
	g_autofree char *word = field(line, "kind");

	for (size_t i = SQL_ASSERT; word && i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(kinds[i], word) == 0) {
			file->kind = (enum sql_kind)i;
			return true;
		}
	}
	return odr_fail(error, ODR_ERROR_CORRUPT,
			"its kind is '%s'; there are assert, baseline, action, fingerprint, list, "
			"metric, info and repair",
			word ? word : "");
}

/* "14-18", "16"; "any" and nothing are any. */
static bool read_range(const char *text, unsigned *first, unsigned *last)
{
	const char *dash = strchr(text, '-');
	g_autofree char *low = dash ? g_strndup(text, (gsize)(dash - text)) : g_strdup(text);
	guint64 a, b;

	if (!g_ascii_string_to_unsigned(low, 10, 1, 999, &a, NULL) ||
	    !g_ascii_string_to_unsigned(dash ? dash + 1 : low, 10, 1, 999, &b, NULL) || a > b)
		return false;
	*first = (unsigned)a;
	*last = (unsigned)b;
	return true;
}

static bool read_identity(SqlFile *file, const char *line, GError **error)
{
	g_autofree char *module = field(line, "module"), *odoo = field(line, "odoo");

	file->id = field(line, "id");
	if (!file->id || !is_word(file->id))
		return odr_fail(error, ODR_ERROR_CORRUPT, "its id is no word of a-z, 0-9 and '_'");
	if (module && strcmp(module, "-") != 0) {
		if (!is_word(module))
			return odr_fail(error, ODR_ERROR_CORRUPT, "its module '%s' is no name",
					module);
		file->module = g_steal_pointer(&module);
	}
	if (odoo && strcmp(odoo, "any") != 0 && !read_range(odoo, &file->first, &file->last))
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"its versions of Odoo are '%s'; write them as 14-18 or 16", odoo);
	return read_kind(file, line, error);
}

static bool read_needs(SqlFile *file, const char *list, GError **error)
{
	g_auto(GStrv) items = g_strsplit(list, ",", -1);

	for (char **item = items; *item; item++) {
		g_auto(GStrv) parts = g_strsplit(g_strstrip(*item), ".", -1);
		guint count = g_strv_length(parts);
		struct sql_need *need;

		if (count < 1 || count > 2 || !is_word(parts[0]) ||
		    (count == 2 && !is_word(parts[1])))
			return odr_fail(
				error, ODR_ERROR_CORRUPT,
				"it needs '%s'; write table or table.column, with ',' between",
				*item);
		need = g_new0(struct sql_need, 1);
		need->table = g_strdup(parts[0]);
		need->column = g_strdup(parts[1]);
		g_ptr_array_add(file->needs, need);
	}
	return true;
}

static bool read_header(SqlFile *file, GError **error)
{
	g_auto(GStrv) lines = g_strsplit(file->text, "\n", 64);

	for (char **line = lines; *line && g_str_has_prefix(g_strstrip(*line), "--"); line++) {
		const char *text = *line + 2 + strspn(*line + 2, " \t");

		if (g_str_has_prefix(text, "id:") && !file->id && !read_identity(file, text, error))
			return false;
		if (g_str_has_prefix(text, "needs:") &&
		    !read_needs(file, text + strlen("needs:"), error))
			return false;
	}
	return true;
}

/* ---- its text ------------------------------------------------------------------------------------ */

/* The end of a quoted piece that begins at text; text itself: none begins here. */
static const char *skip_quoted(const char *text, char quote, bool backslashes)
{
	const char *at = text + 1;

	for (; *at; at++) {
		if (backslashes && *at == '\\' && at[1])
			at++;
		else if (*at == quote && at[1] == quote)
			at++;
		else if (*at == quote)
			return at + 1;
	}
	return at;
}

static bool is_name(char letter)
{
	return g_ascii_isalnum(letter) || letter == '_' || (letter & 0x80);
}

static const char *skip_dollar(const char *text, const char *start)
{
	const char *at = text + 1;

	if ((text > start && is_name(text[-1])) || g_ascii_isdigit(*at))
		return text;
	while (is_name(*at))
		at++;
	if (*at != '$')
		return text;

	g_autofree char *tag = g_strndup(text, (gsize)(at - text) + 1);
	const char *end = strstr(at + 1, tag);

	return end ? end + strlen(tag) : at + strlen(at);
}

/* Comments nest. */
static const char *skip_comment(const char *text)
{
	unsigned depth = 0;

	for (; *text; text++) {
		if (text[0] == '/' && text[1] == '*') {
			depth++;
			text++;
		} else if (text[0] == '*' && text[1] == '/') {
			text++;
			if (--depth == 0)
				return text + 1;
		}
	}
	return text;
}

/* Behind whatever is not SQL itself: strings, quoted names, comments. text itself: nothing of that begins here. */
static const char *skip(const char *text, const char *start)
{
	bool escapes = text > start && (text[-1] == 'E' || text[-1] == 'e') &&
		       (text - 1 == start || !is_name(text[-2]));

	if (*text == '\'')
		return skip_quoted(text, '\'', escapes);
	if (*text == '"')
		return skip_quoted(text, '"', false);
	if (*text == '$')
		return skip_dollar(text, start);
	if (text[0] == '-' && text[1] == '-')
		return text + strcspn(text, "\n");
	if (text[0] == '/' && text[1] == '*')
		return skip_comment(text);
	return text;
}

GPtrArray *sql_file_statements(const char *text)
{
	GPtrArray *statements = g_ptr_array_new_with_free_func(g_free);
	const char *begun = text, *at = text;
	bool something = false;

	while (true) {
		const char *behind = skip(at, text);

		if (behind != at) {
			something = something || *at == '\'' || *at == '"' || *at == '$';
			at = behind;
			continue;
		}
		if (*at && *at != ';') {
			something = something || !g_ascii_isspace(*at);
			at++;
			continue;
		}
		if (something)
			g_ptr_array_add(statements, g_strndup(begun, (gsize)(at - begun)));
		if (!*at)
			return statements;
		something = false;
		begun = ++at;
	}
}

/* The name in :'name' at text; NULL: it is none. */
static char *variable_at(const char *text, const char *start)
{
	const char *end;

	if (text[0] != ':' || text[1] != '\'' || (text > start && text[-1] == ':'))
		return NULL;
	for (end = text + 2; is_name(*end); end++)
		;
	return *end == '\'' && end > text + 2 ? g_strndup(text + 2, (gsize)(end - text) - 2) : NULL;
}

static bool expand(const char *name, const struct sql_variable *variables, GString *to,
		   GError **error)
{
	for (; variables->name; variables++) {
		if (strcmp(variables->name, name) != 0)
			continue;
		if (!variables->value)
			return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no :'%s' here", name);

		g_autofree char *literal = sql_literal(variables->value);

		/* The E of a literal may not become the end of a name. */
		g_string_append_printf(to, "%s%s", *literal == 'E' ? " " : "", literal);
		return true;
	}
	return odr_fail(error, ODR_ERROR_USAGE, "nothing is called :'%s'", name);
}

char *sql_file_expand(const char *text, const struct sql_variable *variables, GError **error)
{
	g_autoptr(GString) to = g_string_new(NULL);
	const char *at = text;

	while (*at) {
		g_autofree char *name = variable_at(at, text);
		const char *behind = name ? at + strlen(name) + 3 : skip(at, text);

		if (name && !expand(name, variables, to, error))
			return NULL;
		if (!name) {
			behind = behind == at ? at + 1 : behind;
			g_string_append_len(to, at, behind - at);
		}
		at = behind;
	}
	return g_string_free(g_steal_pointer(&to), false);
}

/* ---- a file -------------------------------------------------------------------------------------- */

/* The transaction is not the file's to end. */
static bool ends_transaction(const char *statement)
{
	static const char *const words[] = {"ABORT",   "BEGIN",	   "COMMIT",	"END",	 "PREPARE",
					    "RELEASE", "ROLLBACK", "SAVEPOINT", "START", NULL};
	const char *at = statement;

	while (*at && !g_ascii_isalpha(*at)) {
		const char *behind = skip(at, statement);

		at = behind == at ? at + 1 : behind;
	}

	g_autofree char *word = g_ascii_strup(at, (gssize)strspn(at, "abcdefghijklmnopqrstuvwxyz"
								     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));

	return g_strv_contains(words, word);
}

static bool check_statements(const SqlFile *file, GError **error)
{
	g_autoptr(GPtrArray) statements = sql_file_statements(file->text);

	if (statements->len == 0)
		return odr_fail(error, ODR_ERROR_CORRUPT, "it has no statement");
	for (guint i = 0; i < statements->len; i++)
		if (ends_transaction(statements->pdata[i]))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"it begins or ends a transaction, which is not its to do");
	if (statements->len > 1 && file->kind != SQL_REPAIR && file->kind != SQL_PLAIN)
		return odr_fail(error, ODR_ERROR_CORRUPT,
				"it has %u statements; a file of kind %s has one", statements->len,
				sql_kind_name(file->kind));
	return true;
}

bool sql_file_parse(const char *text, size_t size, SqlFile **file, GError **error)
{
	g_autoptr(SqlFile) parsed = g_new0(SqlFile, 1);

	parsed->needs = g_ptr_array_new_with_free_func(need_free);
	if (memchr(text, '\0', size) || !g_utf8_validate(text, (gssize)size, NULL))
		return odr_fail(error, ODR_ERROR_CORRUPT, "it is no UTF-8 text");
	parsed->text = g_strndup(text, size);
	if (!read_header(parsed, error) || !check_statements(parsed, error))
		return false;
	*file = g_steal_pointer(&parsed);
	return true;
}

bool sql_file_variant(const char *name, char **plain, unsigned *first, unsigned *last)
{
	g_autofree char *stem =
		g_str_has_suffix(name, ".sql") ? g_strndup(name, strlen(name) - 4) : NULL;
	char *mark = stem ? g_strrstr(stem, ".v") : NULL;

	if (!mark || mark == stem || !read_range(mark + 2, first, last))
		return false;
	*mark = '\0';
	*plain = g_strconcat(stem, ".sql", NULL);
	return true;
}
