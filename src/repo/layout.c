#include "repo/layout.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <assert.h>
#include <string.h>

#define DATE_LENGTH	  8  /* 20261121 */
#define TIME_LENGTH	  16 /* 20261121T230501Z */
#define GENERATION_LENGTH 25 /* 20261231-<16 hex> */
#define DIGEST_LENGTH	  (2 * XXH128_SIZE)

/* The parser of times is asked back, so that one moment has one spelling. */
static bool parse_time(const char *text, usec_t *time)
{
	g_autofree char *copy = g_strndup(text, TIME_LENGTH);
	usec_t parsed;

	if (!clock_parse_compact(copy, &parsed))
		return false;

	g_autofree char *again = clock_format_compact(parsed);

	if (strcmp(copy, again) != 0)
		return false;
	*time = parsed;
	return true;
}

static bool parse_date(const char *text, usec_t *time)
{
	g_autofree char *midnight = g_strdup_printf("%.*sT000000Z", DATE_LENGTH, text);

	return strlen(midnight) == TIME_LENGTH && parse_time(midnight, time);
}

char *set_id_new(usec_t now)
{
	uint8_t drawn[4];

	random_bytes(drawn, sizeof(drawn));

	g_autofree char *time = clock_format_compact(now);
	g_autofree char *hex = hex_encode(drawn, sizeof(drawn));

	return g_strdup_printf("%s-%s", time, hex);
}

bool set_id_valid(const char *id)
{
	uint8_t drawn[4];
	usec_t time;

	return strlen(id) == SET_ID_LENGTH && parse_time(id, &time) && id[TIME_LENGTH] == '-' &&
	       hex_decode(id + TIME_LENGTH + 1, drawn, sizeof(drawn));
}

usec_t set_id_time(const char *id)
{
	usec_t time = 0;
	bool valid = parse_time(id, &time);

	assert(valid);
	(void)valid;
	return time;
}

char *generation_id_new(usec_t lock_until)
{
	uint8_t drawn[8];

	random_bytes(drawn, sizeof(drawn));

	g_autofree char *time = clock_format_compact(lock_until);
	g_autofree char *hex = hex_encode(drawn, sizeof(drawn));

	return g_strdup_printf("%.*s-%s", DATE_LENGTH, time, hex);
}

bool generation_id_valid(const char *id)
{
	uint8_t drawn[8];
	usec_t date;

	return strlen(id) == GENERATION_LENGTH && parse_date(id, &date) && id[DATE_LENGTH] == '-' &&
	       hex_decode(id + DATE_LENGTH + 1, drawn, sizeof(drawn));
}

usec_t generation_lock_date(const char *id)
{
	usec_t date = 0;
	bool valid = parse_date(id, &date);

	assert(valid);
	(void)valid;
	return date + USEC_PER_DAY;
}

char *layout_set(const char *set_id)
{
	return g_strdup_printf("set/%s", set_id);
}

char *layout_moment(const char *part, const char *name)
{
	return g_strdup_printf("moment/%s/%s", part, name);
}

char *layout_hold(const char *set_id, const char *name)
{
	return g_strdup_printf("hold/%s/%s", set_id, name);
}

bool layout_parse_hold(const char *local, char **set_id, char **name)
{
	g_auto(GStrv) words = g_strsplit(local, "/", 4);

	if (g_strv_length(words) != 3 || strcmp(words[0], "hold") != 0 || !set_id_valid(words[1]) ||
	    !set_id_valid(words[2]))
		return false;
	*set_id = g_strdup(words[1]);
	*name = g_strdup(words[2]);
	return true;
}

/* Names of moments are made as set ids are. */
bool layout_parse_moment(const char *local, char **part, char **name)
{
	g_auto(GStrv) words = g_strsplit(local, "/", 4);

	if (g_strv_length(words) != 3 || strcmp(words[0], "moment") != 0 || !words[1][0] ||
	    !set_id_valid(words[2]))
		return false;
	*part = g_strdup(words[1]);
	*name = g_strdup(words[2]);
	return true;
}

char *layout_pack(const char *generation, const uint8_t sha256[SHA256_SIZE])
{
	g_autofree char *hex = hex_encode(sha256, SHA256_SIZE);

	return g_strdup_printf("pack/%s/%.2s/%s", generation, hex, hex);
}

char *layout_table(const uint8_t sha256[SHA256_SIZE])
{
	g_autofree char *hex = hex_encode(sha256, SHA256_SIZE);

	return g_strdup_printf("table/%s", hex);
}

char *layout_wal_prefix(const char *file)
{
	uint32_t timeline = 0;
	enum wal_file_kind kind = wal_file_kind(file, &timeline);

	assert(kind != WAL_FILE_UNKNOWN);
	(void)kind;
	return g_strdup_printf("wal/%08X/%s-", timeline, file);
}

