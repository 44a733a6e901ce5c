#ifndef ODR_DRILL_PLAN_PLAN_H
#define ODR_DRILL_PLAN_PLAN_H

#include "base/clock.h"
#include "crypto/digest.h"
#include "drill/draw/draw.h"
#include "drill/plan/http_step.h"

/*
 * The plan of a drill (odrbackup-drill(5)): a file of groups and keys with other files beside it. Every group and key
 * stands once, in a table (keys.c), which the parser, explain and the test of the manual read. Nobody is believed:
 * a plan that parses is one that can be carried out as it says, and every message begins with "FILE:LINE: ".
 */
#define PLAN_SUFFIX	    ".plan"
#define PLAN_FILE_MAX	    ((size_t)1 << 20) /* bytes of a file that it names */
#define PLAN_FILES_MAX	    1000
#define PLAN_CHECKS_MAX	    200
#define PLAN_BUILTIN_PREFIX "builtin:"
/* Run in every plan. */
#define PLAN_SQL_NEUTRALIZED "builtin/neutralized.sql"
#define PLAN_SQL_MODULES     "builtin/modules-settled.sql"
#define PLAN_SQL_SEQUENCES   "builtin/sequences-ahead.sql"

enum plan_kind {
	PLAN_RESTORE,
	PLAN_KIT, /* with the repository, a recovery kit and the program: no catalog, no configuration */
	PLAN_VERIFY, /* objects are read; no server */
};
enum plan_slot { PLAN_DAILY, PLAN_WEEKLY, PLAN_MONTHLY, PLAN_QUARTERLY };
const char *plan_kind_name(enum plan_kind kind);
const char *plan_slot_name(enum plan_slot slot);

/* When a drill may run, in the plan's zone. */
struct plan_window {
	bool given;
	unsigned days;	   /* on which it begins: bit 0 is Monday */
	unsigned from, to; /* minutes of the day; to <= from: it goes past midnight */
};

enum plan_target_kind {
	PLAN_TARGET_RANDOM, /* drawn, by the weights of mix */
	PLAN_TARGET_WORST,
	PLAN_TARGET_EDGE,
	PLAN_TARGET_LATEST,
	PLAN_TARGET_OLDEST,
	PLAN_TARGET_IMMEDIATE,
	PLAN_TARGET_ANCHOR_LATEST,
	PLAN_TARGET_ANCHOR_RANDOM,
	PLAN_TARGET_ANCHOR, /* of that id: text */
	PLAN_TARGET_AGO,
	PLAN_TARGET_NAME,
	PLAN_TARGET_TIME,
	PLAN_TARGET_LSN,
	PLAN_TARGET_XID,
};
struct plan_target {
	enum plan_target_kind kind;
	char *text;	      /* as written: "name:before-upgrade" */
	const char *argument; /* behind the colon, in text; NULL: none */
	usec_t time;	      /* TIME: the moment; AGO: so long before the drill */
	lsn_t lsn;
};

/* As a plan has it; USAGE. Clear what was parsed. */
bool plan_target_parse(const char *text, struct plan_target *target, GError **error);
void plan_target_clear(struct plan_target *target);

struct plan_select {
	struct plan_target target;
	char **mix_text;
	GArray *mix; /* struct draw_weight, in order; a sum above 0 */
	usec_t window, margin;
	char *database;	  /* the only one that is recovered; NULL: the whole cluster is */
	char *repository; /* NULL: the one least recently drilled */
	char *set;	  /* auto, latest, oldest, random or an id */
	uint64_t max_wal; /* bytes to replay; 0: no limit */
	char *nonce_file; /* absolute; NULL: none */
};

enum plan_discard { PLAN_DISCARD_DELETE, PLAN_DISCARD_BLKDISCARD, PLAN_DISCARD_DROP_KEY };
struct plan_sandbox {
	char *directory; /* absolute; NULL only with kind=verify */
	char *marker;
	char *postgres_bin; /* NULL: looked for */
	uint64_t memory;
	unsigned jobs, cpu_weight, io_weight;
	usec_t time_limit, keep_failed;
	int discard; /* enum plan_discard */
};

