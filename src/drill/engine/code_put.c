/* The code that was captured, put into the sandbox by git and tar, which have no network and can write nowhere else. */
#include "base/background.h"
#include "base/error.h"
#include "base/stop.h"
#include "drill/check/host.h"
#include "drill/engine/code.h"

#include <signal.h>
#include <string.h>

#define LOOK_EVERY_US 10000

/* ---- programs that unpack ------------------------------------------------------------------------ */

struct unpacking {
	const char *folder; /* the only one that can be written */
	char *output;
	const struct process_limits *limits;
	const struct background_ground *ground;
};

static Background *start(const struct unpacking *unpacking, const char *const *argv, GError **error)
{
	g_autofree char *home = g_strconcat("HOME=", unpacking->folder, NULL);
	const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
					   "LC_ALL=C.UTF-8",
					   home,
					   "GIT_CONFIG_NOSYSTEM=1",
					   "GIT_CONFIG_GLOBAL=/dev/null",
					   "GIT_TERMINAL_PROMPT=0",
					   NULL};
	const char *const writable[] = {unpacking->folder, NULL};

	return background_start(&(struct background_request){.argv = argv,
							     .environment = environment,
							     .folder = unpacking->folder,
							     .output = unpacking->output,
							     .death_signal = SIGKILL,
							     .writable = writable,
							     .in_sight = writable,
							     .limits = unpacking->limits,
							     .ground = unpacking->ground,
							     .no_network = true},
				error);
}

static bool run(void *data, const char *const *argv, GError **error)
{
	const struct unpacking *unpacking = data;
	g_autoptr(Background) background = start(unpacking, argv, error);
	g_autofree char *program = g_path_get_basename(argv[0]);
	int status = 0;

	if (!background)
		return false;
	while (background_runs(background, &status)) {
		if (!stop_check(error))
			return false;
		g_usleep(LOOK_EVERY_US);
	}
	if (status == 0)
		return true;
	g_autofree char *said = drill_last_line(unpacking->output);

	return odr_fail(error, odr_says_no_space(said) ? ODR_ERROR_NO_SPACE : ODR_ERROR_CORRUPT,
			"%s ended with status %d: %s", program, status, said);
}

/* ---- what was captured --------------------------------------------------------------------------- */

static bool read_capture(Drill *drill, GError **error)
{
	struct drill_captured *captured = &drill->captured;
	const Manifest *manifest = drill_configuration_at(drill);

	if (!manifest)
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no capture of the configuration is as old as the moment");
	captured->config = config_read_open(drill->repo, drill->means.identity, manifest, error);
	return captured->config != NULL;
}

static bool put_code(Drill *drill, GError **error)
{
	struct drill_captured *captured = &drill->captured;
	struct unpacking unpacking = {
		.folder = captured->folder,
		.limits = &drill->limits.asked,
		.ground = drill->given,
		.output = g_build_filename(drill->sandbox.folder, "code.out", NULL)};
	bool done = config_code_put(&(struct config_code_request){.config = captured->config,
								  .folder = captured->folder,
								  .run = run,
								  .run_data = &unpacking},
				    &captured->code, error);

	g_free(unpacking.output);
	return done;
}

static bool is_captured(const Drill *drill)
{
	return drill->captured.config &&
	       config_code_captured(config_read_index(drill->captured.config));
}

/* Of a collector that should have it; NULL: nobody was to take any. */
static const char *failed_collector(const Drill *drill)
{
	const CollectIndex *index =
		drill->captured.config ? config_read_index(drill->captured.config) : NULL;

	for (guint i = 0; index && i < index->reports->len; i++) {
		const struct collect_report *report = index->reports->pdata[i];

		if (report->state == COLLECT_FAILED && strcmp(report->type, "addons") == 0)
			return report->reason ? report->reason : "its collector failed";
	}
	return NULL;
}

const char *drill_code_missing(const Drill *drill)
{
	const char *why = failed_collector(drill);

	return is_captured(drill) ? NULL : why ? why : "no collector was to take any";
}

bool drill_code_expected(const Drill *drill)
{
	return drill->captured.trouble || is_captured(drill) || failed_collector(drill);
}

bool drill_code_prepare(Drill *drill, GError **error)
{
	struct drill_captured *captured = &drill->captured;
	usec_t from = drill_span_begin();

	if (!drill_has_configuration(drill))
		return true;
	captured->folder = g_build_filename(drill->sandbox.folder, "code", NULL);
	if (read_capture(drill, &captured->trouble) && is_captured(drill) &&
	    put_code(drill, &captured->trouble))
		drill_span_end(drill, PHASE_APPLICATION, plan_component_name(PLAN_CONFIG), from,
			       false);
	/* A full disk is the host's: of the code nothing is known. */
	if (!odr_error_is(captured->trouble, ODR_ERROR_STOPPED) &&
	    !odr_error_is(captured->trouble, ODR_ERROR_NO_SPACE))
		return true;
	g_propagate_error(error, g_steal_pointer(&captured->trouble));
	return false;
}

void drill_captured_clear(struct drill_captured *captured)
{
	config_read_free(captured->config);
	g_clear_error(&captured->trouble);
	g_free(captured->folder);
	config_code_clear(&captured->code);
}