char *layout_wal(const char *file, const uint8_t digest[XXH128_SIZE])
{
	g_autofree char *prefix = layout_wal_prefix(file);
	g_autofree char *hex = hex_encode(digest, XXH128_SIZE);

	return g_strconcat(prefix, hex, NULL);
}

char *mark_id_of(usec_t made, const uint8_t digest[MARK_DIGEST_SIZE])
{
	g_autofree char *time = clock_format_compact(made);
	g_autofree char *hex = hex_encode(digest, MARK_DIGEST_SIZE);

	return g_strdup_printf("%s-%s", time, hex);
}

static bool parse_mark_id(const char *id, uint8_t digest[MARK_DIGEST_SIZE])
{
	usec_t time;

	return strlen(id) == TIME_LENGTH + 1 + 2 * MARK_DIGEST_SIZE && parse_time(id, &time) &&
	       id[TIME_LENGTH] == '-' && hex_decode(id + TIME_LENGTH + 1, digest, MARK_DIGEST_SIZE);
}

bool mark_id_valid(const char *id)
{
	uint8_t digest[MARK_DIGEST_SIZE];

	return parse_mark_id(id, digest);
}

char *layout_mark(const char *mark_id)
{
	return g_strdup_printf("mark/%s", mark_id);
}

bool layout_parse_mark(const char *local, char **mark_id, uint8_t digest[MARK_DIGEST_SIZE])
{
	const char *id = local + strlen("mark/");

	if (!g_str_has_prefix(local, "mark/") || !parse_mark_id(id, digest))
		return false;
	*mark_id = g_strdup(id);
	return true;
}

char *layout_anchor(const char *mark_id)
{
	return g_strdup_printf("anchor/%s", mark_id);
}

bool layout_parse_anchor(const char *local, char **mark_id)
{
	const char *id = local + strlen("anchor/");

	if (!g_str_has_prefix(local, "anchor/") || !mark_id_valid(id))
		return false;
	*mark_id = g_strdup(id);
	return true;
}

char *layout_evidence(const char *run, const char *name)
{
	return g_strdup_printf("evidence/%s/%s", run, name);
}

char *layout_checkpoint(const char *id, const char *suffix)
{
	return g_strdup_printf("audit/%s%s", id, suffix);
}

bool layout_parse_checkpoint(const char *local, char **id)
{
	const char *name = local + strlen("audit/");
	g_autofree char *found = NULL;

	if (!g_str_has_prefix(local, "audit/") || !g_str_has_suffix(name, ".json"))
		return false;
	found = g_strndup(name, strlen(name) - strlen(".json"));
	if (!set_id_valid(found))
		return false;
	*id = g_steal_pointer(&found);
	return true;
}

bool layout_parse_set(const char *local, char **set_id)
{
	if (!g_str_has_prefix(local, "set/") || !set_id_valid(local + strlen("set/")))
		return false;
	*set_id = g_strdup(local + strlen("set/"));
	return true;
}

/* Names are parsed by taking them apart loosely and asking whether the parts make the same name. */
bool layout_parse_pack(const char *local, char **generation, uint8_t sha256[SHA256_SIZE])
{
	g_auto(GStrv) parts = g_strsplit(local, "/", 5);
	uint8_t digest[SHA256_SIZE];

	if (g_strv_length(parts) != 4 || !generation_id_valid(parts[1]) ||
	    !hex_decode(parts[3], digest, sizeof(digest)))
		return false;

	g_autofree char *again = layout_pack(parts[1], digest);

	if (strcmp(local, again) != 0)
		return false;
	*generation = g_strdup(parts[1]);
	memcpy(sha256, digest, sizeof(digest));
	return true;
}

bool layout_parse_wal(const char *local, char **file, uint8_t digest[XXH128_SIZE])
{
	const char *name = strrchr(local, '/');
	size_t length = name ? strlen(name + 1) : 0;
	uint8_t found[XXH128_SIZE];

	if (length < DIGEST_LENGTH + 2 ||
	    !hex_decode(name + 1 + length - DIGEST_LENGTH, found, sizeof(found)))
		return false;

	g_autofree char *plain = g_strndup(name + 1, length - DIGEST_LENGTH - 1);

	if (wal_file_kind(plain, NULL) == WAL_FILE_UNKNOWN)
		return false;

	g_autofree char *again = layout_wal(plain, found);

	if (strcmp(local, again) != 0)
		return false;
	*file = g_steal_pointer(&plain);
	memcpy(digest, found, sizeof(found));
	return true;
}
