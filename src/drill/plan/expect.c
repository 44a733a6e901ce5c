/* expect= of a check: how what a query gives is judged. */
#include "base/error.h"
#include "base/suggest.h"
#include "drill/plan/plan.h"

#include <math.h>
#include <string.h>

static const struct expect_word {
	const char *name;
	enum plan_expect_kind kind;
	int operands; /* -1: one or more */
	bool numeric; /* these are numbers */
	bool compare; /* of type compare; else of type sql */
} words[] = {
	{"assert", PLAN_EXPECT_ASSERT, 0, false, false},
	{"baseline", PLAN_EXPECT_BASELINE, 0, false, false},
	{"anchor", PLAN_EXPECT_ANCHOR, -1, false, false},
	{"eq", PLAN_EXPECT_EQ, 1, false, false},
	{"ne", PLAN_EXPECT_NE, 1, false, false},
	{"lt", PLAN_EXPECT_LT, 1, true, false},
	{"le", PLAN_EXPECT_LE, 1, true, false},
	{"gt", PLAN_EXPECT_GT, 1, true, false},
	{"ge", PLAN_EXPECT_GE, 1, true, false},
	{"between", PLAN_EXPECT_BETWEEN, 2, true, false},
	{"in", PLAN_EXPECT_IN, -1, false, false},
	{"match", PLAN_EXPECT_MATCH, 1, false, false},
	{"empty", PLAN_EXPECT_EMPTY, 0, false, false},
	{"nonempty", PLAN_EXPECT_NONEMPTY, 0, false, false},
	{"rows", PLAN_EXPECT_ROWS, 2, false, false},
	{"hash", PLAN_EXPECT_HASH, 1, false, false},
	{"file", PLAN_EXPECT_FILE, 0, false, false},
	{"equal", PLAN_EXPECT_EQUAL, 0, false, true},
	{"delta", PLAN_EXPECT_DELTA, 1, true, true},
	{"ratio", PLAN_EXPECT_RATIO, 2, true, true},
};

void plan_expect_clear(struct plan_expect *expect)
{
	g_clear_pointer(&expect->values, g_strfreev);
}

static bool is_number(const char *text)
{
	char *end;
	double value = g_ascii_strtod(text, &end);

	return *text && !*end && isfinite(value) && strspn(text, "0123456789.+-eE") == strlen(text);
}

static const struct expect_word *find_word(const char *name, bool compare, GError **error)
{
	const char *known[G_N_ELEMENTS(words) + 1] = {NULL};
	size_t count = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		if (words[i].compare != compare)
			continue;
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
		known[count++] = words[i].name;
	}

	g_autofree char *list = suggest_list(known);
	g_autofree char *near = suggest_phrase(name, known);

	if (*near)
		odr_fail(error, ODR_ERROR_USAGE, "nothing can be expected by '%s'%s", name, near);
	else
		odr_fail(error, ODR_ERROR_USAGE, "nothing can be expected by '%s'; there are %s",
			 name, list);
	return NULL;
}

/* Of eq, ne, match and hash the operand is all that follows; of in they stand between ';'. */
static char **split_operands(const struct expect_word *word, const char *rest)
{
	g_autoptr(GPtrArray) operands = g_ptr_array_new();
	bool whole = word->operands == 1;
	g_auto(GStrv) parts =
		g_strsplit_set(rest, word->kind == PLAN_EXPECT_IN ? ";" : " \t", whole ? 1 : -1);

	for (char **part = parts; *part; part++)
		if (*g_strstrip(*part))
			g_ptr_array_add(operands, g_strdup(*part));
	g_ptr_array_add(operands, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&operands), false);
}

