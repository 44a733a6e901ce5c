#include "cli/keys/runbook.h"

#include "base/text.h"

static char *keys_of(const struct settings_repository *repository)
{
	if (repository->credentials)
		return g_strdup_printf("in %s", repository->credentials);
	if (repository->credential_process)
		return g_strdup("as credential-process= prints it");
	return g_strdup_printf("as credentials-from=%s gives it; elsewhere put one into a file, "
			       "and credentials=FILE into the kit",
			       repository->credentials_from);
}

/* Its keys are not in the kit: whoever gives a bucket out can give new ones for it. */
static void add_bucket(GString *text, const struct settings_repository *repository)
{
	g_autofree char *keys = keys_of(repository);

	g_string_append_printf(
		text,
		"  %-14s %s, bucket %s%s%s at %s, region %s\n"
		"  %-14s an access key that may list and read it, %s\n",
		repository->name, repository->type, repository->bucket,
		repository->prefix ? "/" : "", repository->prefix ? repository->prefix : "",
		repository->endpoint ? repository->endpoint : "AWS", repository->region, "", keys);
}

static void add_repositories(GString *text, const struct settings_service *service)
{
	for (guint i = 0; i < service->repositories->len; i++) {
		const struct settings_repository *repository = service->repositories->pdata[i];

		if (repository->path)
			g_string_append_printf(text, "  %-14s %s, %s\n", repository->name,
					       repository->type, repository->path);
		else
			add_bucket(text, repository);
	}
}

static void add_head(GString *text, const Context *context, const Kit *kit, const OwnerKey *owner,
		     const char *name)
{
	g_autofree char *created = clock_format(kit->created);
	g_autofree char *identity = key_fingerprint(context->identity->recipient.public_key);
	g_autofree char *owner_print = key_fingerprint(owner->service.owner_public);

	g_string_append_printf(
		text,
		"RECOVERY OF SERVICE %s\n\n"
		"Made on %s. Belongs to the file '%s', the recovery kit.\n"
		"With the kit, its passphrase and one of the repositories below, the database can be\n"
		"brought back on any host, to any moment that the repository covers. Whoever holds kit\n"
		"and passphrase can read all backups: keep this page and the kit in different places\n"
		"from the database host and the repository, and the passphrase apart from both.\n\n"
		"Fingerprints\n"
		"  key that opens %s\n"
		"  owner key      %s\n\n"
		"Repositories\n",
		kit->service, created, name, identity, owner_print);
	add_repositories(text, context->service);
}

static void add_people(GString *text)
{
	static const char *const lines[] = {"decides on a recovery", "carries it out",
					    "holds the passphrase", "can reach the repository",
					    "has to be told"};

	g_string_append(text, "\nPeople (fill in by hand)\n");
	for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
		g_string_append_printf(
			text, "\n  %-26s ____________________  phone ______________\n", lines[i]);
}

static void add_steps(GString *text, const char *name)
{
	g_string_append_printf(
		text,
		"\nStep by step, on a new host\n\n"
		"[ ] 1. Install PostgreSQL of the same major version as before (step 4 tells it), the\n"
		"       extensions it had, and odrbackup. Create no cluster.\n"
		"[ ] 2. Bring the repository to the host, at the path above. Where it is at another\n"
		"       path, correct path= in the kit: it is text, its settings are readable.\n"
		"[ ] 3. Work as the user who will run PostgreSQL. See what there is:\n"
		"         odrbackup key list %1$s\n"
		"         odrbackup list --kit %1$s\n"
		"[ ] 4. Decide on the moment, with its time zone, and look at the plan first. It tells\n"
		"       the set, the WAL, what will be lost, and the PostgreSQL version:\n"
		"         odrbackup restore --kit %1$s --pgdata DIR --plan\n"
		"         odrbackup restore --kit %1$s --pgdata DIR --plan \\\n"
		"           --type time --target 'YYYY-MM-DD HH:MM:SS+00'\n"
		"       DIR is an empty folder on a disk with enough space.\n"
		"[ ] 5. Restore: the same command without --plan. To have the times kept, first\n"
		"         odrbackup incident open --kit %1$s --title 'what happened'\n"
		"       and then give the restore --incident latest.\n"
		"[ ] 6. Start PostgreSQL on DIR with connections from outside closed, and wait until it\n"
		"       says that it is ready, or has paused at the target. Then look at the data; when\n"
		"       it is what you want:   SELECT pg_wal_replay_resume();\n"
		"[ ] 7. Check: newest orders, invoices and timesheets; then start the application, let\n"
		"       somebody log in, and only then open it to all.\n"
		"[ ] 8. From now on protect the new host: a new writer bundle, a configuration,\n"
		"       'odrbackup init', a first backup. The kit has what the bundle needs:\n"
		"         odrbackup key endorse BUNDLE --owner %1$s --role writer --recipient %1$s\n\n"
		"If a step fails, do not try things on the repository: it is only read by all of the\n"
		"above. Nothing in it is changed by a restore. odrbackup-recovery(7) has the details.\n\n"
		"This kit is tested by:   odrbackup kit test %1$s\n"
		"Tested on ______________ by ______________   on ______________ by ______________\n",
		name);
}

char *runbook_print(const Context *context, const Kit *kit, const OwnerKey *owner, const char *path)
{
	GString *text = g_string_new(NULL);
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *name = text_escape(base);

	add_head(text, context, kit, owner, name);
	add_people(text);
	add_steps(text, name);
	return g_string_free(text, FALSE);
}
