#include "repo/manifest.h"

#include "repo/manifest_json.h"
#include "repo/signed_object.h"
#include "sample.h"
#include "service.h"

#include <string.h>

#define SET   "20261121T230501Z-1a2b3c4d"
#define OTHER "20261120T230501Z-00000001"

static struct service service;

static Manifest *parse(GBytes *object, const char *set_id, const Identity *identity)
{
	g_autoptr(GError) error = NULL;
	Manifest *manifest = NULL;

	manifest_parse(&service.owner->service, identity, set_id, g_bytes_get_data(object, NULL),
		       g_bytes_get_size(object), &manifest, &error);
	g_assert_no_error(error);
	return manifest;
}

static void assert_same_public(const Manifest *a, const Manifest *b)
{
	g_autofree char *one = manifest_public_print(a, service.owner->service.id);
	g_autofree char *two = manifest_public_print(b, service.owner->service.id);

	g_assert_cmpstr(one, ==, two);
}

static void test_round_trip(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	g_autoptr(Manifest) again = parse(object, SET, service.identity);
	g_autofree char *one = manifest_sealed_print(manifest);
	g_autofree char *two = manifest_sealed_print(again);

	assert_same_public(manifest, again);
	g_assert_cmpstr(one, ==, two);
	g_assert_true(again->has_sealed);
	g_assert_cmpint(again->created, ==, manifest->created);
	g_assert_cmpuint(again->system_identifier, ==, 18446744073709551615u);
	g_assert_cmpstr(again->label, ==, manifest->label);
	g_assert_cmpstr(again->data_directory, ==, manifest->data_directory);
	g_assert_cmpstr(again->tablespace_map, ==, manifest->tablespace_map);
	g_assert_cmpuint(manifest_part(again, PART_FILESTORE)->layers->len, ==, LAYERS_MAX);
	g_assert_cmpuint(manifest_part(again, PART_DATABASE)->bytes, ==, 10995116277760);
	g_assert_cmpint(manifest_part_started(again, PART_CONFIG), ==, 1795561402000003);
	g_assert_cmpint(manifest_part_stopped(again, PART_CONFIG), ==, 1795561499000004);
	g_assert_true(json_equal(again->facts, manifest->facts));
	g_assert_cmpstr(again->wal->last, ==, "000000020000000000000007");
	g_assert_cmpuint(again->wal->objects->len, ==, 3);
	g_assert_cmpuint(again->object_size, ==, g_bytes_get_size(object));
	g_assert_cmpmem(again->writer.public_key, KEY_SIZE, service.bundle->endorsement.public_key,
			KEY_SIZE);
}

static void test_without_key(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	g_autoptr(Manifest) again = parse(object, SET, NULL);

	assert_same_public(manifest, again);
	g_assert_false(again->has_sealed);
	g_assert_null(again->host);
	g_assert_null(again->backup_label);
}

static void test_nothing_in_the_clear(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	/* Long enough that what is sealed does not spell them by chance. */
	static const char *const secrets[] = {"host-of-the-database", "START WAL", "16384/16400",
					      "max_connections", "/srv/files"};

	for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++)
		g_assert_null(memmem(g_bytes_get_data(object, NULL), g_bytes_get_size(object),
				     secrets[i], strlen(secrets[i])));
}

static void test_empty(void)
{
	g_autoptr(Manifest) manifest = manifest_new();

	manifest->set_id = g_strdup(SET);
	manifest->sequence = 2;
	manifest->previous_set = g_strdup(OTHER);
	manifest->previous_sha256[3] = 7;
	manifest->previous_retain_until = 5;
	manifest->program = g_strdup("odrbackup 0.1.0");
	g_ptr_array_add(manifest->parts, sample_part(PART_CONFIG, 1));

	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	g_autoptr(Manifest) again = parse(object, SET, service.identity);

	assert_same_public(manifest, again);
	g_assert_null(again->wal);
	g_assert_null(again->backup_label);
	g_assert_cmpstr(again->previous_set, ==, OTHER);
	g_assert_cmpuint(again->previous_sha256[3], ==, 7);
}

/* As the first versions wrote them: the parts do not tell when they were captured. */
static void test_part_times(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	struct set_part *part = manifest->parts->pdata[0];

	part->started = part->stopped = 0;
	g_assert_cmpint(manifest_part_started(manifest, PART_DATABASE), ==, manifest->started);
	g_assert_cmpint(manifest_part_stopped(manifest, PART_DATABASE), ==, manifest->stopped);
}

static void test_lock(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);

	((struct set_part *)manifest->parts->pdata[1])->lock_until -= 7;
	g_assert_cmpint(manifest_lock_until(manifest), ==, 1801612799999999 - 7);
	manifest->retain_until = 1801612799999999 - 5;
	g_assert_cmpint(manifest_lock_until(manifest), ==, manifest->retain_until);
}

