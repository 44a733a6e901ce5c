/* Before anything is fetched: what will be restored, where, and that nothing can leave that place. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hide.h"
#include "crypto/digest.h"
#include "drill/engine/engine.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

/* WAL fetched ahead, logs, and what promotion writes. */
#define ROOM_BESIDE ((uint64_t)512 << 20)
#define PROGRAM_MAX ((size_t)1 << 30)

/* ---- preflight ----------------------------------------------------------------------------------- */

static bool is_wanted(const Drill *drill, guint number)
{
	const char *name = drill->target.repository;
	const Repo *repo = drill->means.repos->pdata[number];

	return !name || strcmp(store_name(repo->store), name) == 0;
}

static bool plan_from(Drill *drill, Repo *repo, GError **error)
{
	struct restore_target *target = &drill->target.target;

	bool found = drill->target.anchor
			     ? drill_resolve_anchor(drill, repo, error)
			     : restore_target_find_mark(repo, drill->means.identity, target,
							drill->deviations, error);

	if (!found || !restore_holdings_read(repo, drill->means.identity, &drill->holdings, error))
		return false;

	struct restore_source source = {.manifests = drill->holdings.manifests,
					.ranges = drill->holdings.ranges,
					.histories = drill->holdings.histories};
	struct restore_proof proof = {.repo = repo,
				      .identity = drill->means.identity,
				      .source = &source,
				      .target = target,
				      .held = drill->holdings.held};
	bool proven;

	if (!restore_plan(&source, target, &drill->restore, error))
		return false;
	drill->planned = true;
	proven = restore_plan_prove(&proof, &drill->restore, error);
	g_clear_pointer(&drill->holdings.held, g_ptr_array_unref);
	return proven;
}

static void forget_plan(Drill *drill)
{
	if (drill->planned)
		restore_plan_clear(&drill->restore);
	drill->planned = false;
	restore_holdings_clear(&drill->holdings);
}

/* The first repository that leads to the target; why the last one does not is the reason. */
static bool find_repository(Drill *drill, GError **error)
{
	const GPtrArray *repos = drill->means.repos;

	for (guint i = 0; i < repos->len; i++) {
		if (!is_wanted(drill, i))
			continue;
		g_clear_error(error);
		drill->repo = repos->pdata[i];
		drill->store = drill->means.stores[i];
		drill->store.as_of = drill->t_loss;
		if (plan_from(drill, drill->repo, error))
			return true;
		forget_plan(drill);
	}
	if (!error || *error)
		return false;
	return odr_fail(error, ODR_ERROR_USAGE, "there is no repository '%s'",
			drill->target.repository);
}

/* When the database will be; as for a restore of the whole. */
static struct filestore_span moment_of(const Drill *drill)
{
	const struct restore_target *target = &drill->target.target;
	const Manifest *manifest = drill->restore.manifest;

	switch (target->type) {
	case RECOVERY_TIME:
		return (struct filestore_span){target->time, target->time};
	case RECOVERY_NAME:
		if (target->mark_timeline)
			return (struct filestore_span){target->time, target->time};
		break;
	case RECOVERY_IMMEDIATE:
		return (struct filestore_span){manifest->started, manifest->stopped};
	default:
		break;
	}
	return (struct filestore_span){manifest->stopped, drill->t_loss};
}

static bool plan_files(Drill *drill, GError **error)
{
	struct drill_files *files = &drill->files;
	struct filestore_span span = moment_of(drill);
	g_autoptr(GError) absent = NULL;

	if (!filestore_holdings_read(drill->repo, drill->means.identity, &files->holdings, error))
		return false;
	files->wanted = filestore_holdings_choose(&files->holdings, &span, &files->choice, &absent);
	if (!files->wanted && !odr_error_is(absent, ODR_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&absent));
		return false;
	}
	return true;
}

static uint64_t bytes_of(const Manifest *manifest, const char *name)
{
	const struct set_part *part = manifest ? manifest_part(manifest, name) : NULL;

	return part ? part->bytes : 0;
}

/* Kept as git and zstd pack text, which is about a quarter of it, and put beside that as files. */
#define CODE_GROWS 5

static uint64_t bytes_needed(const Drill *drill)
{
	const struct filestore_choice *choice = &drill->files.choice;
	uint64_t bytes =
		ROOM_BESIDE + CODE_GROWS * bytes_of(drill_configuration_at(drill), PART_CONFIG);

	/* Of one database a set does not say it: the restore does, before it writes. */
	if (drill->plan->select.database)
		return bytes;
	bytes += bytes_of(drill->restore.manifest, PART_DATABASE);
	if (!drill->files.wanted)
		return bytes;
	bytes += bytes_of(choice->base, PART_FILESTORE);
	/* What later captures add is not told apart from what they share: no more than the largest has. */
	if (!choice->base && choice->later->len > 0)
		bytes += bytes_of(choice->later->pdata[choice->later->len - 1], PART_FILESTORE);
	return bytes;
}

static bool check_room(const Drill *drill, GError **error)
{
	const char *directory = drill->plan->sandbox.directory;
	uint64_t needed = bytes_needed(drill);
	struct statvfs system;

	if (statvfs(directory, &system) != 0)
		return odr_fail_errno(error, errno, "cannot look at '%s'", directory);
	uint64_t free = (uint64_t)system.f_bavail * system.f_frsize;

	if (free >= needed)
		return true;
	g_autofree char *wanted = size_format(needed);
	g_autofree char *has = size_format(free);

	return odr_fail(error, ODR_ERROR_NO_SPACE,
			"the drill needs about %s in '%s', where %s are free", wanted, directory,
			has);
}

