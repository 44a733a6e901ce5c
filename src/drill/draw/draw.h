#ifndef ODR_DRILL_DRAW_DRAW_H
#define ODR_DRILL_DRAW_DRAW_H

#include "base/json.h"
#include "crypto/digest.h"
#include "drill/draw/population.h"

/*
 * Which moment a drill goes to, so that the operator cannot choose it and an auditor can redo it. Pure.
 *   seed     = SHA-256("odrbackup-draw-v1\n" checkpoint "\n" plan-hash "\n" slot "\n" nonce "\n")
 *   word k   = first 8 bytes, big-endian, of HMAC-SHA-256(seed, k as 8 bytes big-endian), k = 0, 1, 2, …
 *   below(m) = the next word w with w < ⌊2^64/m⌋·m, then w mod m
 * In this order, in words:
 *   1 method: below(sum of the weights of the mix), in the order of the mix
 *   2 repository: the least recently drilled; ties by name, bytewise. Takes no word
 *   3 for time and wal, stratum: below(Σ 1 + slots since it was last drawn), in the order of the population
 *   4 point. time: below(µs of its pieces in this stratum) · wal: below(their WAL bytes) · worst: the last µs of the
 *     piece with the largest estimate, ties to the newest · edge: below(number of edges of the repository)
 *   5 where the plan has set=random, the set it starts from: below(number of the sets that lead to the point), in the order
 *     of the repository, oldest first: those of the system and timeline of the nearest set, in which the point was drawn,
 *     that lead to the same end as that one, and begin before the point
 * Where a method has nothing to draw from (no WAL in the stratum, no estimate, no edge) the point is drawn by time:
 * the effective method. draw.json keeps all inputs but the population; odrbackup-evidence(5) specifies it.
 */
enum draw_method { DRAW_TIME, DRAW_WAL, DRAW_WORST, DRAW_EDGE, DRAW_METHODS };
const char *draw_method_name(enum draw_method method);
bool draw_method_parse(const char *name, enum draw_method *method);

struct draw_weight {
	enum draw_method method;
	uint32_t weight;
};
struct draw_repository {
	char *name;
	uint64_t drilled; /* seq of the audit line of the last draw from it; 0: never */
};
struct draw_stratum {
	char *name;
	uint64_t slots; /* since it was last drawn; if never: all slots there were */
};
/* A point where mistakes hide, with the name of a restore point where that is the target. */
struct draw_edge {
	const char *
		kind; /* after-set, before-set, timeline-switch, segment-boundary, oldest, clock-change, anchor */
	const char *repository, *set;
	uint32_t timeline;
	usec_t time;
	lsn_t lsn;
	const char *name; /* NULL: none */
};
/* From where to where a set leads: by time with the plan's margin; the end is the newest commit that WAL leads to. */
struct draw_set {
	const char *repository, *set;
	uint64_t system_identifier;
	uint32_t timeline;
	struct population_knot from, end;
};
/* In its place where no checkpoint was stored before. */
#define DRAW_NO_CHECKPOINT "0000000000000000000000000000000000000000000000000000000000000000"

typedef struct draw_inputs DrawInputs;
struct draw_inputs {
	char checkpoint[2 * SHA256_SIZE +
			1]; /* digest of the checkpoint stored last before the slot began */
	char plan_hash[2 * SHA256_SIZE + 1];
	char *slot;	   /* 2026-W47 */
	char *zone;	   /* of its days: "UTC", "Europe/Vienna" */
	usec_t slot_began; /* as draw_slot_began has it */
	char *nonce;	   /* "": none */
	char population_sha256[2 * SHA256_SIZE + 1];
	uint64_t history_seq;	 /* of the last line of the audit chain that was looked at for what
				    was drawn before; 0: not known */
	GArray *mix;		 /* struct draw_weight, in the order of the plan */
	GPtrArray *repositories; /* struct draw_repository */
	GPtrArray *strata; /* struct draw_stratum; one that is not named was never drawn: slots */
	uint64_t slots;	   /* draws of the plan so far */
	GArray *estimates; /* usec_t per piece of the sorted population, of the RTA at its end; or empty */
	GPtrArray *edges; /* struct draw_edge */
	GPtrArray
		*sets; /* struct draw_set, of each repository oldest first; empty: none is drawn */
};
DrawInputs *draw_inputs_new(void); /* empty arrays */
void draw_inputs_free(DrawInputs *inputs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrawInputs, draw_inputs_free)
void draw_inputs_add_repository(DrawInputs *inputs, const char *name, uint64_t drilled);
void draw_inputs_add_stratum(DrawInputs *inputs, const char *name, uint64_t slots);
void draw_inputs_add_edge(DrawInputs *inputs, const struct draw_edge *edge); /* copies */
void draw_inputs_add_set(DrawInputs *inputs, const struct draw_set *set);    /* copies */

/* The bytes of draw.json, with the seed; g_free. Hostile text: CORRUPT, or REFUSED for a newer format. */
char *draw_inputs_print(const DrawInputs *inputs);
bool draw_inputs_parse(const char *text, size_t size, DrawInputs **inputs, GError **error);

/* Random words. */
struct draw_words {
	uint8_t seed[SHA256_SIZE];
	uint64_t next;
};
void draw_seed(const DrawInputs *inputs, uint8_t seed[SHA256_SIZE]);
uint64_t draw_word(const uint8_t seed[SHA256_SIZE], uint64_t k);
uint64_t draw_below(struct draw_words *words, uint64_t m); /* m > 0 */

/* Strings belong to population and inputs. */
struct draw_point {
	enum draw_method method, effective;
	const char *repository, *set,
		*stratum; /* stratum of the piece it lies in; NULL for an edge in none */
	const char *edge; /* kind; NULL: none */
	const char *name; /* restore point; NULL: none */
	const char *
		nearest; /* the set in which the point was drawn, where another one may be chosen; else NULL */
	unsigned among; /* so many sets; 0: none was drawn */
	uint32_t timeline;
	usec_t time; /* the target, where it is drawn by time; for wal the time of its piece's straight line */
	lsn_t lsn; /* the target where effective is wal; else 0, or that of the edge */
};
/* population sorted as population_print does. NOT_FOUND where it is empty; USAGE where the mix has no weight; CORRUPT where
 * sets are to be drawn, and that of the point is not among them. */
bool draw_make(const DrawInputs *inputs, const GPtrArray *population, struct draw_point *point,
	       GError **error);
/* The last step of it. */
bool draw_set_choose(const DrawInputs *inputs, struct draw_words *words, struct draw_point *point,
		     GError **error);

/* The point as a record has it in `draw`, and drill.drawn in its data; inputs_sha256: of draw.json. New reference. */
json_t *draw_record(const DrawInputs *inputs, const struct draw_point *point,
		    const char *inputs_sha256);

/* When a slot began: 2026-11-21, 2026-W47 (ISO 8601), 2026-11, 2026-Q4, in this zone. */
bool draw_slot_began(const char *slot, GTimeZone *zone, usec_t *began, GError **error);
/* In which slot of a kind (daily, weekly, monthly, quarterly) a time lies; g_free. NULL: there is no such kind. */
char *draw_slot_at(const char *kind, GTimeZone *zone, usec_t time);

#endif