static bool parse_anchor(struct plan_expect *expect, GError **error)
{
	guint count = g_strv_length(expect->values);
	const char *first = count > 0 ? expect->values[0] : "";

	if (count == 0)
		expect->anchor = PLAN_ANCHOR_ANY;
	else if (count == 1 && strcmp(first, "exact") == 0)
		expect->anchor = PLAN_ANCHOR_EXACT;
	else if (count == 1 && strcmp(first, "bounded") == 0)
		expect->anchor = PLAN_ANCHOR_BOUNDED;
	else if (count == 2 && strcmp(first, "tolerance") == 0 && is_number(expect->values[1]) &&
		 expect->values[1][0] != '-')
		expect->anchor = PLAN_ANCHOR_TOLERANCE;
	else
		return odr_fail(error, ODR_ERROR_USAGE,
				"an anchor is expected as: anchor, anchor exact, anchor bounded or "
				"anchor tolerance X");
	return true;
}

static bool parse_rows(struct plan_expect *expect, GError **error)
{
	guint64 number;

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (words[i].kind >= PLAN_EXPECT_EQ && words[i].kind <= PLAN_EXPECT_GE &&
		    strcmp(words[i].name, expect->values[0]) == 0)
			expect->op = words[i].kind;
	if (!expect->op ||
	    !g_ascii_string_to_unsigned(expect->values[1], 10, 0, G_MAXUINT32, &number, NULL))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"rows are expected as: rows OP N, with one of eq, ne, lt, le, gt and ge");
	return true;
}

/* What nothing could be: a check that fails by itself says nothing of a backup. */
static bool can_hold(enum plan_expect_kind kind, char **values)
{
	if (kind == PLAN_EXPECT_DELTA)
		return values[0][0] != '-';
	return (kind != PLAN_EXPECT_BETWEEN && kind != PLAN_EXPECT_RATIO) ||
	       g_ascii_strtod(values[0], NULL) <= g_ascii_strtod(values[1], NULL);
}

static bool check_operands(const struct expect_word *word, struct plan_expect *expect,
			   GError **error)
{
	guint count = g_strv_length(expect->values);
	g_autoptr(GError) cause = NULL;

	if (word->kind == PLAN_EXPECT_ANCHOR)
		return parse_anchor(expect, error);
	if (word->operands < 0 ? count == 0 : count != (guint)word->operands)
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' takes %s", word->name,
				word->operands < 0    ? "one value or more, with ';' between"
				: word->operands == 0 ? "nothing behind it"
				: word->operands == 1 ? "one value"
						      : "two values");
	for (guint i = 0; word->numeric && i < count; i++)
		if (!is_number(expect->values[i]))
			return odr_fail(error, ODR_ERROR_USAGE, "'%s' takes numbers, not '%s'",
					word->name, expect->values[i]);
	if (!can_hold(word->kind, expect->values))
		return odr_fail(error, ODR_ERROR_USAGE,
				word->kind == PLAN_EXPECT_DELTA
					? "'%s' takes a number from 0 on"
					: "'%s' takes the lower number first",
				word->name);
	if (word->kind == PLAN_EXPECT_MATCH) {
		g_autoptr(GRegex) regex = g_regex_new(expect->values[0], 0, 0, &cause);

		if (!regex)
			return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no regular expression: %s",
					expect->values[0], cause->message);
	}
	if (word->kind == PLAN_EXPECT_HASH &&
	    (strlen(expect->values[0]) != 2 * (size_t)SHA256_SIZE ||
	     strspn(expect->values[0], "0123456789abcdef") != 2 * (size_t)SHA256_SIZE))
		return odr_fail(error, ODR_ERROR_USAGE,
				"a hash is 64 digits of lower-case hex, as sha256sum prints them");
	return word->kind != PLAN_EXPECT_ROWS || parse_rows(expect, error);
}

bool plan_expect_parse(const char *text, bool compare, struct plan_expect *expect, GError **error)
{
	size_t length = strcspn(text, " \t");
	g_autofree char *name = g_strndup(text, length);
	const struct expect_word *word = find_word(name, compare, error);
	struct plan_expect parsed = {0};

	if (!word)
		return false;
	parsed.kind = word->kind;
	parsed.values = split_operands(word, text + length);
	if (!check_operands(word, &parsed, error)) {
		plan_expect_clear(&parsed);
		return false;
	}
	plan_expect_clear(expect);
	*expect = parsed;
	return true;
}
