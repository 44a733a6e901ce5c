#ifndef ODR_DRILL_ENGINE_ENGINE_H
#define ODR_DRILL_ENGINE_ENGINE_H

#include "base/background.h"
#include "base/cgroup.h"
#include "base/limits.h"
#include "base/task.h"
#include "drill/anchor/references.h"
#include "drill/check/check.h"
#include "drill/drill.h"
#include "drill/engine/replica.h"
#include "odoo/database.h"
#include "ops/config/code.h"
#include "ops/filestore/proof.h"
#include "ops/restore/filestore.h"
#include "ops/sandbox.h"

/*
 * What the states of a drill share (drill.h has the outside). A state either does its work or fails; then what follows
 * is left out, up to judging.
 */
struct drill_database {
	char *name;
	OdooDatabase *odoo; /* NULL: none of Odoo's */
	bool has_proof;
	struct filestore_proof proof;
	usec_t lost_since; /* the oldest row of a file that is missing; 0: none is; -1: not known */
	char *elsewhere;   /* attachments that are not in the filestore, or NULL */
};

/* Files come back beside the database. */
struct drill_files {
	struct filestore_holdings holdings;
	struct filestore_choice choice;
	bool wanted; /* the service has captures of a filestore */
	struct task *task;
	struct restore_filestore_request request;
	struct restore_filestore_result result;
	struct drill_span span;
	char *folder;
	GHashTable *names; /* what the one database that is recovered names; NULL: all is wanted */
};

/* What the source says of the moment, or of a time before it. */
struct drill_anchor {
	AnchorReferences *references; /* NULL: no anchor was found */
	bool here;		      /* of the very moment; else the newest before it */
	char *why;		      /* there is none of the moment */
	SqlRows *source;	      /* what it gave last when it was asked */
	char *why_source;
	GArray *past; /* double */
	struct drill_reference found;
};

/* odoo.conf and code, as they were captured (engine/code.h). */
struct drill_captured {
	ConfigRead *config; /* NULL: there is no code in it */
	GError *trouble;    /* why it cannot be read, or put; NULL: it could */
	char *folder;	    /* where the code is */
	struct config_code code;
};

/* Of memory, cpu-weight and io-weight, in that order (engine/limits.c). */
#define DRILL_LIMITS 3
enum drill_keeping { DRILL_KEPT_BY_NOBODY, DRILL_KEPT_BY_GROUP, DRILL_KEPT_BY_PROCESS };
struct drill_limits {
	Cgroup *group; /* NULL: it cannot be had */
	char *why;     /* where something is not kept by a group */
	struct process_limits asked,
		found; /* of all processes of the copy; as its server has them */
	enum drill_keeping kept[DRILL_LIMITS];
	bool looked, told;
	int64_t peak, killed; /* of memory; processes; peak -1: not known */
};

typedef struct drill Drill;
struct drill {
	const struct drill_request *request;
	const DrillPlan *plan;
	struct drill_means means;
	GPtrArray *nowhere; /* repositories for evidence where there is none: empty */
	usec_t begun;	    /* wall clock */
	usec_t t_loss;	    /* wall clock: nothing stored later is used */
	usec_t commanded;   /* monotonic, as the next five; 0: never */
	usec_t db_ready, files_ready, requeued, gated, checked;

	/* the moment */
	struct drill_target target;
	Repo *repo;
	struct store_settings store; /* of it, as of t_loss */
	struct restore_holdings holdings;
	struct restore_plan restore;
	uint64_t longest_wal; /* that any moment of the draw's window needs; 0: there was no draw */
	bool planned;
	char hidden[WAL_SEGMENT_NAME_SIZE]; /* in a lab */

