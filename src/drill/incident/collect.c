#include "drill/incident/collect.h"

#include "repo/layout.h"

#include <string.h>

/* ---- life cycles ------------------------------------------------------------------------------- */

static void entry_free(void *data)
{
	struct incident_entry *entry = data;

	g_free(entry->chain);
	g_free(entry->sha256);
	g_free(entry->text);
	g_free(entry->run);
	g_free(entry->user);
	g_free(entry->host);
	json_decref(entry->data);
	g_free(entry);
}

static void span_clear(void *data)
{
	struct incident_span *span = data;

	g_free(span->phase);
	g_free(span->component);
}

static struct incident_restore *restore_new(const char *run)
{
	struct incident_restore *restore = g_new0(struct incident_restore, 1);

	restore->run = g_strdup(run);
	restore->spans = g_array_new(FALSE, TRUE, sizeof(struct incident_span));
	g_array_set_clear_func(restore->spans, span_clear);
	return restore;
}

static void restore_free(void *data)
{
	struct incident_restore *restore = data;

	g_array_unref(restore->spans);
	g_free(restore->run);
	g_free(restore->command);
	g_free(restore->set);
	g_free(restore->outcome);
	g_free(restore->type);
	g_free(restore->system_identifier);
	g_free(restore);
}

static void release_incident(void *incident)
{
	incident_free(incident);
}

void collection_init(struct collection *collection)
{
	*collection = (struct collection){
		.incidents = g_ptr_array_new_with_free_func(release_incident),
		.restores = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, restore_free),
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
}

void collection_clear(struct collection *collection)
{
	g_clear_pointer(&collection->incidents, g_ptr_array_unref);
	g_clear_pointer(&collection->restores, g_hash_table_unref);
	g_clear_pointer(&collection->seen, g_hash_table_unref);
}

Incident *collection_find(const struct collection *collection, const char *id)
{
	for (guint i = 0; i < collection->incidents->len; i++)
		if (strcmp(((const Incident *)collection->incidents->pdata[i])->id, id) == 0)
			return collection->incidents->pdata[i];
	return NULL;
}

static Incident *of_id(const struct collection *collection, const char *id)
{
	Incident *incident = collection_find(collection, id);

	if (incident)
		return incident;
	incident = g_new0(Incident, 1);
	incident->id = g_strdup(id);
	incident->entries = g_ptr_array_new_with_free_func(entry_free);
	incident->restores = g_ptr_array_new_with_free_func(restore_free);
	g_ptr_array_add(collection->incidents, incident);
	return incident;
}

/* ---- members of lines; all of it is hostile ---------------------------------------------------- */

static const char *text_at(const json_t *data, const char *name)
{
	return json_string_value(json_object_get(data, name));
}

static usec_t time_at(const json_t *data, const char *name)
{
	const char *text = text_at(data, name);
	usec_t time;

	return text && clock_parse(text, &time, NULL) && time > 0 ? time : 0;
}

static int64_t number_at(const json_t *data, const char *name)
{
	const json_t *value = json_object_get(data, name);

	return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
									: -1;
}

/* ---- restores ---------------------------------------------------------------------------------- */

static void take_text(char **place, const char *text)
{
	if (!text)
		return;
	g_free(*place);
	*place = g_strdup(text);
}

/* Longer than this nothing runs that anybody waits for. */
#define SPAN_MAX (366 * USEC_PER_DAY)

static void take_spans(struct incident_restore *restore, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		const char *phase = text_at(object, "phase");
		struct incident_span span = {
			.began = time_at(object, "began"),
			.took = number_at(object, "mono_us"),
			.bytes = number_at(object, "bytes"),
			.failed = g_strcmp0(text_at(object, "outcome"), "ok") != 0};

		if (!phase || span.began == 0 || span.took < 0 || span.took > SPAN_MAX)
			continue;
		span.phase = g_strdup(phase);
		span.component = g_strdup(text_at(object, "component"));
		g_array_append_val(restore->spans, span);
	}
}

static void take_restore(struct collection *collection, const struct audit_line *line, bool ended)
{
	struct incident_restore *restore = g_hash_table_lookup(collection->restores, line->run);
	usec_t began = time_at(line->data, "began");

	if (!restore) {
		restore = restore_new(line->run);
		restore->own = !collection->chain;
		g_hash_table_insert(collection->restores, restore->run, restore);
	}
	/* What another host tells of a restore of ours is not its word to give. */
	if (restore->own && collection->chain)
		return;
	take_text(&restore->command, text_at(line->data, "command"));
	if (began > 0)
		restore->began = began;
	else if (restore->began == 0)
		restore->began = line->time;
	if (!ended)
		return;
	restore->ended = line->time;
	take_text(&restore->set, text_at(line->data, "set"));
	take_text(&restore->outcome, text_at(line->data, "outcome"));
	take_text(&restore->type, text_at(line->data, "target"));
	take_text(&restore->system_identifier, text_at(line->data, "system_identifier"));
	restore->last_commit = time_at(line->data, "last_commit");
	if (restore->spans->len == 0)
		take_spans(restore, json_object_get(line->data, "spans"));
}

