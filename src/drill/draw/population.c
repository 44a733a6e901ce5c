#include "drill/draw/population.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

#define COLUMNS	  8
#define NAMES_MAX 200

static void piece_free(void *data)
{
	struct population_piece *piece = data;

	g_free(piece->repository);
	g_free(piece->set);
	g_free(piece->stratum);
	g_free(piece);
}

GPtrArray *population_new(void)
{
	return g_ptr_array_new_with_free_func(piece_free);
}

void population_add(GPtrArray *population, const struct population_piece *piece)
{
	struct population_piece *copy = g_memdup2(piece, sizeof(*piece));

	copy->repository = g_strdup(piece->repository);
	copy->set = g_strdup(piece->set);
	copy->stratum = g_strdup(piece->stratum);
	g_ptr_array_add(population, copy);
}

/* Cutting. */

static const struct {
	const char *name;
	usec_t least; /* age */
} ages[] = {
	{"0-1d", 0},
	{"1-7d", USEC_PER_DAY},
	{"7-30d", 7 * USEC_PER_DAY},
	{"older", 30 * USEC_PER_DAY},
};

struct cutting {
	const struct population_interval *interval;
	const struct population_cut *cut;
	GArray *times; /* usec_t: where pieces end and begin */
	GPtrArray *population;
};

static const struct population_knot *knot_at(const struct cutting *cutting, guint index)
{
	return &g_array_index(cutting->interval->knots, struct population_knot, index);
}

static const struct population_knot *last_knot(const struct cutting *cutting)
{
	return knot_at(cutting, cutting->interval->knots->len - 1);
}

/* part of whole, of a range; exact, and without overflow. */
static uint64_t share(uint64_t range, uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)range * part / whole) : 0;
}

static lsn_t lsn_at(const struct cutting *cutting, usec_t time)
{
	guint count = cutting->interval->knots->len;
	guint after = 1;

	while (after < count - 1 && knot_at(cutting, after)->time < time)
		after++;

	const struct population_knot *a = knot_at(cutting, after - 1);
	const struct population_knot *b = knot_at(cutting, after);

	if (time >= b->time)
		return b->lsn;
	return a->lsn +
	       share(b->lsn - a->lsn, (uint64_t)(time - a->time), (uint64_t)(b->time - a->time));
}

/* The first microsecond at which the line has reached a position within the interval. */
static usec_t time_at(const struct cutting *cutting, lsn_t lsn)
{
	guint count = cutting->interval->knots->len;
	guint after = 1;

	while (after < count - 1 && knot_at(cutting, after)->lsn < lsn)
		after++;

	const struct population_knot *a = knot_at(cutting, after - 1);
	const struct population_knot *b = knot_at(cutting, after);
	usec_t time = a->time +
		      (usec_t)share((uint64_t)(b->time - a->time), lsn - a->lsn, b->lsn - a->lsn);

	return time < b->time && lsn_at(cutting, time) < lsn ? time + 1 : time;
}

static void cut_at(struct cutting *cutting, usec_t time)
{
	if (time > knot_at(cutting, 0)->time && time < last_knot(cutting)->time)
		g_array_append_val(cutting->times, time);
}

static void cut_at_ages(struct cutting *cutting)
{
	for (size_t i = 1; i < G_N_ELEMENTS(ages); i++)
		cut_at(cutting, cutting->cut->now - ages[i].least + 1);
}

static lsn_t third_of(const struct cutting *cutting, unsigned number)
{
	lsn_t base = cutting->interval->base;

	return base + share(last_knot(cutting)->lsn - base, number, 3);
}

static void cut_at_thirds(struct cutting *cutting)
{
	for (unsigned number = 1; number < 3; number++) {
		lsn_t lsn = third_of(cutting, number);

		if (lsn > knot_at(cutting, 0)->lsn && lsn < last_knot(cutting)->lsn)
			cut_at(cutting, time_at(cutting, lsn));
	}
}

static unsigned quarter_of(const struct cutting *cutting, usec_t time)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(time / USEC_PER_SEC);
	g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, cutting->cut->zone);

	return (unsigned)g_date_time_get_hour(local) / 6;
}

/* Clocks change at whole minutes, quarters with them: every quarter of an hour is asked. */
static void cut_at_quarters(struct cutting *cutting)
{
	usec_t step = 15 * USEC_PER_MIN;
	usec_t time = knot_at(cutting, 0)->time / step * step + step;

	for (; time < last_knot(cutting)->time; time += step)
		if (quarter_of(cutting, time) != quarter_of(cutting, time - 1))
			cut_at(cutting, time);
}

static int compare_times(const void *a, const void *b)
{
	usec_t left = *(const usec_t *)a, right = *(const usec_t *)b;

	return (left > right) - (left < right);
}

static const char *age_of(const struct cutting *cutting, usec_t time)
{
	size_t i = G_N_ELEMENTS(ages) - 1;

	while (i > 0 && cutting->cut->now - time < ages[i].least)
		i--;
	return ages[i].name;
}

