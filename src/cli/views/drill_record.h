#ifndef ODR_CLI_VIEWS_DRILL_RECORD_H
#define ODR_CLI_VIEWS_DRILL_RECORD_H

#include "base/json.h"

#include <stdbool.h>

/* What a drill came to, for people, from its record (odrbackup-evidence(5)). */
void drill_record_print(json_t *record);

#endif
