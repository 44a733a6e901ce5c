#ifndef ODR_DRILL_PLAN_READING_H
#define ODR_DRILL_PLAN_READING_H

#include "base/keyfile.h"
#include "drill/plan/keys.h"

/* A plan while it is read: its steps, in order, are those of drill_plan_parse. */
struct plan_reading {
	DrillPlan *plan;
	Keyfile *keyfile;
	const struct plan_source *source;
	struct plan_defaults defaults;
	char *folder; /* of the plan */
};

/* One key of one group: where it is written, and where its value goes. */
struct plan_place {
	struct plan_reading *reading;
	const struct plan_key *key;
	const char *group;
	unsigned line; /* 0: the value is the default */
	void *target;  /* what the key's offset is of */
};
bool plan_value_store(const struct plan_place *place, const char *text, GError **error);
/* The items of a list as written, without blanks around them and empty ones; never NULL; g_strfreev. */
char **plan_value_items(const char *text);
/* USAGE "FILE:LINE: key: …" of a key that is written, or of its group. */
bool plan_fail(const struct plan_reading *reading, const char *group, const char *key,
	       GError **error, const char *format, ...) G_GNUC_PRINTF(5, 6);
/* "FILE:LINE: key: " in front of what was wrong with it. */
bool plan_fail_with(const struct plan_reading *reading, const char *group, const char *key,
		    GError *cause, GError **error);

/* That every group and key is known, and what they say: in the plan, or by default (fill.c). */
bool plan_check_names(const Keyfile *keyfile, GError **error);
bool plan_fill(struct plan_reading *reading, GError **error);
/* What texts mean (moment.c: moments; meaning.c: the rest). */
bool plan_read_moment(struct plan_reading *reading, GError **error);
bool plan_read_meaning(struct plan_reading *reading, GError **error);
/* Whether all of it can be carried out, and is no less than the configuration asks for (lint.c). */
bool plan_lint(struct plan_reading *reading, GError **error);
/* What a shipped file is called in a plan's files, or one beside it; USAGE for what may not be named. suffix: ".sql". */
char *plan_file_name(const char *text, const char *suffix, GError **error);
/* Everything that it names, steps of scenarios, the hash (files.c). */
bool plan_load_files(struct plan_reading *reading, const char *text, size_t size, GError **error);

#endif