static void add_piece(const struct cutting *cutting, usec_t from, usec_t to)
{
	const struct population_interval *interval = cutting->interval;
	struct population_piece piece = {
		.repository = (char *)interval->repository,
		.set = (char *)interval->set,
		.timeline = interval->timeline,
		.from = from,
		.to = to,
		.from_lsn = lsn_at(cutting, from),
		.to_lsn = lsn_at(cutting, to),
	};
	unsigned third = 1 + (piece.from_lsn >= third_of(cutting, 1)) +
			 (piece.from_lsn >= third_of(cutting, 2));
	unsigned hour = quarter_of(cutting, from) * 6;
	g_autofree char *stratum =
		g_strdup_printf("%s:%s:tl%u:third%u:%02u-%02u", interval->repository,
				age_of(cutting, from), interval->timeline, third, hour, hour + 6);

	piece.stratum = stratum;
	population_add(cutting->population, &piece);
}

void population_add_interval(GPtrArray *population, const struct population_interval *interval,
			     const struct population_cut *cut)
{
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(usec_t));
	struct cutting cutting = {interval, cut, times, population};
	usec_t from;

	assert(interval->knots->len >= 2);
	from = knot_at(&cutting, 0)->time;
	cut_at_ages(&cutting);
	cut_at_thirds(&cutting);
	cut_at_quarters(&cutting);
	g_array_append_val(times, last_knot(&cutting)->time);
	g_array_sort(times, compare_times);
	for (guint i = 0; i < times->len; i++) {
		usec_t to = g_array_index(times, usec_t, i);

		if (to > from)
			add_piece(&cutting, from, to);
		from = MAX(from, to);
	}
}

/* Text. */

static char *piece_print(const struct population_piece *piece)
{
	char from[LSN_FORMAT_SIZE], to[LSN_FORMAT_SIZE];

	lsn_format(piece->from_lsn, from);
	lsn_format(piece->to_lsn, to);
	return g_strdup_printf("%s\t%s\t%u\t%" G_GINT64_FORMAT "\t%" G_GINT64_FORMAT
			       "\t%s\t%s\t%s\n",
			       piece->repository, piece->set, piece->timeline, piece->from,
			       piece->to, from, to, piece->stratum);
}

struct printed {
	char *line;
	struct population_piece *piece;
};

static int compare_printed(const void *a, const void *b)
{
	return strcmp(((const struct printed *)a)->line, ((const struct printed *)b)->line);
}

char *population_print(GPtrArray *population)
{
	g_autofree struct printed *lines = g_new(struct printed, population->len + 1);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < population->len; i++) {
		lines[i].piece = population->pdata[i];
		lines[i].line = piece_print(lines[i].piece);
	}
	qsort(lines, population->len, sizeof(*lines), compare_printed);
	for (guint i = 0; i < population->len; i++) {
		population->pdata[i] = lines[i].piece;
		g_string_append(text, lines[i].line);
		g_free(lines[i].line);
	}
	return g_string_free(text, FALSE);
}

/* What names and strata are made of. */
static bool is_word(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length > 0 && length <= NAMES_MAX;
}

static bool piece_parse(char **words, struct population_piece *piece)
{
	guint64 timeline;

	if (!is_word(words[0]) || !is_word(words[1]) || !is_word(words[7]) ||
	    !g_ascii_string_to_unsigned(words[2], 10, 1, G_MAXUINT32, &timeline, NULL) ||
	    !g_ascii_string_to_signed(words[3], 10, 0, G_MAXINT64, &piece->from, NULL) ||
	    !g_ascii_string_to_signed(words[4], 10, 0, G_MAXINT64, &piece->to, NULL) ||
	    !lsn_parse(words[5], &piece->from_lsn, NULL) ||
	    !lsn_parse(words[6], &piece->to_lsn, NULL) || piece->from >= piece->to ||
	    piece->from_lsn > piece->to_lsn)
		return false;
	piece->repository = words[0];
	piece->set = words[1];
	piece->timeline = (uint32_t)timeline;
	piece->stratum = words[7];
	return true;
}

/* A line is taken only as population_print writes it. */
static bool line_parse(const char *line, size_t size, GPtrArray *population)
{
	g_autofree char *copy = g_strndup(line, size);
	g_auto(GStrv) words = g_strsplit(copy, "\t", COLUMNS + 1);
	struct population_piece piece = {0};
	g_autofree char *again = NULL;

	if (g_strv_length(words) != COLUMNS || !piece_parse(words, &piece))
		return false;
	again = piece_print(&piece);
	if (strlen(again) != size + 1 || memcmp(again, line, size) != 0)
		return false;
	population_add(population, &piece);
	return true;
}

static bool is_after(const char *line, size_t size, const char *before, size_t before_size)
{
	int order = before ? memcmp(before, line, MIN(before_size, size)) : -1;

	return order < 0 || (order == 0 && before_size < size);
}

bool population_parse(const char *text, size_t size, GPtrArray **population, GError **error)
{
	g_autoptr(GPtrArray) found = population_new();
	const char *end = text + size;
	const char *newline, *before = NULL;
	size_t before_size = 0;

	for (const char *at = text; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline || found->len == POPULATION_PIECES_MAX ||
		    !is_after(at, (size_t)(newline - at), before, before_size) ||
		    !line_parse(at, (size_t)(newline - at), found))
			return odr_fail(error, ODR_ERROR_CORRUPT,
					"line %u of the population is damaged, or out of order",
					found->len + 1);
		before = at;
		before_size = (size_t)(newline - at);
	}
	*population = g_steal_pointer(&found);
	return true;
}
