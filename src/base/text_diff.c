#include "base/text_diff.h"

#include <stdbool.h>
#include <string.h>

#define CONTEXT		3
#define DIFFERENCES_MAX 2000 /* of what is looked for; memory grows with its square */

/* A text in lines; equal lines of both texts have the same number. */
struct lines {
	const char *text, *end;
	GArray *starts;	 /* size_t, and the end of the text */
	GArray *numbers; /* guint */
};

static void lines_clear(struct lines *lines)
{
	g_array_unref(lines->starts);
	g_array_unref(lines->numbers);
}

static guint number_of(GHashTable *known, const char *line, size_t size)
{
	GBytes *key = g_bytes_new(line, size);
	gpointer number = g_hash_table_lookup(known, key);

	if (!number) {
		number = GUINT_TO_POINTER(g_hash_table_size(known) + 1);
		g_hash_table_insert(known, g_bytes_ref(key), number);
	}
	g_bytes_unref(key);
	return GPOINTER_TO_UINT(number);
}

/* A last line without its newline is another line than one with it. */
static void lines_init(struct lines *lines, const char *text, size_t size, GHashTable *known)
{
	size_t at = 0;

	lines->text = text;
	lines->end = text + size;
	lines->starts = g_array_new(false, false, sizeof(size_t));
	lines->numbers = g_array_new(false, false, sizeof(guint));
	while (at < size) {
		const char *newline = memchr(text + at, '\n', size - at);
		size_t next = newline ? (size_t)(newline - text) + 1 : size;
		guint number = number_of(known, text + at, next - at);

		g_array_append_val(lines->starts, at);
		g_array_append_val(lines->numbers, number);
		at = next;
	}
	g_array_append_val(lines->starts, size);
}

static guint line_number(const struct lines *lines, guint i)
{
	return g_array_index(lines->numbers, guint, i);
}

/* ---- which lines stay ------------------------------------------------------------------------ */

/* Marks lines that only one of the texts has. */
struct marks {
	gboolean *removed, *added;
};

/* What lies between the equal beginnings and ends of both texts. */
struct window {
	const struct lines *before, *after;
	guint from, before_end, after_end;
};

static guint window_before(const struct window *window)
{
	return window->before_end - window->from;
}

static guint window_after(const struct window *window)
{
	return window->after_end - window->from;
}

static void mark_all(const struct window *window, struct marks *marks)
{
	for (guint i = window->from; i < window->before_end; i++)
		marks->removed[i] = true;
	for (guint i = window->from; i < window->after_end; i++)
		marks->added[i] = true;
}

/*
 * "An O(ND) Difference Algorithm and Its Variations", E. Myers, 1986: how far one comes on each diagonal with
 * d differences, for d = 0, 1, 2 …; then the way back. reached[d] has 2d + 1 diagonals.
 */
static int step(const int *last, int d, int k)
{
	bool down = k == -d || (k != d && last[k - 1] < last[k + 1]);

	return down ? last[k + 1] : last[k - 1] + 1;
}

static int slide(const struct window *window, int x, int k)
{
	int n = (int)window_before(window), m = (int)window_after(window), y = x - k;

	while (x < n && y < m &&
	       line_number(window->before, window->from + (guint)x) ==
		       line_number(window->after, window->from + (guint)y)) {
		x++;
		y++;
	}
	return x;
}

static void walk_back(const struct window *window, GPtrArray *reached, struct marks *marks)
{
	int x = (int)window_before(window), y = (int)window_after(window);

	for (int d = (int)reached->len - 1; d > 0; d--) {
		const int *last = (int *)reached->pdata[d - 1] + d; /* centred: diagonals -d … d */
		int k = x - y;
		bool down = k == -d || (k != d && last[k - 1] < last[k + 1]);
		int from_k = down ? k + 1 : k - 1;
		int from_x = last[from_k], from_y = from_x - from_k;

		if (down)
			marks->added[window->from + (guint)from_y] = true;
		else
			marks->removed[window->from + (guint)from_x] = true;
		x = from_x;
		y = from_y;
	}
}

/* With room for the diagonals beside it, which count as not reached. */
static int *new_row(int d)
{
	int *row = g_new(int, 2 * (gsize)d + 3);

	for (int i = 0; i < 2 * d + 3; i++)
		row[i] = -1;
	return row;
}

static void compare(const struct window *window, struct marks *marks)
{
	g_autoptr(GPtrArray) reached = g_ptr_array_new_with_free_func(g_free);
	int n = (int)window_before(window), m = (int)window_after(window);

	for (int d = 0; d <= DIFFERENCES_MAX; d++) {
		int *row = new_row(d), *centre = row + d + 1;
		const int *last = d > 0 ? (int *)reached->pdata[d - 1] + d : NULL;

		g_ptr_array_add(reached, row);
		for (int k = -d; k <= d; k += 2) {
			int x = d == 0 ? 0 : step(last, d, k);

			centre[k] = slide(window, x, k);
			if (k == n - m && centre[k] >= n) {
				walk_back(window, reached, marks);
				return;
			}
		}
	}
	mark_all(window, marks);
}