/* ---- lines ------------------------------------------------------------------------------------- */

static const struct {
	enum audit_event event;
	enum incident_kind kind;
	const char *text; /* member that the entry's text is */
} kinds[] = {
	{AUDIT_INCIDENT_OPENED, INCIDENT_OPENED, "title"},
	{AUDIT_INCIDENT_MARKED, INCIDENT_MARKED, "correct"},
	{AUDIT_INCIDENT_NOTED, INCIDENT_NOTED, "text"},
	{AUDIT_INCIDENT_LINKED, INCIDENT_LINKED, NULL},
	{AUDIT_INCIDENT_JOINED, INCIDENT_JOINED, "sha256"},
	{AUDIT_INCIDENT_CLOSED, INCIDENT_CLOSED, "summary"},
	{AUDIT_INCIDENT_EXPORTED, INCIDENT_EXPORTED, "folder"},
	{AUDIT_RESTORE_PLANNED, INCIDENT_RESTORE_BEGAN, NULL},
	{AUDIT_RESTORE_ENDED, INCIDENT_RESTORE_ENDED, NULL},
	{AUDIT_DRILL_SCHEDULED, INCIDENT_DRILL_BEGAN, "plan"},
	{AUDIT_DRILL_CLOSED, INCIDENT_DRILL_ENDED, "plan"},
};

static bool kind_of(const struct audit_line *line, struct incident_entry *entry)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (strcmp(audit_event_name(kinds[i].event), line->event) != 0)
			continue;
		entry->kind = kinds[i].kind;
		entry->text = kinds[i].text ? g_strdup(text_at(line->data, kinds[i].text)) : NULL;
		return true;
	}
	return false;
}

static void take_server(Incident *incident, const struct audit_line *line)
{
	const json_t *said = json_object_get(line->data, "server");
	struct incident_server *server = &incident->server;

	if (!json_is_object(said) || line->time < server->asked)
		return;
	server->asked = line->time;
	server->last_replayed = time_at(said, "last_replayed");
	server->started = time_at(said, "started");
	g_free(server->system_identifier);
	server->system_identifier = g_strdup(text_at(said, "system_identifier"));
}

/* What an entry has of its own; false: it is none. */
static bool take_members(struct incident_entry *entry, const struct audit_line *line)
{
	const char *mark = text_at(line->data, "mark");

	switch (entry->kind) {
	case INCIDENT_MARKED:
		entry->stated = time_at(line->data, "at");
		return mark && incident_mark_parse(mark, &entry->mark, NULL);
	case INCIDENT_NOTED:
		entry->lost = json_is_true(json_object_get(line->data, "lost"));
		entry->later = json_is_true(json_object_get(line->data, "later"));
		return entry->text != NULL;
	case INCIDENT_LINKED:
		entry->run = g_strdup(text_at(line->data, "linked"));
		return entry->run != NULL;
	case INCIDENT_RESTORE_BEGAN:
	case INCIDENT_RESTORE_ENDED:
	case INCIDENT_DRILL_BEGAN:
	case INCIDENT_DRILL_ENDED:
		entry->run = g_strdup(line->run);
		return entry->run != NULL;
	case INCIDENT_JOINED:
		return entry->text != NULL;
	default:
		return true;
	}
}

static void take_whole(Incident *incident, const struct incident_entry *entry,
		       const struct audit_line *line)
{
	if (entry->kind == INCIDENT_OPENED && incident->opened == 0) {
		incident->opened = line->time;
		take_text(&incident->title, entry->text);
		take_text(&incident->service, text_at(line->data, "service"));
	} else if (entry->kind == INCIDENT_CLOSED && incident->closed == 0) {
		incident->closed = line->time;
		take_text(&incident->summary, entry->text);
	} else if (entry->kind == INCIDENT_MARKED) {
		take_server(incident, line);
	}
}

