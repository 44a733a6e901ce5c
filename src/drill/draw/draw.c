#include "drill/draw/draw.h"

#include "base/bytes.h"
#include "base/error.h"

#include <assert.h>
#include <string.h>

static const char *const method_names[DRAW_METHODS] = {
	[DRAW_TIME] = "time",
	[DRAW_WAL] = "wal",
	[DRAW_WORST] = "worst",
	[DRAW_EDGE] = "edge",
};

const char *draw_method_name(enum draw_method method)
{
	return method_names[method];
}

bool draw_method_parse(const char *name, enum draw_method *method)
{
	for (enum draw_method i = 0; i < DRAW_METHODS; i++) {
		if (strcmp(name, method_names[i]) == 0) {
			*method = i;
			return true;
		}
	}
	return false;
}

/* Inputs. */

static void repository_free(void *data)
{
	struct draw_repository *repository = data;

	g_free(repository->name);
	g_free(repository);
}

static void stratum_free(void *data)
{
	struct draw_stratum *stratum = data;

	g_free(stratum->name);
	g_free(stratum);
}

static void edge_free(void *data)
{
	struct draw_edge *edge = data;

	g_free((char *)edge->kind);
	g_free((char *)edge->repository);
	g_free((char *)edge->set);
	g_free((char *)edge->name);
	g_free(edge);
}

static void set_free(void *data)
{
	struct draw_set *set = data;

	g_free((char *)set->repository);
	g_free((char *)set->set);
	g_free(set);
}

DrawInputs *draw_inputs_new(void)
{
	DrawInputs *inputs = g_new0(DrawInputs, 1);

	inputs->mix = g_array_new(FALSE, FALSE, sizeof(struct draw_weight));
	inputs->estimates = g_array_new(FALSE, FALSE, sizeof(usec_t));
	inputs->repositories = g_ptr_array_new_with_free_func(repository_free);
	inputs->strata = g_ptr_array_new_with_free_func(stratum_free);
	inputs->edges = g_ptr_array_new_with_free_func(edge_free);
	inputs->sets = g_ptr_array_new_with_free_func(set_free);
	return inputs;
}

void draw_inputs_free(DrawInputs *inputs)
{
	if (!inputs)
		return;
	g_array_unref(inputs->mix);
	g_array_unref(inputs->estimates);
	g_ptr_array_unref(inputs->repositories);
	g_ptr_array_unref(inputs->strata);
	g_ptr_array_unref(inputs->edges);
	g_ptr_array_unref(inputs->sets);
	g_free(inputs->slot);
	g_free(inputs->zone);
	g_free(inputs->nonce);
	g_free(inputs);
}

void draw_inputs_add_repository(DrawInputs *inputs, const char *name, uint64_t drilled)
{
	struct draw_repository repository = {g_strdup(name), drilled};

	g_ptr_array_add(inputs->repositories, g_memdup2(&repository, sizeof(repository)));
}

void draw_inputs_add_stratum(DrawInputs *inputs, const char *name, uint64_t slots)
{
	struct draw_stratum stratum = {g_strdup(name), slots};

	g_ptr_array_add(inputs->strata, g_memdup2(&stratum, sizeof(stratum)));
}

void draw_inputs_add_edge(DrawInputs *inputs, const struct draw_edge *edge)
{
	struct draw_edge *copy = g_memdup2(edge, sizeof(*edge));

	copy->kind = g_strdup(edge->kind);
	copy->repository = g_strdup(edge->repository);
	copy->set = g_strdup(edge->set);
	copy->name = g_strdup(edge->name);
	g_ptr_array_add(inputs->edges, copy);
}

void draw_inputs_add_set(DrawInputs *inputs, const struct draw_set *set)
{
	struct draw_set *copy = g_memdup2(set, sizeof(*set));

	copy->repository = g_strdup(set->repository);
	copy->set = g_strdup(set->set);
	g_ptr_array_add(inputs->sets, copy);
}

/* Words. */

void draw_seed(const DrawInputs *inputs, uint8_t seed[SHA256_SIZE])
{
	g_autofree char *text =
		g_strconcat("odrbackup-draw-v1\n", inputs->checkpoint, "\n", inputs->plan_hash,
			    "\n", inputs->slot, "\n", inputs->nonce, "\n", NULL);

	sha256(text, strlen(text), seed);
}

static uint64_t big_endian(const uint8_t bytes[8])
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return GUINT64_FROM_BE(value);
}

uint64_t draw_word(const uint8_t seed[SHA256_SIZE], uint64_t k)
{
	uint64_t number = GUINT64_TO_BE(k);
	uint8_t digest[SHA256_SIZE];

	hmac_sha256(seed, SHA256_SIZE, &number, sizeof(number), digest);
	return big_endian(digest);
}