static void find_marks(const struct lines *before, const struct lines *after, struct marks *marks)
{
	struct window window = {before, after, 0, before->numbers->len, after->numbers->len};

	while (window.from < MIN(window.before_end, window.after_end) &&
	       line_number(before, window.from) == line_number(after, window.from))
		window.from++;
	while (MIN(window.before_end, window.after_end) > window.from &&
	       line_number(before, window.before_end - 1) ==
		       line_number(after, window.after_end - 1)) {
		window.before_end--;
		window.after_end--;
	}
	if (window_before(&window) > 0 && window_after(&window) > 0 &&
	    window_before(&window) < G_MAXINT / 4 && window_after(&window) < G_MAXINT / 4)
		compare(&window, marks);
	else
		mark_all(&window, marks);
}

/* ---- hunks ----------------------------------------------------------------------------------- */

static void write_line(GString *out, char sign, const struct lines *lines, guint i)
{
	size_t start = g_array_index(lines->starts, size_t, i);
	size_t end = g_array_index(lines->starts, size_t, i + 1);

	g_string_append_c(out, sign);
	g_string_append_len(out, lines->text + start, (gssize)(end - start));
	if (lines->text[end - 1] != '\n')
		g_string_append(out, "\n\\ No newline at end of file\n");
}

/* Both texts at the same place, lines before these being done. */
struct place {
	guint before, after;
};

static bool is_change(const struct marks *marks, const struct lines *before,
		      const struct lines *after, struct place place)
{
	return (place.before < before->numbers->len && marks->removed[place.before]) ||
	       (place.after < after->numbers->len && marks->added[place.after]);
}

/* Equal lines from here on, at most so many. */
static guint equal_lines(const struct marks *marks, const struct lines *before,
			 const struct lines *after, struct place place, guint most)
{
	guint count = 0;

	while (count < most && place.before < before->numbers->len &&
	       !is_change(marks, before, after, place)) {
		count++;
		place.before++;
		place.after++;
	}
	return count;
}

static void write_range(GString *out, guint start, guint count)
{
	/* An empty range names the line before it. */
	g_string_append_printf(out, "%u", start + (count > 0));
	if (count != 1)
		g_string_append_printf(out, ",%u", count);
}

/* From three lines before a change to three lines behind the last that is near. *place ends behind it. */
static void write_hunk(GString *out, const struct marks *marks, const struct lines *before,
		       const struct lines *after, struct place *place)
{
	guint context = MIN(MIN(place->before, place->after), CONTEXT);
	struct place start = {place->before - context, place->after - context}, at = start;
	g_autoptr(GString) body = g_string_new(NULL);

	for (guint i = 0; i < context; i++, at.before++, at.after++)
		write_line(body, ' ', before, at.before);
	for (;;) {
		while (at.before < before->numbers->len && marks->removed[at.before])
			write_line(body, '-', before, at.before++);
		while (at.after < after->numbers->len && marks->added[at.after])
			write_line(body, '+', after, at.after++);
		guint equal = equal_lines(marks, before, after, at, 2 * CONTEXT + 1);
		struct place next = {at.before + equal, at.after + equal};
		bool more = equal <= 2 * CONTEXT && is_change(marks, before, after, next);

		for (guint i = more ? equal : MIN(equal, CONTEXT); i > 0; i--) {
			write_line(body, ' ', before, at.before++);
			at.after++;
		}
		if (!more)
			break;
	}
	g_string_append(out, "@@ -");
	write_range(out, start.before, at.before - start.before);
	g_string_append(out, " +");
	write_range(out, start.after, at.after - start.after);
	g_string_append_printf(out, " @@\n%s", body->str);
	*place = at;
}

char *text_diff(const char *before, size_t before_size, const char *after, size_t after_size)
{
	g_autoptr(GHashTable) known = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
							    (GDestroyNotify)g_bytes_unref, NULL);
	GString *out = g_string_new(NULL);
	struct lines a, b;
	struct place at = {0};

	lines_init(&a, before, before_size, known);
	lines_init(&b, after, after_size, known);
	g_autofree gboolean *removed = g_new0(gboolean, a.numbers->len + 1);
	g_autofree gboolean *added = g_new0(gboolean, b.numbers->len + 1);
	struct marks marks = {removed, added};

	find_marks(&a, &b, &marks);
	while (at.before < a.numbers->len || at.after < b.numbers->len) {
		if (is_change(&marks, &a, &b, at)) {
			write_hunk(out, &marks, &a, &b, &at);
			continue;
		}
		at.before++;
		at.after++;
	}
	lines_clear(&a);
	lines_clear(&b);
	if (out->len > 0)
		return g_string_free(out, false);
	g_string_free(out, true);
	return NULL;
}