/* What would be too much to replay is left out, and said. */
static bool check_wal(Drill *drill, GError **error)
{
	uint64_t limit = drill->plan->select.max_wal;
	uint64_t bytes = drill->restore.segments * drill->restore.manifest->wal->segment_size;

	if (limit == 0 || bytes <= limit)
		return true;
	g_autofree char *much = size_format(bytes);
	g_autofree char *most = size_format(limit);

	drill->over_limit = true;
	return odr_fail(error, ODR_ERROR_FAILED,
			"up to %s of WAL would have to be replayed, and max-wal is %s", much, most);
}

/* What was there when it was looked for: in the middle of what has to be replayed, or where replay begins, if it is not to
 * the end. */
static void drill_prepare_lab(Drill *drill)
{
	const struct restore_plan *plan = &drill->restore;
	uint32_t size = plan->manifest->wal->segment_size, timeline;
	struct store_lab *lab = drill->request->lab;
	lsn_t first, last;

	if (lab->fault != STORE_LAB_HIDE ||
	    !wal_segment_parse(plan->first_segment, size, &timeline, &first) ||
	    !wal_segment_parse(plan->last_segment, size, &timeline, &last))
		return;
	if (drill->target.target.type == RECOVERY_DEFAULT)
		first += (last - first) / 2;
	wal_segment_name(timeline, first, size, drill->hidden);
	lab->part = drill->hidden;
}

bool drill_preflight(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done;

	drill->commanded = from;
	done = find_repository(drill, error) && check_wal(drill, error) &&
	       plan_files(drill, error) &&
	       (drill->plan->kind == PLAN_VERIFY || check_room(drill, error));
	drill_span_end(drill, PHASE_LOCATE, "", from, false);
	if (done && drill->request->lab)
		drill_prepare_lab(drill);
	return done;
}

/* ---- the sandbox --------------------------------------------------------------------------------- */

/* Whoever writes that file says that the folder may be filled and emptied. */
static bool check_marker(const struct drill_plan *plan, GError **error)
{
	g_autofree char *marker =
		g_build_filename(plan->sandbox.directory, plan->sandbox.marker, NULL);

	if (g_file_test(marker, G_FILE_TEST_IS_REGULAR))
		return true;
	return odr_fail(
		error, ODR_ERROR_REFUSED,
		"'%s' is no place for drills: they fill and empty it, so a file '%s' has to lie "
		"there that says so",
		plan->sandbox.directory, plan->sandbox.marker);
}

static bool make_sandbox(Drill *drill, GError **error)
{
	bool seal = drill->plan->sandbox.discard == PLAN_DISCARD_DROP_KEY;
	bool made = drill->sandbox.root ||
		    (check_marker(drill->plan, error) &&
		     sandbox_make(drill->plan->sandbox.directory, drill->request->run_id,
				  &drill->sandbox, error) &&
		     (!seal || sandbox_seal(&drill->sandbox, error)));

	g_atomic_pointer_set(&drill->inhabited, drill->sandbox.root);
	return made;
}

/* What a kit has to be proven with is made where the copy will be, and goes with it. */
bool drill_open(Drill *drill, GError **error)
{
	bool kit = drill->plan->kind == PLAN_KIT;
	g_autofree char *folder = NULL;

	if (!drill_is_able(drill->plan, error) || (kit && !make_sandbox(drill, error)))
		return false;
	if (kit)
		folder = g_build_filename(drill->sandbox.folder, "kit", NULL);
	return drill->request->open(drill->request->open_data,
				    &(struct drill_opening){.folder = folder,
							    .means = &drill->means,
							    .results = drill->results},
				    error);
}

/* By its digest it can be told which program it was; one that may only be run has none. */
static bool find_server(Drill *drill, GError **error)
{
	g_autofree char *program = instance_program(drill->plan->sandbox.postgres_bin,
						    drill->restore.manifest->pg_major, error);
	g_autoptr(GBytes) content = NULL;
	uint8_t digest[SHA256_SIZE];

	if (!program || !file_read(program, PROGRAM_MAX, &content, NULL))
		return program != NULL;
	sha256(g_bytes_get_data(content, NULL), g_bytes_get_size(content), digest);
	drill->server_sha256 = hex_encode(digest, SHA256_SIZE);
	return true;
}

bool drill_provision(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = make_sandbox(drill, error) && find_server(drill, error);

	drill_limits_make(drill);
	drill_span_end(drill, PHASE_PROVISION, "", from, false);
	return done;
}

/* What is hidden from the server later is not looked at before. */
static bool prove_network(Drill *drill, GError **error)
{
	g_autoptr(GPtrArray) sockets =
		drill->ground.bare ? sockets_in_sight(drill->ground.sockets) : NULL;

	return isolation_prove(
		&(struct isolation_request){
			.probes = (const char *const *)drill->plan->isolation.probe,
			.sockets = sockets,
			.own = drill->sandbox.root,
			.given = drill->given != NULL},
		&drill->isolation, error);
}

bool drill_isolate(Drill *drill, GError **error)
{
	usec_t from = drill_span_begin();
	bool done = drill->plan->isolation.network == PLAN_NETWORK_HOST ||
		    ((!drill_ground_is_given(drill->plan) || drill_ground_find(drill, error)) &&
		     prove_network(drill, error));

	drill_span_end(drill, PHASE_PROVISION, "", from, true);
	return done;
}