uint64_t draw_below(struct draw_words *words, uint64_t m)
{
	assert(m > 0);
	/* 2^64 mod m: so many of the largest words would favour the small results. */
	uint64_t excess = (UINT64_MAX % m + 1) % m;
	uint64_t word;

	do
		word = draw_word(words->seed, words->next++);
	while (word > UINT64_MAX - excess);
	return word % m;
}

/* The draw. */

struct drawing {
	const DrawInputs *inputs;
	const GPtrArray *population;
	struct draw_words words;
	struct draw_point point;
};

static const struct population_piece *piece_of(const struct drawing *drawing, guint index)
{
	return drawing->population->pdata[index];
}

static bool choose_method(struct drawing *drawing, GError **error)
{
	const GArray *mix = drawing->inputs->mix;
	uint64_t sum = 0, drawn;

	for (guint i = 0; i < mix->len; i++)
		sum += g_array_index(mix, struct draw_weight, i).weight;
	if (sum == 0)
		return odr_fail(error, ODR_ERROR_USAGE, "the mix of the draw has no weight");
	drawn = draw_below(&drawing->words, sum);
	for (guint i = 0; i < mix->len; i++) {
		const struct draw_weight *weight = &g_array_index(mix, struct draw_weight, i);

		if (drawn < weight->weight) {
			drawing->point.method = weight->method;
			break;
		}
		drawn -= weight->weight;
	}
	drawing->point.effective = drawing->point.method;
	return true;
}

static uint64_t drilled_at(const struct drawing *drawing, const char *name)
{
	const GPtrArray *repositories = drawing->inputs->repositories;

	for (guint i = 0; i < repositories->len; i++) {
		const struct draw_repository *repository = repositories->pdata[i];

		if (strcmp(repository->name, name) == 0)
			return repository->drilled;
	}
	return 0;
}

/* Of those that have pieces. */
static void choose_repository(struct drawing *drawing)
{
	const char *chosen = NULL;

	for (guint i = 0; i < drawing->population->len; i++) {
		const char *name = piece_of(drawing, i)->repository;
		uint64_t at = drilled_at(drawing, name);

		if (!chosen || at < drilled_at(drawing, chosen) ||
		    (at == drilled_at(drawing, chosen) && strcmp(name, chosen) < 0))
			chosen = name;
	}
	drawing->point.repository = chosen;
}

static bool is_of_repository(const struct drawing *drawing, const struct population_piece *piece)
{
	return strcmp(piece->repository, drawing->point.repository) == 0;
}

static bool is_of_stratum(const struct drawing *drawing, const struct population_piece *piece)
{
	return is_of_repository(drawing, piece) &&
	       strcmp(piece->stratum, drawing->point.stratum) == 0;
}

static uint64_t weight_of_stratum(const struct drawing *drawing, const char *name)
{
	const GPtrArray *strata = drawing->inputs->strata;

	for (guint i = 0; i < strata->len; i++) {
		const struct draw_stratum *stratum = strata->pdata[i];

		if (strcmp(stratum->name, name) == 0)
			return 1 + stratum->slots;
	}
	return 1 + drawing->inputs->slots;
}

/* Strata of the repository, in the order of the population: char *, not owned. */
static GPtrArray *strata_at_hand(const struct drawing *drawing)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	GPtrArray *strata = g_ptr_array_new();

	for (guint i = 0; i < drawing->population->len; i++) {
		const struct population_piece *piece = piece_of(drawing, i);

		if (is_of_repository(drawing, piece) && g_hash_table_add(seen, piece->stratum))
			g_ptr_array_add(strata, piece->stratum);
	}
	return strata;
}

static void choose_stratum(struct drawing *drawing)
{
	g_autoptr(GPtrArray) strata = strata_at_hand(drawing);
	uint64_t sum = 0, drawn;

	for (guint i = 0; i < strata->len; i++)
		sum += weight_of_stratum(drawing, strata->pdata[i]);
	drawn = draw_below(&drawing->words, sum);
	for (guint i = 0; i < strata->len; i++) {
		uint64_t weight = weight_of_stratum(drawing, strata->pdata[i]);

		if (drawn < weight) {
			drawing->point.stratum = strata->pdata[i];
			return;
		}
		drawn -= weight;
	}
}

static uint64_t size_of(const struct population_piece *piece, enum draw_method method)
{
	return method == DRAW_WAL ? piece->to_lsn - piece->from_lsn
				  : (uint64_t)(piece->to - piece->from);
}