enum plan_network { PLAN_NETWORK_NONE, PLAN_NETWORK_HOST };
enum plan_namespace {
	PLAN_NAMESPACE_AUTO,
	PLAN_NAMESPACE_UNSHARE,
	PLAN_NAMESPACE_SERVICE,
	PLAN_NAMESPACE_CONTAINER
};
struct plan_isolation {
	int network, namespace; /* enum plan_network, plan_namespace */
	char *reason;		/* of network=host */
	char **probe;		/* HOST:PORT, NULL-terminated; never NULL */
};

struct plan_parameter {
	char *name, *value;
};
struct plan_postgresql {
	char **libraries; /* that may be preloaded */
	char **set_text;
	GPtrArray *set; /* struct plan_parameter */
	uint64_t shared_buffers;
	char **log_allow; /* regular expressions, as GRegex has them */
};

/* What a service consists of, each with a recovery point of its own. */
enum plan_component {
	PLAN_DATABASE,
	PLAN_FILESTORE,
	PLAN_CONFIG,
	PLAN_INTEGRATION,
	PLAN_COMPONENTS
};
const char *plan_component_name(enum plan_component component);

struct plan_objectives {
	/* 0: no objective. Those of components are those of the whole where nothing else is said, but rpo-config. */
	usec_t rpo, rto, component_rpo[PLAN_COMPONENTS], component_rto[PLAN_COMPONENTS];
	usec_t target_gap;
	usec_t assume_detect, assume_decide, assume_cutover; /* 0: none */
};

enum plan_requeue { PLAN_REQUEUE_REHEARSE, PLAN_REQUEUE_OFF };
enum plan_neutralize { PLAN_NEUTRALIZE_ODOO, PLAN_NEUTRALIZE_SQL, PLAN_NEUTRALIZE_NONE };
struct plan_neutralizing {
	int mode; /* enum plan_neutralize */
	char *reason;
	char **files; /* further SQL files, in order; never NULL */
	char *after;  /* file */
};

enum plan_amcheck { PLAN_AMCHECK_OFF, PLAN_AMCHECK_SAMPLE, PLAN_AMCHECK_ALL };
struct plan_extended {
	char *amcheck_text;
	enum plan_amcheck amcheck;
	unsigned sample; /* relations */
	bool checksums;
};

struct plan_odoo {
	bool given; /* the plan has the group: the service is checked through Odoo */
	bool start;
	char **command;	     /* argument vector with %c and %d; NULL: none */
	char *configuration; /* file; NULL: the captured one */
	char *health;
	usec_t start_limit;
	char *login; /* file */
};

/* How results of a check are judged. */
enum plan_expect_kind {
	PLAN_EXPECT_KIND, /* by the kind of the SQL file */
	PLAN_EXPECT_ASSERT,
	PLAN_EXPECT_BASELINE,
	PLAN_EXPECT_ANCHOR,
	PLAN_EXPECT_EQ,
	PLAN_EXPECT_NE,
	PLAN_EXPECT_LT,
	PLAN_EXPECT_LE,
	PLAN_EXPECT_GT,
	PLAN_EXPECT_GE,
	PLAN_EXPECT_BETWEEN,
	PLAN_EXPECT_IN,
	PLAN_EXPECT_MATCH,
	PLAN_EXPECT_EMPTY,
	PLAN_EXPECT_NONEMPTY,
	PLAN_EXPECT_ROWS, /* op is one of EQ … GE */
	PLAN_EXPECT_HASH,
	PLAN_EXPECT_FILE,
	PLAN_EXPECT_EQUAL, /* type compare */
	PLAN_EXPECT_DELTA,
	PLAN_EXPECT_RATIO,
};
enum plan_anchor { PLAN_ANCHOR_ANY, PLAN_ANCHOR_EXACT, PLAN_ANCHOR_BOUNDED, PLAN_ANCHOR_TOLERANCE };
struct plan_expect {
	enum plan_expect_kind kind, op;
	enum plan_anchor anchor;
	char **values; /* operands, as written; never NULL */
};
/* Pure; for type sql, or compare. USAGE errors without FILE:LINE. */
bool plan_expect_parse(const char *text, bool compare, struct plan_expect *expect, GError **error);
void plan_expect_clear(struct plan_expect *expect);

