#ifndef ODR_DRILL_ENGINE_REPLICA_H
#define ODR_DRILL_ENGINE_REPLICA_H

#include "base/background.h"
#include "drill/engine/feeder.h"
#include "drill/engine/isolation.h"
#include "drill/measure/span.h"
#include "ops/restore/restore.h"
#include "pg/instance.h"
#include "pg/server_log.h"

/*
 * A cluster at a moment, out of a repository: restored into a folder that is thrown away, and run by a private server to
 * which everything else of the file system is read-only and that has no network. What it asks of the archive it gets from
 * a feeder. To a moment it rests there; to the end of the archive it rests once absence of more is proven.
 */
struct replica_request {
	Repo *repo;
	const Identity *identity;
	const struct restore_plan *plan;
	const struct restore_target *target; /* RECOVERY_DEFAULT: the end of the archive */
	uint32_t database;   /* OID: of relation files only those of this one; 0: all */
	const char *folder;  /* absolute, short: data, pg, tablespaces and feed are made in it */
	const char *bin;     /* programs of PostgreSQL; NULL: looked for */
	const char *program; /* ours, absolute: archive-get --feeder */
	const struct archive_get_request *get; /* as struct feeder_settings has it */
	const char *const *probes;	       /* as isolation_prove; NULL: only what is nobody's */
	bool host_network;		       /* the plan gives a reason */
	const struct process_limits *limits;   /* of its server; NULL: ours */
	const struct background_ground *ground; /* as struct background_request has it */
	uint64_t shared_buffers; /* these three as struct instance_settings has them */
	const char *const *libraries;
	const struct instance_parameter *parameters;
	const char *spool, *run_id;
	unsigned workers;
	GArray *spans; /* struct drill_span: what it took is added */
	void (*progress)(void *data, const struct restore_progress *progress);
	void *progress_data;
};
typedef struct replica Replica;
/* All must outlive it. */
Replica *replica_new(const struct replica_request *request);
void replica_free(Replica *replica); /* ends the server; the folder stays */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replica, replica_free)

/* One after another. */
bool replica_restore(Replica *replica, struct restore_result *result, GError **error);
/* Starts the server, and proves where that runs; *isolation is set whatever comes (zeroed with host_network). */
bool replica_start(Replica *replica, struct isolation *isolation, GError **error);
bool replica_replay(Replica *replica, GError **error);
/* Whether the files of the one database were enough (ops/tenant/single.h); what rests is looked at. */
bool replica_examine(const Replica *replica, const char *database, char **reason, GError **error);
/* Ends its server and removes what was restored, so that it can begin again. */
bool replica_clear(Replica *replica, GError **error);

/* Where it rests. */
struct replica_arrival {
	lsn_t lsn;	    /* end of what was replayed */
	usec_t last_commit; /* newest transaction; 0: none in what was replayed */
	uint32_t timeline;
	char *reason; /* the server's own sentence, or that the archive ended */
	char absent[WAL_SEGMENT_NAME_SIZE]; /* segment that is not there; "" */
};
void replica_arrival_clear(struct replica_arrival *arrival);
bool replica_arrival(Replica *replica, struct replica_arrival *arrival, GError **error);

bool replica_promote(Replica *replica, GError **error);

char *replica_conninfo(const Replica *replica); /* without a database; g_free */
const char *replica_log(const Replica *replica);
pid_t replica_pid(const Replica *replica); /* of the postmaster */
void replica_fed(Replica *replica, struct feeder_report *report);
const char *replica_data(const Replica *replica); /* the cluster's folder */
/* Ends the server as its operator would: everything is in its files then. */
void replica_shut_down(Replica *replica);
/* False if its server had to be killed. */
bool replica_stop(Replica *replica, GError **error);

#endif
