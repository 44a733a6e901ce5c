#ifndef ODR_DRILL_ENGINE_RECORD_H
#define ODR_DRILL_ENGINE_RECORD_H

#include "drill/engine/engine.h"

/*
 * Members of a drill's record, as odrbackup-evidence(5) has them, from what the states found; record.c puts them together.
 * All are new references, and json_null where a drill did not come so far.
 */

/* record.c: this program. */
json_t *drill_record_software(void);

/* record_source.c */
json_t *drill_record_run(const Drill *drill);
json_t *drill_record_source(const Drill *drill);
json_t *drill_record_databases(const Drill *drill);
json_t *drill_record_limits(const Drill *drill);
json_t *drill_record_target(const Drill *drill);
json_t *drill_record_isolation(const Drill *drill);
json_t *drill_record_arrival(const Drill *drill);

/* record_time.c */
json_t *drill_record_spans(const Drill *drill);
json_t *drill_record_path(const Drill *drill);
json_t *drill_record_measured(const Drill *drill, const struct drill_measured *measured);

/* record_processes.c: from t_cmd until what a process rests on was ready and its last gate passed, with assumptions; -1 with
 * what is missing (g_free). */
usec_t drill_process_rta(const Drill *drill, const struct plan_process *process, char **missing);
usec_t drill_component_rta(const Drill *drill, enum plan_component component); /* -1: not reached */
json_t *drill_record_component_rta(const Drill *drill);
json_t *drill_record_process_rta(const Drill *drill);

/* record_objectives.c; *missed counts those that are. */
json_t *drill_record_objectives(const Drill *drill, const struct drill_measured *measured,
				unsigned *missed);
json_t *drill_record_assumptions(const Drill *drill);

/* record_regime.c; the regime (g_free) is NULL, and the worst case null, where a drill did not come so far. */
char *drill_record_regime(const Drill *drill);
json_t *drill_record_worst(const Drill *drill, const struct drill_measured *measured,
			   const char *regime);

/* record_findings.c */
json_t *drill_record_checks(const Drill *drill);
json_t *drill_record_files(const Drill *drill);
json_t *drill_record_unassessed(const Drill *drill);
json_t *drill_record_logs(const Drill *drill);
json_t *drill_record_failure(const Drill *drill);
/* What somebody has to see to, by the checks and objectives of the record; its id is the same in the next drill. */
json_t *drill_record_found(const Drill *drill, const json_t *record);
json_t *drill_record_end_of_wal(const Drill *drill);

#endif