/* What runs when (DRILLS.md 7). */
enum plan_stage {
	PLAN_STAGE_PAUSED,	/* at the target, before promotion: read only */
	PLAN_STAGE_PROMOTED,	/* may be written */
	PLAN_STAGE_NEUTRALIZED, /* and talks to nobody any more */
	PLAN_STAGE_APP,		/* Odoo answers */
	PLAN_STAGE_EXTENDED,	/* outside the measured time */
	PLAN_STAGES
};
enum plan_severity { PLAN_SEVERITY_FAIL, PLAN_SEVERITY_WARN, PLAN_SEVERITY_INFO };
const char *plan_stage_name(enum plan_stage stage);
const char *plan_severity_name(enum plan_severity severity);

enum plan_check_type {
	PLAN_CHECK_POSTGRES,
	PLAN_CHECK_ODOO_DATABASE,
	PLAN_CHECK_FILESTORE,
	PLAN_CHECK_CONFIG,
	PLAN_CHECK_HEARTBEAT,
	PLAN_CHECK_NEUTRALIZED,
	PLAN_CHECK_SQL,
	PLAN_CHECK_COMPARE,
	PLAN_CHECK_TREND,
	PLAN_CHECK_HTTP,
	PLAN_CHECK_COMMAND,
	PLAN_CHECK_LOG,
	PLAN_CHECK_SPAN,
	PLAN_CHECK_REPOSITORY, /* of kind=verify and kind=kit: no plan names these two */
	PLAN_CHECK_KIT,
	PLAN_CHECK_TYPES
};
enum plan_filestore_mode { PLAN_FILESTORE_EXIST, PLAN_FILESTORE_SIZE, PLAN_FILESTORE_SHA1 };
enum plan_outside { PLAN_OUTSIDE_WARN, PLAN_OUTSIDE_FAIL };
enum plan_references { PLAN_REFERENCES_RESOLVE, PLAN_REFERENCES_LIST };
enum plan_log_source { PLAN_LOG_POSTGRES, PLAN_LOG_ODOO };

/* A group [check NAME], or one that runs in every plan. Keys that its type does not have are at their defaults. */
struct plan_check {
	char *name, *title; /* title: NULL: none */
	unsigned line;	    /* 0: not in the file: it runs always */
	enum plan_check_type type;
	char **process; /* as written, or those of the configuration that list it; never NULL */
	enum plan_stage stage;
	bool gate;
	int severity;	/* enum plan_severity */
	char *database; /* NULL: every one that the check is for */
	usec_t time_limit;
	unsigned retries;
	bool redact;
	char *owner, *document;

	/* postgres */
	bool page_checksums, collation, extensions, roles, invalid_indexes;
	/* odoo-database */
	bool modules_settled, code_present, sequences;
	int attachments_outside; /* enum plan_outside */
	/* filestore */
	int mode; /* enum plan_filestore_mode */
	char *sample_text;
	unsigned sample_ppm;		 /* of a million: 1000000 is all */
	unsigned sample_min, sample_max; /* files; 0: none */
	unsigned allow_missing;
	/* config */
	char **require;
	int references; /* enum plan_references */
	/* heartbeat */
	unsigned gap; /* intervals */
	/* sql, compare, trend */
	char *sql;	   /* file */
	char *expect_text; /* NULL: as the kind of the file has it */
	struct plan_expect expect;
	bool allow_empty;
	char *tolerance; /* a decimal number; NULL: 0 */
	char *file;	 /* file: expected rows */
	bool ordered;
	char *source; /* of compare: a connection string, read only */
	char *figure; /* trend, span: name of a figure or of a phase */
	char *within_text;
	unsigned within_percent, median_of; /* trend: within P% of median N */
	/* http */
	GPtrArray *steps; /* struct http_step; of the scenario where one is named; never NULL */
	char *scenario;	  /* file; NULL: steps of the plan's own */
	usec_t max_time;
	/* command */
	char **command;
	/* log */
	int log_source;		/* enum plan_log_source */
	char **forbid, **allow; /* regular expressions */
	/* span */
	usec_t at_most;
};

/* Damage that is planted in the copy, and rolled back: the check has to see it. */
struct plan_control {
	char *name;
	unsigned line;
	char *check; /* name of a check of this plan, of type sql */
	const struct plan_check *of;
	char *sql; /* file */
};

enum plan_redact { PLAN_REDACT_NONE, PLAN_REDACT_HASH, PLAN_REDACT_DROP };
struct plan_evidence {
	char **formats; /* json, html, markdown, junit, csv */
	char *key;	/* name of a credential; NULL: none */
	bool store;
	usec_t retain;
	int redact; /* enum plan_redact */
};
struct plan_notify {
	char **on_pass, **on_fail, **on_missed, **on_abandoned; /* names; never NULL */
};

