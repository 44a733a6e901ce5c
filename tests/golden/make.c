/*
 * Writes the golden repository, its keys, and what is expected of it, into a new folder:
 *
 *   tests/golden/make DIR
 *
 * Keys and ids are drawn anew, so the bytes differ each time; the content is always the same. What is
 * committed stays: another run is for another version of the format, beside this one.
 */
#include "make.h"

#include "base/file.h"
#include "crypto/secret.h"

void must(bool done, GError *error)
{
	if (!done)
		g_error("%s", error ? error->message : "failed");
}

static void write_text(const struct golden *golden, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(golden->folder, name, NULL);
	GError *error = NULL;

	must(g_file_set_contents(path, text, -1, &error), error);
}

static void make_keys(struct golden *golden)
{
	struct key_service *service;

	golden->owner = owner_key_new("golden");
	golden->identity = identity_new(golden->owner, "safe", RECIPIENT_SCOPE_ALL);
	golden->wal_identity = identity_new(golden->owner, "standby", RECIPIENT_SCOPE_WAL);
	golden->recipients = g_ptr_array_new();
	g_ptr_array_add(golden->recipients, &golden->identity->recipient);
	g_ptr_array_add(golden->recipients, &golden->wal_identity->recipient);
	golden->bundle = bundle_new(golden->owner, KEY_ROLE_WRITER, STARTED, 0, golden->recipients);
	service = &golden->owner->service;

	g_autofree char *owner = owner_key_print(golden->owner, NULL);
	g_autofree char *identity = identity_print(golden->identity, NULL);
	g_autofree char *protected = identity_print(golden->identity, GOLDEN_PASSPHRASE);
	g_autofree char *wal = identity_print(golden->wal_identity, NULL);
	g_autofree char *recipient = recipient_print(&golden->identity->recipient, service);
	g_autofree char *bundle = bundle_print(golden->bundle);

	write_text(golden, "owner", owner);
	write_text(golden, "identity", identity);
	write_text(golden, "identity-protected", protected);
	write_text(golden, "identity-wal", wal);
	write_text(golden, "identity.pub", recipient);
	write_text(golden, "bundle", bundle);
}

static void make_repository(struct golden *golden)
{
	g_autofree char *root = g_build_filename(golden->folder, "repository", NULL);
	struct store_settings settings = {
		.name = "golden", .type = "posix", .path = root, .create = true};
	GError *error = NULL;
	Store *store = store_open(&settings, &error);

	must(store && repo_init(store, 0, &error), error);
	golden->repos = g_ptr_array_new();
	g_ptr_array_add(golden->repos, repo_new(store, &golden->owner->service));
}

int main(int argc, char **argv)
{
	struct golden golden = {.expected = g_string_new(NULL)};
	struct layer_ref refs[2];
	GError *error = NULL;

	if (argc != 2 || !g_path_is_absolute(argv[1])) {
		g_printerr("usage: make DIR (absolute)\n");
		return 2;
	}
	must(crypto_init(&error) && file_make_dirs(argv[1], 0755, &error), error);
	golden.folder = argv[1];
	golden.content = g_hash_table_new(g_str_hash, g_str_equal);
	golden.entries = g_hash_table_new(g_str_hash, g_str_equal);
	make_keys(&golden);
	make_repository(&golden);

	g_autoptr(GPtrArray) objects = make_archive(&golden);

	refs[0] = make_full_layer(&golden);
	make_set(&golden, GOLDEN_FULL, refs, 1, objects);
	refs[1] = make_later_layer(&golden);
	make_set(&golden, GOLDEN_LATER, refs, 2, objects);
	make_anchor(&golden);
	write_text(&golden, "expected", golden.expected->str);
	return 0; /* what it allocated goes with it */
}