/* Offset within the piece, in time or in WAL; the other by a straight line. */
static void take_piece(struct drawing *drawing, const struct population_piece *piece,
		       uint64_t offset)
{
	struct draw_point *point = &drawing->point;
	uint64_t wal = piece->to_lsn - piece->from_lsn;
	uint64_t time = (uint64_t)(piece->to - piece->from);

	point->set = piece->set;
	point->timeline = piece->timeline;
	point->stratum = piece->stratum;
	if (point->effective == DRAW_WAL) {
		point->lsn = piece->from_lsn + offset;
		point->time = piece->from + (usec_t)((unsigned __int128)time * offset / wal);
	} else {
		point->time = piece->from + (usec_t)offset;
	}
}

/* Uniform over the pieces of the stratum. False: there is nothing in them. */
static bool draw_uniform(struct drawing *drawing)
{
	enum draw_method method = drawing->point.effective;
	uint64_t sum = 0, drawn;

	for (guint i = 0; i < drawing->population->len; i++)
		if (is_of_stratum(drawing, piece_of(drawing, i)))
			sum += size_of(piece_of(drawing, i), method);
	if (sum == 0)
		return false;
	drawn = draw_below(&drawing->words, sum);
	for (guint i = 0; i < drawing->population->len; i++) {
		const struct population_piece *piece = piece_of(drawing, i);

		if (!is_of_stratum(drawing, piece))
			continue;
		if (drawn < size_of(piece, method)) {
			take_piece(drawing, piece, drawn);
			break;
		}
		drawn -= size_of(piece, method);
	}
	return true;
}

static void draw_time(struct drawing *drawing)
{
	drawing->point.effective = DRAW_TIME;
	if (!drawing->point.stratum)
		choose_stratum(drawing);
	draw_uniform(drawing); /* no piece is empty */
}

static void draw_worst(struct drawing *drawing)
{
	const GArray *estimates = drawing->inputs->estimates;
	const struct population_piece *worst = NULL;
	usec_t largest = 0;

	for (guint i = 0; i < drawing->population->len && i < estimates->len; i++) {
		const struct population_piece *piece = piece_of(drawing, i);
		usec_t estimate = g_array_index(estimates, usec_t, i);

		if (!is_of_repository(drawing, piece))
			continue;
		if (!worst || estimate > largest ||
		    (estimate == largest && piece->to > worst->to)) {
			worst = piece;
			largest = estimate;
		}
	}
	if (worst)
		take_piece(drawing, worst, (uint64_t)(worst->to - worst->from) - 1);
	else
		draw_time(drawing);
}

static const char *stratum_at(const struct drawing *drawing, const struct draw_edge *edge)
{
	for (guint i = 0; i < drawing->population->len; i++) {
		const struct population_piece *piece = piece_of(drawing, i);

		if (is_of_repository(drawing, piece) && strcmp(piece->set, edge->set) == 0 &&
		    edge->time >= piece->from && edge->time < piece->to)
			return piece->stratum;
	}
	return NULL;
}

static void take_edge(struct drawing *drawing, const struct draw_edge *edge)
{
	struct draw_point *point = &drawing->point;

	point->set = edge->set;
	point->edge = edge->kind;
	point->name = edge->name;
	point->timeline = edge->timeline;
	point->time = edge->time;
	point->lsn = edge->lsn;
	point->stratum = stratum_at(drawing, edge);
}

static void draw_edge(struct drawing *drawing)
{
	const GPtrArray *edges = drawing->inputs->edges;
	g_autoptr(GPtrArray) own = g_ptr_array_new();

	for (guint i = 0; i < edges->len; i++) {
		struct draw_edge *edge = edges->pdata[i];

		if (strcmp(edge->repository, drawing->point.repository) == 0)
			g_ptr_array_add(own, edge);
	}
	if (own->len > 0)
		take_edge(drawing, own->pdata[draw_below(&drawing->words, own->len)]);
	else
		draw_time(drawing);
}

static void draw_wal(struct drawing *drawing)
{
	choose_stratum(drawing);
	if (!draw_uniform(drawing))
		draw_time(drawing);
}

bool draw_make(const DrawInputs *inputs, const GPtrArray *population, struct draw_point *point,
	       GError **error)
{
	static void (*const draw[DRAW_METHODS])(struct drawing *) = {
		[DRAW_TIME] = draw_time,
		[DRAW_WAL] = draw_wal,
		[DRAW_WORST] = draw_worst,
		[DRAW_EDGE] = draw_edge,
	};
	struct drawing drawing = {.inputs = inputs, .population = population};

	if (population->len == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"there is no moment to draw from: no complete set in the window "
				"leads anywhere");
	draw_seed(inputs, drawing.words.seed);
	if (!choose_method(&drawing, error))
		return false;
	choose_repository(&drawing);
	draw[drawing.point.method](&drawing);
	if (!draw_set_choose(inputs, &drawing.words, &drawing.point, error))
		return false;
	*point = drawing.point;
	return true;
}