static void take_entry(struct collection *collection, const char *id, const struct audit_line *line)
{
	struct incident_entry *entry = g_new0(struct incident_entry, 1);

	entry->seq = line->seq;
	entry->recorded = line->time;
	entry->sha256 = g_strdup(line->sha256);
	entry->data = json_incref(line->data);
	if (!kind_of(line, entry) || !take_members(entry, line)) {
		entry_free(entry);
		return;
	}
	entry->chain = g_strdup(collection->chain);
	entry->user = g_strdup(text_at(line->actor, "user"));
	entry->host = g_strdup(text_at(line->actor, "host"));

	Incident *incident = of_id(collection, id);

	g_ptr_array_add(incident->entries, entry);
	take_whole(incident, entry, line);
}

bool collect_line(void *data, const struct audit_line *line)
{
	struct collection *collection = data;
	const char *id = text_at(line->data, "incident");
	bool planned = strcmp(line->event, audit_event_name(AUDIT_RESTORE_PLANNED)) == 0;
	bool ended = strcmp(line->event, audit_event_name(AUDIT_RESTORE_ENDED)) == 0;

	if (collection->only && g_strcmp0(id, collection->only) != 0 && !planned && !ended)
		return true;
	if (line->run && (planned || ended))
		take_restore(collection, line, ended);
	if (!id || !set_id_valid(id) || (collection->only && strcmp(id, collection->only) != 0) ||
	    !g_hash_table_add(collection->seen, g_strdup(line->sha256)))
		return true;
	take_entry(collection, id, line);
	return true;
}

/* ---- the end ----------------------------------------------------------------------------------- */

static gint by_recorded(gconstpointer a, gconstpointer b)
{
	const struct incident_entry *x = *(struct incident_entry *const *)a;
	const struct incident_entry *y = *(struct incident_entry *const *)b;

	if (x->recorded != y->recorded)
		return x->recorded < y->recorded ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static gint by_began(gconstpointer a, gconstpointer b)
{
	const struct incident_restore *x = *(struct incident_restore *const *)a;
	const struct incident_restore *y = *(struct incident_restore *const *)b;

	return x->began < y->began ? -1 : x->began > y->began;
}

/* The first of its kind counts, until a later one says why it does not. What was marked after the end never does. */
static void count_marks(Incident *incident)
{
	for (guint i = 0; i < incident->entries->len; i++) {
		struct incident_entry *entry = incident->entries->pdata[i];
		struct incident_entry *before;

		if (entry->kind != INCIDENT_MARKED ||
		    (incident->closed > 0 && entry->recorded > incident->closed))
			continue;
		before = (struct incident_entry *)incident->marks[entry->mark];
		if (before && !entry->text)
			continue;
		if (before)
			before->counts = false;
		entry->counts = true;
		incident->marks[entry->mark] = entry;
	}
}

static bool has_restore(const Incident *incident, const char *run)
{
	for (guint i = 0; i < incident->restores->len; i++)
		if (strcmp(((const struct incident_restore *)incident->restores->pdata[i])->run,
			   run) == 0)
			return true;
	return false;
}

static void hand_over_restores(const struct collection *collection, Incident *incident)
{
	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];
		struct incident_restore *restore;

		if (!entry->run || has_restore(incident, entry->run))
			continue;
		/* One that another incident has already stays there. */
		restore = g_hash_table_lookup(collection->restores, entry->run);
		if (!restore)
			continue;
		restore->linked = entry->kind == INCIDENT_LINKED;
		g_hash_table_steal(collection->restores, entry->run);
		g_ptr_array_add(incident->restores, restore);
	}
	g_ptr_array_sort(incident->restores, by_began);
}

/* Replay and startup come after the restore command: the server's own log tells of them, by a mark. */
static void take_logs(Incident *incident)
{
	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];
		const json_t *spans = json_object_get(json_object_get(entry->data, "log"), "spans");
		usec_t started = time_at(json_array_get(spans, 0), "began");
		struct incident_restore *restore;

		if (entry->kind != INCIDENT_MARKED || started == 0)
			continue;
		restore = incident_recovery_of(incident, started);
		if (restore && !restore->logged)
			take_spans(restore, spans);
		if (restore)
			restore->logged = true;
	}
}

/* A chain that only tells of its lines, not how it began: the other host's has not been joined yet. */
static void name_unopened(Incident *incident)
{
	if (incident->opened == 0)
		incident->opened = set_id_time(incident->id);
}

void collection_finish(struct collection *collection)
{
	for (guint i = 0; i < collection->incidents->len; i++) {
		Incident *incident = collection->incidents->pdata[i];

		g_ptr_array_sort(incident->entries, by_recorded);
		name_unopened(incident);
		count_marks(incident);
		hand_over_restores(collection, incident);
		take_logs(incident);
	}
}
