/* The chains of manifests: whether sets were taken out, put in or exchanged. */
#include "ops/check/check.h"

#include <string.h>

static const Manifest *find_set(const GPtrArray *manifests, const char *set_id)
{
	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];

		if (strcmp(manifest->set_id, set_id) == 0)
			return manifest;
	}
	return NULL;
}

static void tampered(GPtrArray *findings, const char *code, const char *where, char *text)
{
	findings_add(findings, FINDING_CRITICAL, code, where, text,
		     g_strdup("find out who changed the repository; another one, or an older "
			      "version of the object, may still have it"))
		->kind = FINDING_CORRUPTION;
}

/* Expiring removes sets whose retain-until has passed, and says nothing of it: others must be there. */
static void check_previous(const GPtrArray *manifests, const Manifest *manifest, const char *where,
			   usec_t now, GPtrArray *findings)
{
	const Manifest *previous = find_set(manifests, manifest->previous_set);
	g_autofree char *until = clock_format(manifest->previous_retain_until);

	if (!previous && manifest->previous_retain_until > now)
		tampered(findings, "chain.missing", where,
			 g_strdup_printf(
				 "set %s is gone, which was to be kept until %s (%s names it "
				 "as the one before)",
				 manifest->previous_set, until, manifest->set_id));
	if (previous && memcmp(previous->sha256, manifest->previous_sha256, SHA256_SIZE) != 0)
		tampered(findings, "chain.exchanged", where,
			 g_strdup_printf("set %s is not the one that %s was made after",
					 previous->set_id, manifest->set_id));
	if (previous && previous->sequence + 1 != manifest->sequence)
		tampered(findings, "chain.sequence", where,
			 g_strdup_printf("set %s has number %" G_GUINT64_FORMAT ", and %s, made "
					 "after it, %" G_GUINT64_FORMAT,
					 previous->set_id, previous->sequence, manifest->set_id,
					 manifest->sequence));
}

static bool same_writer(const Manifest *a, const Manifest *b)
{
	return memcmp(a->writer.public_key, b->writer.public_key, KEY_SIZE) == 0;
}

/* A writer has one successor to a set; where there are two, two hosts used one key and state, or somebody
 * replays old ones. */
static void check_fork(const GPtrArray *manifests, guint at, const char *where, GPtrArray *findings)
{
	const Manifest *manifest = manifests->pdata[at];

	for (guint i = 0; i < at; i++) {
		const Manifest *other = manifests->pdata[i];

		if (!same_writer(manifest, other) ||
		    g_strcmp0(manifest->previous_set, other->previous_set) != 0)
			continue;
		if (manifest->previous_set)
			tampered(findings, "chain.fork", where,
				 g_strdup_printf("sets %s and %s were both made after %s",
						 other->set_id, manifest->set_id,
						 manifest->previous_set));
		else
			findings_add(findings, FINDING_WARNING, "chain.restarted", where,
				     g_strdup_printf("the chain of sets began anew with %s: the "
						     "host had lost its state",
						     manifest->set_id),
				     NULL);
		return;
	}
}

void check_chain(const GPtrArray *manifests, const char *where, usec_t now, GPtrArray *findings)
{
	guint before = findings->len;

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];

		if (manifest->previous_set)
			check_previous(manifests, manifest, where, now, findings);
		check_fork(manifests, i, where, findings);
	}
	if (findings->len == before)
		findings_add(findings, FINDING_OK, "chain.whole", where,
			     g_strdup("no set is missing from its chain"), NULL);
}
