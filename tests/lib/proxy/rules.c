#include "rules.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name;
	enum fault_kind kind;
	guint arguments; /* at least */
} kinds[] = {
	{"reset-before", FAULT_RESET_BEFORE, 0},
	{"stall-before", FAULT_STALL_BEFORE, 0},
	{"status", FAULT_STATUS, 1},
	{"answer", FAULT_ANSWER, 2},
	{"reset-sending", FAULT_RESET_SENDING, 0},
	{"stall-sending", FAULT_STALL_SENDING, 0},
	{"reset-after", FAULT_RESET_AFTER, 0},
	{"stall-after", FAULT_STALL_AFTER, 0},
	{"status-after", FAULT_STATUS_AFTER, 1},
	{"reset-within", FAULT_RESET_WITHIN, 0},
	{"close-within", FAULT_CLOSE_WITHIN, 0},
	{"stall-within", FAULT_STALL_WITHIN, 0},
	{"flip-sent", FAULT_FLIP_SENT, 0},
	{"flip", FAULT_FLIP, 0},
	{"cut", FAULT_CUT, 1},
	{"more", FAULT_MORE, 1},
	{"double", FAULT_DOUBLE, 0},
	{"announce", FAULT_ANNOUNCE, 1},
	{"drip", FAULT_DRIP, 1},
	{"header", FAULT_HEADER, 1},
	{"delay", FAULT_DELAY, 1},
};

struct rule {
	char **words; /* method, target, numbers, fault, arguments */
	enum fault_kind kind;
	unsigned long first, last, count;
};

struct rules {
	const char *path;
	int log;
	pthread_mutex_t mutex; /* guards what follows */
	struct stat seen;
	GArray *list; /* struct rule */
};

void fault_clear(Fault *fault)
{
	g_clear_pointer(&fault->arguments, g_strfreev);
}

long fault_number(const Fault *fault)
{
	return strtol(fault->arguments[0], NULL, 10);
}

static void rule_clear(void *data)
{
	struct rule *rule = data;

	g_strfreev(rule->words);
}

static bool numbers_parse(const char *text, struct rule *rule)
{
	char *end;

	rule->first = 1;
	rule->last = G_MAXULONG;
	if (strcmp(text, "*") == 0)
		return true;
	rule->first = strtoul(text, &end, 10);
	if (end == text)
		return false;
	if (*end == '\0')
		rule->last = rule->first;
	else if (*end == '-' && end[1])
		rule->last = strtoul(end + 1, &end, 10);
	else if (*end == '-')
		end++;
	return *end == '\0';
}

static bool rule_parse(const char *line, struct rule *rule)
{
	guint count;

	rule->words = g_strsplit_set(line, " \t", -1);
	count = g_strv_length(rule->words);
	if (count < 4 || !numbers_parse(rule->words[2], rule))
		return false;
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].name, rule->words[3]) == 0) {
			rule->kind = kinds[i].kind;
			return count - 4 >= kinds[i].arguments;
		}
	return false;
}

static void rules_read(struct rules *rules)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	g_array_set_size(rules->list, 0);
	if (!g_file_get_contents(rules->path, &text, NULL, NULL))
		return;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		struct rule rule = {0};

		if (**line == '#' || **line == '\0')
			continue;
		if (!rule_parse(*line, &rule)) {
			fprintf(stderr, "proxy: this is no rule: %s\n", *line);
			exit(2);
		}
		g_array_append_val(rules->list, rule);
	}
}

static void rules_refresh(struct rules *rules)
{
	struct stat now = {0};

	if (!rules->path)
		return;
	if (stat(rules->path, &now) == 0 && now.st_ino == rules->seen.st_ino &&
	    now.st_mtim.tv_sec == rules->seen.st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == rules->seen.st_mtim.tv_nsec)
		return;
	rules->seen = now;
	rules_read(rules);
}

struct rules *rules_new(const char *path, const char *log_path)
{
	struct rules *rules = g_new0(struct rules, 1);

	rules->path = path;
	rules->log =
		log_path ? open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
	rules->list = g_array_new(false, false, sizeof(struct rule));
	g_array_set_clear_func(rules->list, rule_clear);
	pthread_mutex_init(&rules->mutex, NULL);
	return rules;
}

static bool rule_fits(const struct rule *rule, const char *method, const char *target)
{
	return (strcmp(rule->words[0], method) == 0 ||
		(strcmp(rule->words[0], "*") == 0 && strcmp(method, "CONNECT") != 0)) &&
	       fnmatch(rule->words[1], target, 0) == 0;
}

/* All rules count; the first whose turn it is acts. */
static const struct rule *rules_count(struct rules *rules, const char *method, const char *target)
{
	const struct rule *found = NULL;

	for (guint i = 0; i < rules->list->len; i++) {
		struct rule *rule = &g_array_index(rules->list, struct rule, i);

		if (!rule_fits(rule, method, target))
			continue;
		rule->count++;
		if (!found && rule->count >= rule->first && rule->count <= rule->last)
			found = rule;
	}
	return found;
}

void rules_take(struct rules *rules, const char *method, const char *target, Fault *fault)
{
	const struct rule *rule;

	*fault = (Fault){0};
	pthread_mutex_lock(&rules->mutex);
	rules_refresh(rules);
	rule = rules_count(rules, method, target);
	if (rule) {
		fault->kind = rule->kind;
		fault->arguments = g_strdupv(rule->words + 4);
	}
	if (rules->log >= 0)
		dprintf(rules->log, "%s %s %s\n", method, target, rule ? rule->words[3] : "-");
	pthread_mutex_unlock(&rules->mutex);
}
