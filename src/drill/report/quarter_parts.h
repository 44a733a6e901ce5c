#ifndef ODR_DRILL_REPORT_QUARTER_PARTS_H
#define ODR_DRILL_REPORT_QUARTER_PARTS_H

#include "drill/report/quarter.h"

/* Steps of quarter_compute, for each service in this order. */
void quarter_gather_attempts(struct quarter_result *result, const struct quarter_request *request);
void quarter_count_attempts(struct quarter_result *result);
void quarter_measure_exposure(struct quarter_result *result, const Quarter *quarter);
/* The worst of its parts. */
void quarter_judge_rpo(struct quarter_result *result, const Quarter *quarter);
void quarter_judge_rto(struct quarter_result *result);
void quarter_judge_integrity(struct quarter_result *result, const Quarter *quarter);
void quarter_gather_incidents(struct quarter_result *result, const struct quarter_request *request);
void quarter_judge_incidents(struct quarter_result *result); /* after RPO and RTO */
void quarter_judge_coverage(struct quarter_result *result, const Quarter *quarter);
void quarter_add_service_processes(Quarter *quarter, const struct quarter_result *result);
void quarter_process_free(void *process);
/* Applies what is exempt of a service, or of one of its processes. */
void quarter_exempt(const struct quarter_service *service, const char *process,
		    enum quarter_kind kind, usec_t now, struct objective_verdict *verdict);

/* Sections of a quarterly report, in the files quarter_*.c. */
void quarter_add_page(Document *document, const Quarter *quarter, const Quarter *before);
void quarter_add_proven(Document *document, const Quarter *quarter);
void quarter_add_exposure(Document *document, const Quarter *quarter);
void quarter_add_recovery(Document *document, const Quarter *quarter);
void quarter_add_matrix(Document *document, const Quarter *quarter);
void quarter_add_processes(Document *document, const Quarter *quarter);
/* Each check over the drills that count, of one service; nothing where there was none. */
void quarter_add_checks(Document *document, const Quarter *quarter,
			const struct quarter_result *result);
void quarter_add_files(Document *document, const Quarter *quarter);
void quarter_add_incident_sentence(Document *document, const struct quarter_result *result);
void quarter_add_posture(Document *document, const Quarter *quarter);
void quarter_add_custody(Document *document, const Quarter *quarter); /* in the posture */
void quarter_add_incidents(Document *document, const Quarter *quarter);
void quarter_add_findings(Document *document, const Quarter *quarter);
void quarter_add_method(Document *document, const Quarter *quarter);
void quarter_add_standards(Document *document);
void quarter_add_evidence(Document *document, const Quarter *quarter);
void quarter_add_signatures(Document *document);

/* What that section says. New reference. */
json_t *quarter_custody_json(const Quarter *quarter, const struct quarter_service *service);

json_t *quarter_findings_json(const Quarter *quarter);

/* The first drill of the same plan, until the data end, that passed after this one; NULL: there was none. */
const Reading *quarter_green_again(const Quarter *quarter, const Reading *reading);
/* A drill of the service found that, up to the end of the period, and none has closed it. */
bool quarter_is_open(const Quarter *quarter, const char *service, const char *finding);

/* Every attempt of the period, of all services: index from 0; NULL: no more. */
const struct quarter_attempt *quarter_attempt_at(const Quarter *quarter, guint index);

#endif