	/* the place */
	struct sandbox sandbox;
	struct isolation isolation, server_isolation; /* before; and where the server ran */
	struct background_ground ground;
	const struct background_ground
		*given;	    /* it, where the network was made by others; or NULL */
	GPtrArray *sockets; /* char *, with a NULL at its end: of the file system, then; or NULL */
	struct drill_limits limits;
	struct archive_get_request get;
	struct instance_parameter *parameters;
	struct replica_request replica_request;
	uint32_t single; /* OID of the only database of which there are files; 0: there are all */
	Replica *replica;
	const char *inhabited; /* folder of the sandbox, atomic; NULL: none yet */
	int unconfined;	       /* what runs in it is, atomic */
	struct restore_result restored;
	struct drill_files files;
	struct replica_arrival arrival;
	char claimed
		[WAL_SEGMENT_NAME_SIZE]; /* the catalog: the last that was stored; "": not known */
	struct drill_captured captured;
	struct feeder_report fed;
	uint64_t locked; /* relations that nobody can look at until promotion */
	struct drill_anchor anchor;

	/* what was found */
	GPtrArray *databases;  /* struct drill_database */
	GPtrArray *left_out;   /* char *: databases that the plan leaves out */
	GPtrArray *results;    /* DrillCheckResult */
	GArray *spans;	       /* struct drill_span */
	GPtrArray *deviations; /* char *: sentences */
	json_t *requeue, *neutralization, *controls; /* of the record, or NULL */
	unsigned controls_passed;
	char *server_sha256; /* hex, of the program of the server; or NULL */
	char *odoo_log;	     /* path; NULL: Odoo was not started */
	const char
		*serving; /* the database that the application is looked at for; NULL: none now */
	const char *url;  /* of it as it is called inside, while it answers; or NULL */

	/* how it ended */
	const char *state; /* the one it is in, or failed in */
	GError *failure;
	enum drill_outcome failing;
	bool over_limit;   /* it fails because the plan leaves such moments out */
	unsigned outcomes; /* all that apply */
	enum drill_outcome outcome;
	json_t *record, *teardown;
	char *kept;			    /* folder that stays, or NULL */
	char previous[2 * SHA256_SIZE + 1]; /* digest of the record before; "" */
	GPtrArray *notes;		    /* char *: for the user */
};

struct drill_measured {
	struct drill_figures figures;
	usec_t with_assumptions, achieved_rpo, target_gap; /* -1: not measured */
};
void drill_measure(const Drill *drill, struct drill_measured *measured);

/* The states, in order. */
bool drill_open(Drill *drill, GError **error);
bool drill_draw(Drill *drill, GError **error);
/* REFUSED where the plan asks for what cannot be done here. */
bool drill_is_able(const DrillPlan *plan, GError **error);
bool drill_discard_possible(const DrillPlan *plan, GError **error);
const char *drill_discard_name(const DrillPlan *plan);
/* The copy goes as the plan has it; what does not is added to left. What is to be attested. */
json_t *drill_discard(Drill *drill, json_t *left);
/* Fills drill->target by the draw (drill/draw.h), from what the repositories hold. */
bool drill_draw_moment(Drill *drill, enum plan_target_kind kind, GError **error);
/* Name and place of the anchor that is the target, as the repository has it. */
bool drill_resolve_anchor(Drill *drill, Repo *repo, GError **error);
/* Where checks need one: that of the moment, or the newest before it. What is altered is a deviation. */
void drill_find_anchor(Drill *drill);
void drill_anchor_clear(struct drill_anchor *anchor);
/* For struct drill_check_site, whose data is the drill. */
const struct drill_reference *drill_reference(void *data, const struct drill_question *question);
const GArray *drill_past(void *data, const struct drill_question *question);
bool drill_preflight(Drill *drill, GError **error);
bool drill_verify(Drill *drill, GError **error);
bool drill_provision(Drill *drill, GError **error);
bool drill_isolate(Drill *drill, GError **error);
/* namespace= of the plan: whether others have made the network; and who did, NULL: there is that of the host. */
bool drill_ground_is_given(const DrillPlan *plan);
const char *drill_ground_maker(const DrillPlan *plan);
/* What a network that others made leaves open is proven, or refused; sets drill->given. */
bool drill_ground_find(Drill *drill, GError **error);
/* Before anything of the copy runs; once its server does; when all is done. */
void drill_limits_make(Drill *drill);
void drill_limits_look(Drill *drill, pid_t server);
void drill_limits_end(Drill *drill);
void drill_limits_clear(struct drill_limits *limits);
bool drill_restore(Drill *drill, GError **error);
bool drill_replay(Drill *drill, GError **error);
/* database: NULL: the files of all. Ended by drill_files_end, which does nothing where nothing was begun. */
bool drill_files_start(Drill *drill, const char *database, GError **error);
bool drill_files_end(Drill *drill, GError **error);
/* When the oldest row of a file that is missing was written; 0: none is; -1: not known. Of all of it, from the moment
 * back; -1: it was not looked at, or is not known. */
