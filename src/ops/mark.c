#include "ops/mark.h"

#include "base/error.h"
#include "base/fault.h"
#include "base/stop.h"
#include "ops/cluster.h"
#include "ops/durable.h"
#include "pg/session.h"
#include "repo/retention.h"

#include <string.h>

void mark_result_clear(struct mark_result *result)
{
	g_clear_pointer(&result->mark, mark_free);
	g_clear_pointer(&result->notes, g_ptr_array_unref);
}

/* What the steps share. */
struct making {
	const struct mark_request *request;
	struct mark_result *result;
	Session *session; /* NULL: no cluster */
	struct session_server server;
	Mark *mark;
};

static bool fail_taken(const char *name, usec_t made, GError **error)
{
	g_autofree char *time = made ? clock_format(made - made % USEC_PER_SEC) : NULL;

	return odr_fail(
		error, ODR_ERROR_EXISTS,
		"there is a mark '%s' already%s%s: a recovery would stop at that one; choose "
		"another name, such as '%s-2'",
		name, time ? ", of " : "", time ? time : "", name);
}

/* By the ids of marks, which tell names to those who have the digest secret. */
static bool check_repo(struct making *making, Repo *repo, GError **error)
{
	const struct mark_request *request = making->request;
	uint8_t digest[MARK_DIGEST_SIZE];
	g_autoptr(GPtrArray) ids = NULL;
	g_autoptr(GError) cause = NULL;

	mark_name_digest(request->bundle->digest_secret, request->name, digest);
	if (mark_list(repo, digest, &ids, &cause))
		return ids->len == 0 ||
		       fail_taken(request->name, set_id_time(ids->pdata[0]), error);
	/* A writer that may only put, to a bucket or into a folder, knows what it made itself. */
	if (!odr_error_is(cause, ODR_ERROR_REFUSED) && !odr_error_is(cause, ODR_ERROR_AUTH)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	g_ptr_array_add(making->result->notes,
			g_strdup_printf("whether repository %s has a mark of this name cannot be "
					"seen with this credential",
					store_name(repo->store)));
	return true;
}

static bool check_name(struct making *making, GError **error)
{
	const struct mark_request *request = making->request;

	if (!mark_name_check(request->name, error) ||
	    (request->note && !mark_note_check(request->note, error)) ||
	    !bundle_check_writer(request->bundle, clock_now(), error))
		return false;
	for (guint i = 0; request->known && i < request->known->len; i++)
		if (strcmp(request->known->pdata[i], request->name) == 0)
			return fail_taken(request->name, 0, error);
	for (guint i = 0; i < request->repos->len; i++)
		if (!check_repo(making, request->repos->pdata[i], error))
			return false;
	return true;
}

static bool reach_server(struct making *making, GError **error)
{
	const struct mark_request *request = making->request;
	const struct session_server *server = &making->server;

	if (!request->conninfo)
		return true;
	making->session = session_open(request->conninfo, request->run_id, error);
	if (!making->session || !session_server(making->session, &making->server, error))
		return false;
	if (server->in_recovery)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server is a standby; marks are made on the primary");
	if (server->wal_level < 1)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"wal_level is minimal; set it to replica and restart the server");
	return cluster_pin(request->state, server->system_identifier, error);
}

/* The time is taken first: what committed before it is surely before the restore point. */
static bool make_restore_point(struct making *making, GError **error)
{
	const struct mark_around *around = making->request->around;
	Mark *mark = making->mark;

	if (around && !around->before(around->data, error))
		return false;
	mark->made = clock_now();
	if (!making->session)
		return true;
	mark->timeline = making->server.timeline;
	mark->system_identifier = making->server.system_identifier;
	return session_restore_point(making->session, mark->name, &mark->lsn, error) &&
	       (!around || around->behind(around->data, error)) &&
	       fault_point("step", "restore point made", error);
}

static bool put_mark(struct making *making, GError **error)
{
	const struct mark_request *request = making->request;
	g_autoptr(GBytes) object = mark_seal(making->mark, request->bundle, error);
	struct iovec whole;

	if (!object)
		return false;
	g_autofree char *local = layout_mark(making->mark->id);
	usec_t lock_until = retention_lock_until(making->mark->made, request->generation_length,
						 request->retain);

	const struct mark_around *around = request->around;

	whole.iov_base = (void *)g_bytes_get_data(object, &whole.iov_len);
	return repos_put(request->repos, local, &whole, 1, lock_until, error) &&
	       fault_point("step", "mark stored", error) &&
	       (!around || around->stored(around->data, making->mark, lock_until, error));
}

/* A mark whose segment is not ended is good all the same, as soon as the server ends it. */
static bool end_segment(struct making *making, GError **error)
{
	struct mark_result *result = making->result;
	char last[WAL_SEGMENT_NAME_SIZE];

	if (!making->session)
		return true;
	wal_segment_name(making->mark->timeline, making->mark->lsn - 1,
			 making->server.wal_segment_size, result->segment);
	return session_force_segment(making->session, last, error);
}

static bool wait_tick(void *data, GError **error)
{
	(void)data;
	return stop_check(error);
}

static bool wait_for_wal(struct making *making, GError **error)
{
	const struct mark_request *request = making->request;
	g_autoptr(GError) trouble = NULL;

	if (!making->session || !request->wait)
		return true;
	making->result->durable =
		durable_wait(&(struct durable_wait){.repos = request->repos,
						    .state = request->state,
						    .first = making->result->segment,
						    .last = making->result->segment,
						    .segment_size = making->server.wal_segment_size,
						    .timeout = request->timeout,
						    .tick = wait_tick},
			     &trouble);
	if (making->result->durable)
		return true;
	if (odr_error_is(trouble, ODR_ERROR_TRANSIENT))
		return odr_fail(error, ODR_ERROR_UNREACHABLE,
				"the mark '%s' is made, but its WAL is not durable yet: %s",
				request->name, trouble->message);
	g_propagate_error(error, g_steal_pointer(&trouble));
	return false;
}

static bool make(struct making *making, GError **error)
{
	if (!check_name(making, error) || !reach_server(making, error) ||
	    !make_restore_point(making, error) || !put_mark(making, error))
		return odr_context(error, "cannot make the mark");

	/* It is there. */
	making->result->mark = g_steal_pointer(&making->mark);
	making->mark = making->result->mark;
	bool done = end_segment(making, error) && wait_for_wal(making, error);

	making->mark = NULL;
	return done;
}

bool mark_make(const struct mark_request *request, struct mark_result *result, GError **error)
{
	struct making making = {.request = request, .result = result, .mark = g_new0(Mark, 1)};
	bool done;

	*result = (struct mark_result){.notes = g_ptr_array_new_with_free_func(g_free)};
	making.mark->name = g_strdup(request->name);
	making.mark->note = g_strdup(request->note);
	making.mark->host = g_strdup(g_get_host_name());
	making.mark->program = g_strdup(request->program);
	done = make(&making, error);
	g_clear_pointer(&making.session, session_free);
	session_server_clear(&making.server);
	mark_free(making.mark);
	return done;
}