static void test_large_sealed_part(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);

	for (unsigned i = 0; i < 30000; i++) {
		g_autofree char *path = g_strdup_printf("pgdata/base/16384/%u", i);

		damage_add(manifest->damaged, path,
			   "1 page with a wrong checksum, the first is block 1");
	}

	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	g_autoptr(Manifest) again = parse(object, SET, service.identity);

	g_assert_cmpuint(again->damaged->len, ==, 30001);
}

static void test_altered(void)
{
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	size_t size = g_bytes_get_size(object);
	g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(object, NULL), size);

	for (size_t i = 0; i < size; i += 1 + i % 7) {
		g_autoptr(GError) error = NULL;
		Manifest *again = NULL;

		bytes[i] ^= 4;
		g_assert_false(manifest_parse(&service.owner->service, NULL, SET, bytes, size,
					      &again, &error));
		g_assert_true(odr_error_is(error, ODR_ERROR_CORRUPT));
		bytes[i] ^= 4;
	}
}

static void test_other_name(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	Manifest *again = NULL;

	g_assert_false(manifest_parse(&service.owner->service, service.identity, OTHER,
				      g_bytes_get_data(object, NULL), g_bytes_get_size(object),
				      &again, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "manifest of set " OTHER);
	g_assert_null(again);
}

static void test_other_identity(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(GBytes) object = sample_seal(manifest, service.bundle);
	g_autoptr(Identity) stranger = identity_new(service.owner, "x", RECIPIENT_SCOPE_ALL);
	Manifest *again = NULL;

	g_assert_false(manifest_parse(&service.owner->service, stranger, SET,
				      g_bytes_get_data(object, NULL), g_bytes_get_size(object),
				      &again, &error));
	g_assert_true(odr_error_is(error, ODR_ERROR_AUTH));
}

/* One edit of a good public part, and what is said of it. */
struct edit {
	const char *from, *to, *text;
};

static char *edited(const char *text, const struct edit *edit)
{
	g_auto(GStrv) halves = g_strsplit(text, edit->from, 2);

	if (!halves[0] || !halves[1])
		g_error("'%s' is not in: %s", edit->from, text);
	return g_strconcat(halves[0], edit->to, halves[1], NULL);
}

/* What only a newer version can have written is no damage. */
static int code_of(const struct edit *edit)
{
	return g_str_has_suffix(edit->text, "does not know") ||
			       g_str_has_suffix(edit->text, "knows format 1")
		       ? ODR_ERROR_REFUSED
		       : ODR_ERROR_CORRUPT;
}

static void test_public_members(void)
{
	static const struct edit edits[] = {
		{"\"format\":1", "\"format\":2", "it has format 2, this program knows format 1"},
		{"\"format\":1", "\"critical\":[\"moons\"],\"format\":1",
		 "it needs the feature 'moons', which this program does not know"},
		{"\"format\":1", "\"critical\":7,\"format\":1", "\"critical\" is not a list"},
		{"\"set\":\"20261121", "\"set\":\"20261122", "it is the manifest of set"},
		{"\"sequence\":1", "\"sequence\":0", "\"sequence\" is 0, which is out of range"},
		{"\"sequence\":1", "\"sequence\":2", "but it names no previous set"},
		{"\"sequence\":1", "\"sequence\":1.5", "sequence"},
		{"\"previous\":null", "\"previous\":5", "previous"},
		{"\"previous\":null", "\"previous\":{}", "the previous set"},
		{"\"created_us\":1", "\"created_us\":-1", "\"created_us\" is -1"},
		{"\"part\":\"config\"", "\"part\":\"moon\"",
		 "it has the part 'moon', which this program does not know"},
		{"\"part\":\"config\"", "\"part\":\"database\"",
		 "it has the part 'database' twice"},
		{"\"kind\":\"full\"", "\"kind\":\"half\"",
		 "the part 'config': 'half' is not a kind of capture"},
		{"\"generation\":\"20270131-", "\"generation\":\"20270199-", "is not a generation"},
		{"\"root\":\"01", "\"root\":\"1", "\"root\" is not 64 hex digits"},
		{"\"root\":\"01", "\"root\":\"0G", "\"root\" is not 64 hex digits"},
		{"\"root_size\":1000", "\"root_size\":0", "\"root_size\" is 0"},
		{"\"root_size\":1000", "\"root_size\":99999999999", "out of range"},
		{"\"files\":12345", "\"files\":-1", "\"files\" is -1"},
		{"\"started_us\":1", "\"started_us\":-1", "\"started_us\" is -1"},
		{"\"timeline\":2", "\"timeline\":1", "its segments are of another timeline"},
		{"\"timeline\":2", "\"timeline\":0", "\"timeline\" is 0"},
		{"\"segment_size\":16777216", "\"segment_size\":16777215", "segments cannot have"},
		{"\"start\":\"0/5000028\"", "\"start\":\"0/9000028\"", "ends before it starts"},
		{"\"start\":\"0/5000028\"", "\"start\":\"0/6000028\"",
		 "\"first\" does not name the segment of its position"},
		{"\"start\":\"0/5000028\"", "\"start\":\"5000028\"", "is not a position in WAL"},
		{"\"stop\":\"0/8000000\"", "\"stop\":\"0/8000001\"",
		 "\"last\" does not name the segment of its position"},
		{"wal/00000002/", "wal/00000003/", "is not the name of a WAL object"},
		{"wal/00000002/", "../../", "is not the name of a WAL object"},
		{"\"wal\":{", "\"wal\":null,\"lost\":{",
		 "it has a database part, but names no WAL"},
		{"{", "[{", "the public part"},
		{"{", "", "the public part"},
	};
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autofree char *good = manifest_public_print(manifest, service.owner->service.id);

	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = edited(good, &edits[i]);
		g_autoptr(Manifest) again = manifest_new();

		if (manifest_public_parse(text, strlen(text), service.owner->service.id, SET, again,
					  &error))
			g_error("taken: %s", edits[i].to);
		assert_failed(error, code_of(&edits[i]), edits[i].text);
	}
}

