/* What the server says of itself and of its archiving. */
#include "base/error.h"
#include "ops/check/check.h"
#include "ops/cluster.h"
#include "pg/session.h"

#include <string.h>

#define READY_WARNING  8
#define READY_CRITICAL 64
#define SERVER	       "server"

static void add(struct check_result *result, enum finding_severity severity, const char *code,
		char *text, const char *advice)
{
	findings_add(result->findings, severity, code, SERVER, text, g_strdup(advice));
}

static void check_identity(const struct check_request *request, const struct session_server *server,
			   struct check_result *result)
{
	g_autoptr(GError) cause = NULL;
	uint64_t pinned;

	if (!cluster_pinned(request->state, &pinned, &cause))
		add(result, FINDING_CRITICAL, "server.pin", g_strdup(cause->message), NULL);
	else if (pinned != 0 && pinned != server->system_identifier)
		add(result, FINDING_CRITICAL, "server.other",
		    g_strdup_printf("it is another cluster (%" G_GUINT64_FORMAT
				    ") than the one this service protects (%" G_GUINT64_FORMAT ")",
				    server->system_identifier, pinned),
		    "correct postgres= of the service, or make a service of its own for it");
	else
		add(result, FINDING_OK, "server.identity",
		    g_strdup_printf("PostgreSQL %d, system identifier %" G_GUINT64_FORMAT,
				    server->major, server->system_identifier),
		    NULL);
}

static void check_settings(const struct session_server *server, struct check_result *result)
{
	const char *command = server->archive_command;

	if (server->wal_level < 1)
		add(result, FINDING_CRITICAL, "server.wal-level", g_strdup("wal_level is minimal"),
		    "set wal_level = replica and restart the server");
	if (server->in_recovery)
		add(result, FINDING_WARNING, "server.standby",
		    g_strdup("it is a standby: backups are taken from the primary"), NULL);
	if (g_strcmp0(server->archive_mode, "off") == 0)
		add(result, FINDING_CRITICAL, "server.archive-mode",
		    g_strdup("archive_mode is off"),
		    "set archive_mode = on and archive_command = 'odrbackup archive-push %p', and "
		    "restart the server");
	else if (!command)
		add(result, FINDING_OK, "server.archive-command",
		    g_strdup("archive_command was not looked at: this role may not see it "
			     "(pg_read_all_settings)"),
		    NULL);
	else if (!strstr(command, "odrbackup"))
		add(result, FINDING_WARNING, "server.archive-command",
		    g_strdup_printf("archive_command does not call odrbackup: '%s'", command),
		    "set archive_command = 'odrbackup archive-push %p' and reload the server");
}

static void check_backlog(Session *session, struct check_result *result)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;

	if (!session_value(session,
			   "SELECT count(*) FROM pg_ls_archive_statusdir() "
			   "WHERE name LIKE '%.ready'",
			   &text, &cause) ||
	    !text) {
		add(result, FINDING_OK, "server.backlog",
		    g_strdup("the queue of the archiver was not looked at: this role may not see "
			     "it (pg_monitor)"),
		    NULL);
		return;
	}
	result->ready = g_ascii_strtoll(text, NULL, 10);
	if (result->ready >= READY_WARNING)
		add(result, result->ready >= READY_CRITICAL ? FINDING_CRITICAL : FINDING_WARNING,
		    "server.backlog",
		    g_strdup_printf("%" G_GINT64_FORMAT " WAL files wait to be archived",
				    result->ready),
		    "see the server's log; raise archive-push-batch where the repository is far "
		    "away");
}

static void check_archiver(const struct check_request *request, Session *session,
			   struct check_result *result)
{
	struct session_archiver archiver = {0};
	g_autoptr(GError) cause = NULL;

	if (!session_archiver(session, &archiver, &cause)) {
		add(result, FINDING_WARNING, "server.archiver", g_strdup(cause->message), NULL);
		return;
	}
	result->failed = archiver.failed_count;
	if (archiver.failing) {
		g_autofree char *age = status_age(request->now, archiver.last_failed_at);

		add(result, FINDING_CRITICAL, "server.archiver",
		    g_strdup_printf("archiving fails: at %s, %s",
				    archiver.last_failed ? archiver.last_failed : "?", age),
		    "see the server's log for what archive-push said");
	} else if (archiver.last_archived) {
		g_autofree char *age = status_age(request->now, archiver.last_archived_at);

		add(result, FINDING_OK, "server.archiver",
		    g_strdup_printf("it archives: %s, %s", archiver.last_archived, age), NULL);
	}
	session_archiver_clear(&archiver);
}

void check_server(const struct check_request *request, struct check_result *result)
{
	struct session_server server = {0};
	g_autoptr(GError) cause = NULL;
	g_autoptr(Session) session = NULL;

	result->ready = result->failed = -1;
	if (!request->conninfo) {
		add(result, FINDING_OK, "server.none",
		    g_strdup("not looked at: the service has no postgres="), NULL);
		return;
	}
	session = session_open(request->conninfo, request->run_id, &cause);
	if (!session || !session_server(session, &server, &cause)) {
		add(result, FINDING_WARNING, "server.unreachable",
		    g_strdup_printf("not looked at: %s", cause->message), NULL);
		return;
	}
	check_identity(request, &server, result);
	check_settings(&server, result);
	check_archiver(request, session, result);
	check_backlog(session, result);
	session_server_clear(&server);
}
