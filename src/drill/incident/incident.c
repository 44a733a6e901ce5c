#include "drill/incident/incident.h"

#include "base/error.h"
#include "base/suggest.h"

#include <string.h>

static const struct {
	const char *name, *meaning;
} marks[INCIDENT_MARKS] = {
	[INCIDENT_LOSS] = {"loss", "from here on nothing of the source counts"},
	[INCIDENT_DETECTED] = {"detected", "somebody, or something, noticed"},
	[INCIDENT_DECLARED] = {"declared", "it was called an incident"},
	[INCIDENT_DECISION] = {"decision", "it was decided to recover"},
	[INCIDENT_RESTORE_START] = {"restore-start", "the restore command was given"},
	[INCIDENT_DB_READY] = {"db-ready", "the recovered database accepted connections"},
	[INCIDENT_SERVICE_READY] = {"service-ready", "the application answered, and was checked"},
	[INCIDENT_CUTOVER] = {"cutover", "users were served again"},
	[INCIDENT_ALL_CLEAR] = {"all-clear", "nothing was left to be done"},
};

const char *incident_mark_name(enum incident_mark mark)
{
	return marks[mark].name;
}

const char *incident_mark_meaning(enum incident_mark mark)
{
	return marks[mark].meaning;
}

bool incident_mark_parse(const char *name, enum incident_mark *mark, GError **error)
{
	const char *names[INCIDENT_MARKS + 1] = {NULL};

	for (int i = 0; i < INCIDENT_MARKS; i++) {
		names[i] = marks[i].name;
		if (strcmp(name, marks[i].name) != 0)
			continue;
		*mark = (enum incident_mark)i;
		return true;
	}

	g_autofree char *list = suggest_list(names);
	g_autofree char *phrase = suggest_phrase(name, names);

	return odr_fail(error, ODR_ERROR_USAGE, "'%s' is no mark; there are %s%s", name, list,
			phrase);
}

usec_t incident_entry_time(const struct incident_entry *entry)
{
	return entry->stated ? entry->stated : entry->recorded;
}

const char *incident_kind_name(enum incident_kind kind)
{
	static const char *const names[] = {
		[INCIDENT_OPENED] = "opened",
		[INCIDENT_MARKED] = "marked",
		[INCIDENT_NOTED] = "noted",
		[INCIDENT_LINKED] = "linked",
		[INCIDENT_JOINED] = "joined",
		[INCIDENT_CLOSED] = "closed",
		[INCIDENT_EXPORTED] = "exported",
		[INCIDENT_RESTORE_BEGAN] = "restore-began",
		[INCIDENT_RESTORE_ENDED] = "restore-ended",
		[INCIDENT_DRILL_BEGAN] = "drill-began",
		[INCIDENT_DRILL_ENDED] = "drill-ended",
	};

	return names[kind];
}

static char *mark_words(const struct incident_entry *entry)
{
	const char *name = incident_mark_name(entry->mark);

	if (entry->text)
		return g_strdup_printf("%s, corrected: %s", name, entry->text);
	return g_strdup_printf("%s%s", name, entry->counts ? "" : " (does not count)");
}

char *incident_entry_words(const struct incident_entry *entry)
{
	const char *text = entry->text ? entry->text : "";
	const char *outcome = json_string_value(json_object_get(entry->data, "outcome"));
	const char *command = json_string_value(json_object_get(entry->data, "command"));

	switch (entry->kind) {
	case INCIDENT_MARKED:
		return mark_words(entry);
	case INCIDENT_NOTED:
		return g_strdup_printf("%s%s: %s", entry->lost ? "lost" : "note",
				       entry->later ? ", written later" : "", text);
	case INCIDENT_LINKED:
		return g_strdup_printf("restore %s is of this incident", entry->run);
	case INCIDENT_JOINED:
		return g_strdup_printf("the chain of another host was joined, %.12s", text);
	case INCIDENT_RESTORE_BEGAN:
		return g_strdup_printf("%s %s was planned", command ? command : "restore",
				       entry->run);
	case INCIDENT_RESTORE_ENDED:
		return g_strdup_printf("%s %s ended: %s", command ? command : "restore", entry->run,
				       outcome ? outcome : "?");
	case INCIDENT_DRILL_BEGAN:
		return g_strdup_printf("drill %s of plan %s began", entry->run, text);
	case INCIDENT_DRILL_ENDED:
		return g_strdup_printf("drill %s of plan %s ended: %s", entry->run, text,
				       outcome ? outcome : "?");
	default:
		return g_strdup_printf("%s%s%s", incident_kind_name(entry->kind), *text ? ": " : "",
				       text);
	}
}

usec_t incident_mark_time(const Incident *incident, enum incident_mark mark)
{
	const struct incident_entry *entry = incident->marks[mark];

	return entry ? incident_entry_time(entry) : 0;
}

/* Times in logs may be whole seconds. */
struct incident_restore *incident_recovery_of(const Incident *incident, usec_t started)
{
	for (guint i = incident->restores->len; i-- > 0;) {
		struct incident_restore *restore = incident->restores->pdata[i];

		if (restore->type && g_strcmp0(restore->outcome, "ok") == 0 &&
		    restore->ended / USEC_PER_SEC <= started / USEC_PER_SEC)
			return restore;
	}
	return NULL;
}

char *incident_unmarked(const Incident *incident)
{
	GString *names = g_string_new(NULL);

	for (int i = 0; i < INCIDENT_MARKS; i++)
		if (!incident->marks[i] &&
		    (i != INCIDENT_RESTORE_START || incident->restores->len == 0))
			g_string_append_printf(names, "%s%s", names->len ? ", " : "",
					       marks[i].name);
	return g_string_free(names, FALSE);
}

void incident_free(Incident *incident)
{
	if (!incident)
		return;
	g_ptr_array_unref(incident->entries);
	g_ptr_array_unref(incident->restores);
	g_free(incident->server.system_identifier);
	g_free(incident->id);
	g_free(incident->service);
	g_free(incident->title);
	g_free(incident->summary);
	g_free(incident);
}
