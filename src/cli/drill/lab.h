#ifndef ODR_CLI_DRILL_LAB_H
#define ODR_CLI_DRILL_LAB_H

#include "base/file.h"
#include "cli/line/arguments.h"
#include "drill/drill.h"

/*
 * drill run --lab --inject FAULT: a drill that is given something wrong, which it has to find. It reads the repositories,
 * and what it reads is altered; it has an audit chain of its own, which goes with it, and leaves no evidence.
 */
typedef struct drill_lab DrillLab;
struct drill_lab {
	const char *fault; /* its name */
	struct store_lab store;
	char *folder; /* state of the lab; NULL: not begun */
	struct file_lock lock;
};
void drill_lab_free(DrillLab *lab);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DrillLab, drill_lab_free)
/* *lab NULL: the command line asks for none. USAGE errors. */
bool drill_lab_asked(const struct arguments *arguments, DrillLab **lab, GError **error);
/* Makes its folder below spool, which is there; BUSY where another lab has it. */
bool drill_lab_begin(DrillLab *lab, const char *spool, GError **error);
/* It went red, and by what it was given: else the error says what of that is not so. */
bool drill_lab_judge(const DrillLab *lab, const struct drill_result *result, GError **error);

#endif