static void test_sealed_members(void)
{
	static const struct edit edits[] = {
		{"\"started_us\":1", "\"started_us\":-1", "\"started_us\" is -1"},
		{"\"pg_major\":15", "\"pg_major\":-15", "\"pg_major\" is -15"},
		{"\"checksums\":true", "\"checksums\":1", "checksums"},
		{"\"system_identifier\":\"1", "\"system_identifier\":\"x",
		 "\"system_identifier\" is not a number"},
		{"\"system_identifier\":\"1", "\"system_identifier\":\"11",
		 "\"system_identifier\" is not a number"},
		{"\"label_hex\":\"", "\"label_hex\":\"0", "\"label_hex\" is not text in hex"},
		{"\"label_hex\":\"", "\"label_hex\":\"00", "\"label_hex\" is not text in hex"},
		{"\"label_hex\":\"", "\"label\":\"x\",\"label_hex\":\"", "is not text in hex"},
		{"\"oid\":16384", "\"oid\":0", "a database: \"oid\" is 0"},
		{"\"databases\":[", "\"databases\":[1,", "a database is not an object"},
		{"\"damaged\":[", "\"damaged\":[{},", "a damaged file has no path"},
		{"\"server\":{", "\"server\":[],\"old\":{", "server"},
		{"\"facts\":{", "\"facts\":[],\"old\":{", "facts"},
		{"\"facts\":{", "\"facts\":{\"moon\":1,", "the facts of a part are not an object"},
	};
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autofree char *good = manifest_sealed_print(manifest);

	for (size_t i = 0; i < G_N_ELEMENTS(edits); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = edited(good, &edits[i]);
		g_autoptr(Manifest) again = manifest_new();

		if (manifest_sealed_parse(text, strlen(text), again, &error))
			g_error("taken: %s", edits[i].to);
		assert_failed(error, ODR_ERROR_CORRUPT, edits[i].text);
		g_assert_false(again->has_sealed);
	}
}

static void test_later_members(void)
{
	static const struct edit more = {"\"format\":1", "\"added later\":{},\"format\":1", NULL};
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SET);
	g_autoptr(Manifest) again = manifest_new();
	g_autofree char *good = manifest_public_print(manifest, service.owner->service.id);
	g_autofree char *text = edited(good, &more);

	manifest_public_parse(text, strlen(text), service.owner->service.id, SET, again, &error);
	g_assert_no_error(error);
}

static void test_refuses_to_seal(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Manifest) manifest = sample_manifest(SET);

	g_ptr_array_set_size(manifest->parts, 1);
	g_array_set_size(((struct set_part *)manifest->parts->pdata[0])->layers, LAYERS_MAX + 1);
	g_assert_null(manifest_seal(manifest, service.bundle, 1, &error));
	assert_failed(error, ODR_ERROR_CORRUPT, "33 layers instead of 1 to 32");
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	service_set_up(&service);
	g_test_add_func("/manifest/every-member-comes-back", test_round_trip);
	g_test_add_func("/manifest/a-keeper-reads-the-public-part", test_without_key);
	g_test_add_func("/manifest/names-and-paths-are-sealed", test_nothing_in_the_clear);
	g_test_add_func("/manifest/a-set-needs-no-database", test_empty);
	g_test_add_func("/manifest/the-sealed-part-may-need-many-chunks", test_large_sealed_part);
	g_test_add_func("/manifest/parts-that-do-not-tell-their-times-have-those-of-the-set",
			test_part_times);
	g_test_add_func("/manifest/is-locked-as-long-as-it-is-kept-and-with-its-first-part",
			test_lock);
	g_test_add_func("/manifest/every-altered-byte-is-noticed", test_altered);
	g_test_add_func("/manifest/a-name-belongs-to-one-set", test_other_name);
	g_test_add_func("/manifest/opens-only-for-its-recipients", test_other_identity);
	g_test_add_func("/manifest/every-public-member-is-checked", test_public_members);
	g_test_add_func("/manifest/every-sealed-member-is-checked", test_sealed_members);
	g_test_add_func("/manifest/members-added-later-are-ignored", test_later_members);
	g_test_add_func("/manifest/seals-only-what-a-reader-takes", test_refuses_to_seal);
	status = g_test_run();
	service_tear_down(&service);
	return status;
}
