/* What is wrong with a status, in sentences, and what to type about it. */
#include "ops/status.h"

#include "repo/manifest.h"

#include <string.h>

static void judge_sets(struct status *status, const struct status_repository *repository,
		       const char *where, usec_t backup_every)
{
	/* Files may be captured far more often: they must not hide that no more databases are. */
	usec_t stopped = repository->database_sets ? repository->database_stopped
						   : repository->newest_stopped;
	g_autofree char *age = status_age(status->now, stopped);

	if (repository->sets == 0) {
		findings_add(status->findings, FINDING_CRITICAL, "set.none", where,
			     g_strdup("there is no set: nothing can be recovered from here"),
			     g_strdup_printf("odrbackup backup %s", status->service))
			->kind = FINDING_NO_SET;
		return;
	}
	if (backup_every > 0 && status->now - stopped > 2 * backup_every)
		findings_add(status->findings, FINDING_WARNING, "set.old", where,
			     g_strdup_printf("the newest set was finished %s; two more were due "
					     "since",
					     age),
			     g_strdup_printf("odrbackup backup %s", status->service));
	if (repository->damaged > 0)
		findings_add(status->findings, FINDING_WARNING, "set.damaged", where,
			     g_strdup_printf("%u of %u sets record damage of their source",
					     repository->damaged, repository->sets),
			     g_strdup_printf("odrbackup list %s shows which, odrbackup show %s "
					     "SET the files",
					     status->service, status->service));
}

/* What the service has and no set does. */
static void judge_parts(struct status *status, const struct status_repository *repository,
			const char *where)
{
	for (const char *const *part = status->parts; repository->sets > 0 && *part; part++) {
		bool database = strcmp(*part, PART_DATABASE) == 0;

		if (database ? repository->database_sets > 0 : status_point(repository, *part) > 0)
			continue;
		findings_add(
			status->findings, FINDING_CRITICAL, "set.part", where,
			g_strdup_printf("no set has the %s", *part),
			g_strdup_printf("odrbackup backup %s --part %s", status->service, *part))
			->kind = FINDING_NO_SET;
	}
}

static void judge_gaps(struct status *status, const struct status_repository *repository,
		       const char *where)
{
	for (guint i = 0; i < repository->gaps->len; i++) {
		const struct status_gap *gap =
			&g_array_index(repository->gaps, struct status_gap, i);
		g_autofree char *names =
			gap->segments == 1 ? g_strdup(gap->first)
					   : g_strdup_printf("%s to %s (%" G_GUINT64_FORMAT ")",
							     gap->first, gap->last, gap->segments);

		if (gap->open)
			findings_add(status->findings, FINDING_CRITICAL, "wal.gap", where,
				     g_strdup_printf("WAL is missing: %s; what was stored later "
						     "cannot be reached",
						     names),
				     g_strdup_printf("see why archiving left it out, then "
						     "odrbackup backup %s begins anew",
						     status->service));
		else
			findings_add(
				status->findings, FINDING_WARNING, "wal.old-gap", where,
				g_strdup_printf("WAL is missing between older sets: %s", names),
				NULL);
	}
}

static void judge_fork(struct status *status, const struct status_repository *repository,
		       const char *where)
{
	const struct status_fork *fork = &repository->fork;
	g_autofree char *age = status_age(status->now, fork->last_stored);

	if (fork->timeline == 0)
		return;
	findings_add(status->findings, fork->leads ? FINDING_CRITICAL : FINDING_WARNING, "wal.fork",
		     where,
		     g_strdup_printf("two servers archive to this service: timeline %u went on, "
				     "last %s, when timeline %u had begun, which recovery follows",
				     fork->timeline, age, repository->timeline),
		     g_strdup_printf("set archive_command = '' on the one that is a copy, then "
				     "odrbackup backup %s: recovery follows what is backed up; "
				     "until then --target-timeline %u follows the other",
				     status->service, fork->timeline));
}

static void judge_exposure(struct status *status, const struct status_repository *repository,
			   const char *where)
{
	if (repository->database_sets == 0)
		return;
	if (repository->wal_end == 0) {
		findings_add(status->findings, FINDING_CRITICAL, "wal.none", where,
			     g_strdup("the WAL of the newest set is not known to be there"),
			     g_strdup_printf("odrbackup check %s", status->service));
		return;
	}
	if (status->rpo == 0 || repository->exposure <= status->rpo)
		return;

	g_autofree char *exposure = duration_format(repository->exposure);
	g_autofree char *rpo = duration_format(status->rpo);

	findings_add(
		status->findings, FINDING_CRITICAL, "exposure.over", where,
		g_strdup_printf("up to %s would be lost, the objective is %s", exposure, rpo),
		g_strdup_printf("odrbackup check %s tells whether the server archives; an idle "
				"server needs archive_timeout",
				status->service))
		->kind = FINDING_OBJECTIVE;
}

