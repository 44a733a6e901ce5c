#include "cli/drill/lab.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

static const struct {
	const char *name;
	enum store_lab_fault fault;
	const char *part; /* of the names of objects; NULL: known once the WAL is */
} faults[] = {
	{"wal-gap", STORE_LAB_HIDE, NULL},
	{"bitflip", STORE_LAB_FLIP, "pack/"},
	{"slow", STORE_LAB_SLOW, "pack/"},
	{"expired-credential", STORE_LAB_REFUSE, ""},
};

void drill_lab_free(DrillLab *lab)
{
	if (!lab)
		return;
	if (lab->folder) {
		file_remove_tree(lab->folder, NULL);
		file_lock_release(&lab->lock);
	}
	g_free(lab->folder);
	g_free(lab);
}

static bool fail_fault(const char *fault, GError **error)
{
	const char *names[G_N_ELEMENTS(faults) + 1] = {NULL};

	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
		names[i] = faults[i].name;

	g_autofree char *list = suggest_list(names);
	g_autofree char *near = suggest_phrase(fault, names);

	return *near ? odr_fail(error, ODR_ERROR_USAGE, "--inject: there is no fault '%s'%s", fault,
				near)
		     : odr_fail(error, ODR_ERROR_USAGE,
				"--inject: there is no fault '%s'; there are %s", fault, list);
}

bool drill_lab_asked(const struct arguments *arguments, DrillLab **lab, GError **error)
{
	const char *fault = arguments_text(arguments, "inject");

	if (arguments_flag(arguments, "lab") != (fault != NULL))
		return odr_fail(
			error, ODR_ERROR_USAGE,
			"--lab and --inject FAULT go together: a lab is a drill that is given "
			"a fault");
	if (!fault)
		return true;
	if (arguments_flag(arguments, "if-due"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"a lab is never due, as it does not count; leave --if-due out");
	for (size_t i = 0; i < G_N_ELEMENTS(faults); i++) {
		if (strcmp(faults[i].name, fault) != 0)
			continue;
		*lab = g_new0(DrillLab, 1);
		(*lab)->fault = faults[i].name;
		(*lab)->store =
			(struct store_lab){.fault = faults[i].fault, .part = faults[i].part};
		return true;
	}
	return fail_fault(fault, error);
}

bool drill_lab_begin(DrillLab *lab, const char *spool, GError **error)
{
	g_autofree char *folder = g_build_filename(spool, "lab", NULL);
	g_autofree char *lock = g_strconcat(folder, ".lock", NULL);

	if (!file_lock_take(&lab->lock, lock, 0, error))
		return odr_context(error, "there is one lab at a time");
	lab->folder = g_steal_pointer(&folder);
	/* One that was killed left its own. */
	return file_remove_tree(lab->folder, error) && file_make_dirs(lab->folder, 0700, error);
}

/* It was stopped, or could not be carried out: then it says so itself. */
static bool is_judged(enum drill_outcome outcome)
{
	return outcome != OUTCOME_ABORTED && outcome != OUTCOME_REFUSED && outcome != OUTCOME_ERROR;
}

static bool is_red(enum drill_outcome outcome)
{
	return outcome == OUTCOME_FAIL_RESTORE || outcome == OUTCOME_FAIL_CHECK ||
	       outcome == OUTCOME_FAIL_OBJECTIVE;
}

bool drill_lab_judge(const DrillLab *lab, const struct drill_result *result, GError **error)
{
	const char *outcome = drill_outcome_name(result->outcome);

	if (!is_judged(result->outcome))
		return true;
	if (lab->store.met == 0)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the drill never met the fault %s, and shows nothing (%s)",
				lab->fault, outcome);
	if (is_red(result->outcome))
		return true;
	if (lab->store.fault == STORE_LAB_SLOW)
		return odr_fail(error, ODR_ERROR_FAILED,
				"the drill was slower, and nobody noticed (%s): give the plan an "
				"objective or a check of type span that this breaks",
				outcome);
	return odr_fail(error, ODR_ERROR_FAILED, "the fault %s was not noticed (%s)", lab->fault,
			outcome);
}
