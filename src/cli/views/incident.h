#ifndef ODR_CLI_VIEWS_INCIDENT_H
#define ODR_CLI_VIEWS_INCIDENT_H

#include "drill/report/incident.h"

void incident_print(const Incident *incident);
void incident_list_print(const GPtrArray *incidents);
/* New reference. */
json_t *incident_list_json(const GPtrArray *incidents);

#endif