/* Files and configuration. What the whole misses, one of its parts does. */
static void judge_points(struct status *status, const struct status_repository *repository,
			 const char *where)
{
	const struct {
		const char *part;
		usec_t objective;
		enum finding_severity severity;
	} parts[] = {
		{PART_FILESTORE, status->rpo_filestore, FINDING_CRITICAL},
		{PART_CONFIG, status->rpo_config, FINDING_WARNING},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		usec_t point = status_point(repository, parts[i].part);
		g_autofree char *rpo = duration_format(parts[i].objective);
		g_autofree char *age = duration_format((status->now - point) -
						       (status->now - point) % USEC_PER_SEC);

		if (point == 0 || parts[i].objective == 0 ||
		    status->now - point <= parts[i].objective ||
		    !g_strv_contains(status->parts, parts[i].part))
			continue;
		findings_add(status->findings, parts[i].severity, "exposure.part-over", where,
			     g_strdup_printf("of the %s what is newer than %s would be lost, the "
					     "objective is %s",
					     parts[i].part, age, rpo),
			     g_strdup_printf("odrbackup backup %s --part %s, by a timer that runs "
					     "more often than that",
					     status->service, parts[i].part))
			->kind = FINDING_OBJECTIVE;
	}
}

static void judge_losses(struct status *status, const struct status_repository *repository,
			 const char *where)
{
	g_autofree char *objects = count_format(repository->lost, "object");

	if (repository->lost > 0)
		findings_add(status->findings, FINDING_CRITICAL, "object.lost", where,
			     g_strdup_printf("the last check found %s missing or damaged, without "
					     "which sets or WAL cannot be used",
					     objects),
			     g_strdup_printf("odrbackup check %s names them; make a new backup now",
					     status->service))
			->kind = FINDING_CORRUPTION;
}

static void judge_alterations(struct status *status, const struct status_repository *repository,
			      const char *where)
{
	g_autofree char *objects = count_format(repository->altered, "object");
	g_autofree char *age = status_age(status->now, repository->altered_at);
	bool one = repository->altered == 1;

	if (repository->altered > 0)
		findings_add(status->findings, FINDING_WARNING, "object.altered-before", where,
			     g_strdup_printf("%s %s found hidden or replaced, last %s: %s", objects,
					     one ? "was" : "were", age, repository->altered_how),
			     g_strdup_printf("find out who writes there; odrbackup check %s "
					     "--repository-scan looks at everything",
					     status->service));
}

/* What to type for it to be done again, or to learn more; NULL: who typed it knows better. */
static char *what_next(const struct catalog_run *run, const char *service)
{
	static const struct {
		const char *command, *before, *behind;
	} known[] = {
		{"backup", "backup", ""},	    {"check", "check", ""},
		{"expire", "expire", ""},	    {"copy", "copy", ""},
		{"mark", "mark", " NAME"},	    {"anchor", "anchor create", ""},
		{"verify", "verify filestore", ""},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (strcmp(known[i].command, run->command) == 0)
			return g_strdup_printf("odrbackup %s %s%s", known[i].before, service,
					       known[i].behind);
	if (strcmp(run->command, "drill") == 0)
		return g_strdup("odrbackup drill show latest");
	return NULL;
}

static void judge_runs(struct status *status)
{
	for (guint i = 0; i < status->last->len; i++) {
		const struct catalog_run *run = status->last->pdata[i];
		g_autofree char *age = status_age(status->now, run->started);
		bool backup = strcmp(run->command, "backup") == 0;

		if (strcmp(run->outcome, "failed") == 0)
			findings_add(status->findings, backup ? FINDING_CRITICAL : FINDING_WARNING,
				     "run.failed", NULL,
				     g_strdup_printf("the last %s, %s, failed: %s", run->command,
						     age, run->message ? run->message : "?"),
				     what_next(run, status->service));
		else if (strcmp(run->outcome, "ok") != 0)
			findings_add(status->findings, FINDING_WARNING, "run.ended-early", NULL,
				     g_strdup_printf("the last %s, %s, was %s", run->command, age,
						     strcmp(run->outcome, "aborted") == 0
							     ? "stopped"
							     : "cut off"),
				     what_next(run, status->service));
	}
}

void status_judge(struct status *status, usec_t backup_every)
{
	for (guint i = 0; i < status->repositories->len; i++) {
		const struct status_repository *repository = status->repositories->pdata[i];
		g_autofree char *where = g_strdup_printf("repository %s", repository->name);

		judge_sets(status, repository, where, backup_every);
		judge_parts(status, repository, where);
		judge_gaps(status, repository, where);
		judge_fork(status, repository, where);
		judge_alterations(status, repository, where);
		judge_exposure(status, repository, where);
		judge_points(status, repository, where);
		judge_losses(status, repository, where);
	}
	judge_runs(status);
}