/*
 * A file that the plan names. "builtin:account-balanced" in the plan is a shipped one; others lie in the plan's folder or
 * below. name is what the hash of the plan calls it, and what other members that name a file hold:
 * "builtin/account-balanced.sql", "erp-weekly/login.json". An SQL file brings its variants for single versions of Odoo
 * (NAME.v14-16.sql).
 */
struct plan_file {
	char *name, *path;
	GBytes *content;
	char sha256[2 * SHA256_SIZE + 1];
};

/* A business process of the configuration. */
struct plan_process {
	const char *name;
	const char *const *components, *const *checks; /* NULL: none */
	usec_t rto;				       /* 0: none */
};

typedef struct drill_plan DrillPlan;
struct drill_plan {
	char *path; /* as it was named */
	unsigned version;
	char *name, *service, *owner, *scenario;
	enum plan_kind kind;
	struct {
		enum plan_slot slot;
		char *window_text;
		struct plan_window window;
		char *zone_name;
		GTimeZone *zone;
		usec_t max_age; /* 0: none */
	} schedule;
	struct plan_select select;
	struct plan_sandbox sandbox;
	struct plan_isolation isolation;
	struct plan_postgresql postgresql;
	struct plan_objectives objectives;
	struct {
		int mode;  /* enum plan_requeue */
		char *sql; /* file */
	} requeue;
	struct plan_extended extended;
	struct plan_neutralizing neutralize;
	struct plan_odoo odoo;
	GPtrArray *
		checks; /* struct plan_check: those that always run, then the plan's, in its order */
	GPtrArray *controls; /* struct plan_control */
	struct plan_evidence evidence;
	struct plan_notify notify;
	GPtrArray *
		processes; /* struct plan_process of its service, without checks; NULL components: none */

	GPtrArray *files; /* struct plan_file, sorted by name; the plan is one of them */
	char hash[2 * SHA256_SIZE + 1];
	GPtrArray *warnings; /* char *, "FILE:LINE: …" */
	GPtrArray *values;   /* struct plan_value: every key, in the order of the table */
};
void drill_plan_free(DrillPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrillPlan, drill_plan_free)

/* What the configuration says, and a plan may only make stricter. NULL: that is not known, and not compared. */
struct plan_defaults {
	const char *service; /* of this the rest speaks */
	struct plan_objectives objectives;
	usec_t max_age;
	const char *const *repositories, *const *collectors, *const *notifications;
	const struct plan_process *processes; /* those of the service; ends with a NULL name */
};
/* Who carries a plan out knows its service first. */
typedef bool (*plan_configuration)(void *data, const char *service, struct plan_defaults *defaults,
				   GError **error);
struct plan_source {
	const char *builtin;		  /* folder of the shipped files */
	plan_configuration configuration; /* NULL: defaults are those of the table */
	void *data;
};
/* The file, with everything it names. USAGE errors; NOT_FOUND without the file. */
DrillPlan *drill_plan_load(const char *path, const struct plan_source *source, GError **error);
/* For tests: the text alone, as if it lay at path; files are looked for beside that. */
DrillPlan *drill_plan_parse(const char *text, size_t size, const char *path,
			    const struct plan_source *source, GError **error);

/* One that was loaded, by its name. NULL: the plan does not name it. */
const struct plan_file *drill_plan_file(const DrillPlan *plan, const char *name);
/* NULL: there is none of that name. */
const struct plan_check *drill_plan_check(const DrillPlan *plan, const char *name);
/* What sha256sum prints of the files, sorted by name; its SHA-256 is the hash. g_free. */
char *drill_plan_digests(const DrillPlan *plan);
/* A moment lies in the window; true where there is none. */
bool drill_plan_in_window(const DrillPlan *plan, usec_t time);
/* The slot that a moment lies in, in the plan's zone: 2026-11-21, 2026-W47 (ISO 8601), 2026-11, 2026-Q4; g_free. */
char *drill_plan_slot(const DrillPlan *plan, usec_t time);

/* A key as explain shows it. */
struct plan_value {
	char *group, *key, *value; /* value NULL: not set */
	unsigned line;		   /* 0: not in the file */
	const char *origin;	   /* "plan", "default", "tier" */
};

#endif