usec_t drill_files_lost_since(Session *session, const struct filestore_proof *proof);
usec_t drill_filestore_gap(const Drill *drill);
bool drill_arrive(Drill *drill, GError **error);
/* With target latest: whether the archive ends where the catalog has it; a deviation where it does not. */
void drill_compare_claim(Drill *drill);
bool drill_claim_holds(const Drill *drill); /* where there is one */
bool drill_check_paused(Drill *drill, GError **error);
/* What is in the databases and files at the moment: at the pause, or behind promotion where drill->locked. */
bool drill_check_moment(Drill *drill, GError **error);
bool drill_promote(Drill *drill, GError **error);
bool drill_requeue(Drill *drill, GError **error);
bool drill_neutralize(Drill *drill, GError **error);
bool drill_check_app(Drill *drill, GError **error);
bool drill_control(Drill *drill, GError **error);
/* [extended]; the server may be gone afterwards. */
bool drill_check_extended(Drill *drill, GError **error);
/* The service has captures of its configuration; the newest that was complete at the moment, or NULL; a check of it. */
bool drill_has_configuration(const Drill *drill);
const Manifest *drill_configuration_at(const Drill *drill);
/* After a pass: what later captures are compared with. */
void drill_note_configuration(Drill *drill);
void drill_check_configuration(Drill *drill, const struct plan_check *check);
/* A check of type command. False only with STOPPED. */
bool drill_check_by_command(Drill *drill, const struct plan_check *check, GError **error);
/* Those of stage app on the database that is served now. */
bool drill_check_commands(Drill *drill, GError **error);
/* Of what was measured, once all else is done. */
void drill_check_figures(Drill *drill);
/* The proof of the filestore, of each of Odoo's databases that the check is for. */
bool drill_check_files(Drill *drill, const struct plan_check *check, GError **error);
/* All checks of a stage that need no application. */
bool drill_check_stage(Drill *drill, enum plan_stage stage, GError **error);
/* What each says before it begins; NULL: nothing. */
json_t *drill_announce_preflight(const Drill *drill);
json_t *drill_announce_place(const Drill *drill);
json_t *drill_announce_restore(const Drill *drill);
json_t *drill_announce_arrival(const Drill *drill);

/* In the audit chain, durable; takes data. */
bool drill_append(const Drill *drill, enum audit_event event, json_t *data, GError **error);
/* A file of the plan, by its name there; NULL: it has none. g_free. */
char *drill_plan_text(const Drill *drill, const char *name);
struct evidence drill_evidence(const Drill *drill);
/* How the target was chosen, for chain and record. New reference. */
json_t *drill_target_json(const struct drill_target *target);
/* A span of the main thread: begins now, closed by drill_span_end. */
usec_t drill_span_begin(void);
void drill_span_end(Drill *drill, enum drill_phase phase, const char *component, usec_t from,
		    bool drill_only);
void drill_progress(const Drill *drill, const struct restore_progress *progress);
void drill_deviate(Drill *drill, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Beside the record that is signed; what goes wrong is a note. */
void drill_write_reports(Drill *drill);

/* All states, within its time-limit; what went wrong is in drill->failure. */
void drill_go_through(Drill *drill);
/* Judges it: sets outcomes, outcome and record. */
void drill_judge(Drill *drill);
/* Ends what runs in the sandbox, if there is one; how many there were. Of any thread. */
unsigned drill_end_inhabitants(Drill *drill);
/* Ends what runs, removes what lies about, and says in drill->teardown what is left. */
bool drill_tear_down(Drill *drill, GError **error);
/* Judged, signed, stored, torn down and attested; the first thing that goes wrong is the error. */
void drill_conclude(Drill *drill, GError **error);

#endif
