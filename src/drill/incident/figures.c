#include "drill/incident/figures.h"

#include <string.h>

const char *incident_basis_name(enum incident_basis basis)
{
	static const char *const names[] = {"measured", "recorded", "stated"};

	return names[basis];
}

/* One end of an interval. */
struct point {
	const char *name;
	usec_t time; /* 0: not known */
	enum incident_basis basis;
};

static struct point point_of(const Incident *incident, enum incident_mark mark)
{
	const struct incident_entry *entry = incident->marks[mark];

	return (struct point){incident_mark_name(mark), incident_mark_time(incident, mark),
			      entry && !entry->stated ? INCIDENT_RECORDED : INCIDENT_STATED};
}

/* Nobody opens an incident that was not noticed. */
static struct point detected_of(const Incident *incident)
{
	if (incident->marks[INCIDENT_DETECTED])
		return point_of(incident, INCIDENT_DETECTED);
	return (struct point){"opened", incident->opened, INCIDENT_RECORDED};
}

static bool restores_something(const struct incident_restore *restore)
{
	return g_strcmp0(restore->command, "export") != 0;
}

/* The first attempt counts from, whether it led to anything or not. */
static struct point command_of(const Incident *incident)
{
	for (guint i = 0; i < incident->restores->len; i++) {
		const struct incident_restore *restore = incident->restores->pdata[i];

		if (restores_something(restore))
			return (struct point){"restore command", restore->began, INCIDENT_MEASURED};
	}
	return point_of(incident, INCIDENT_RESTORE_START);
}

static void G_GNUC_PRINTF(2, 3)
	contradict(struct incident_figures *figures, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(figures->contradictions, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static void measure(struct incident_figures *figures, enum incident_span_of which, const char *name,
		    const struct point *from, const struct point *to)
{
	struct incident_interval *interval = &figures->intervals[which];

	*interval = (struct incident_interval){.name = name,
					       .from = from->name,
					       .to = to->name,
					       .began = from->time,
					       .took = -1,
					       .basis = MAX(from->basis, to->basis)};
	if (from->time == 0 || to->time == 0) {
		interval->why =
			from->time == 0 && to->time == 0
				? g_strdup_printf("%s and %s are not marked", from->name, to->name)
				: g_strdup_printf("%s is not marked",
						  from->time == 0 ? from->name : to->name);
	} else if (to->time < from->time) {
		interval->why = g_strdup_printf("%s is before %s", to->name, from->name);
	} else {
		interval->took = to->time - from->time;
	}
}

static void measure_all(const Incident *incident, struct incident_figures *figures)
{
	struct point loss = point_of(incident, INCIDENT_LOSS);
	struct point detected = detected_of(incident);
	struct point command = command_of(incident);
	struct point database = point_of(incident, INCIDENT_DB_READY);
	struct point service = point_of(incident, INCIDENT_SERVICE_READY);
	struct point cutover = point_of(incident, INCIDENT_CUTOVER);
	struct point clear = point_of(incident, INCIDENT_ALL_CLEAR);

	figures->command = command.time;
	figures->command_basis = command.basis;
	measure(figures, INCIDENT_DETECT, "detect", &loss, &detected);
	measure(figures, INCIDENT_DECIDE, "decide", &detected, &command);
	measure(figures, INCIDENT_DATABASE, "database ready", &command, &database);
	measure(figures, INCIDENT_APPLICATION, "application", &database, &service);
	measure(figures, INCIDENT_SWITCH, "cutover", &service, &cutover);
	measure(figures, INCIDENT_SERVICE, "service ready", &command, &service);
	measure(figures, INCIDENT_OUTAGE, "outage", &loss, &cutover);
	measure(figures, INCIDENT_AFTER, "all clear", &cutover, &clear);
}

/* Marks that people made, in an order that cannot be. */
static void compare_marks(const Incident *incident, struct incident_figures *figures)
{
	int last = -1;

	for (int i = 0; i < INCIDENT_MARKS; i++) {
		usec_t time = incident_mark_time(incident, (enum incident_mark)i);

		if (time == 0)
			continue;
		if (last >= 0 && time < incident_mark_time(incident, (enum incident_mark)last))
			contradict(figures, "%s is marked before %s",
				   incident_mark_name((enum incident_mark)i),
				   incident_mark_name((enum incident_mark)last));
		last = i;
	}
}

/* ---- what was lost ----------------------------------------------------------------------------- */

/* Of a database; what only brought files back says nothing of commits. */
static const struct incident_restore *last_good(const Incident *incident)
{
	for (guint i = incident->restores->len; i-- > 0;) {
		const struct incident_restore *restore = incident->restores->pdata[i];

		if (restores_something(restore) && restore->type &&
		    g_strcmp0(restore->outcome, "ok") == 0)
			return restore;
	}
	return NULL;
}

static bool is_other_cluster(const Incident *incident, const struct incident_restore *restore)
{
	const char *asked = incident->server.system_identifier;

	return asked && restore && restore->system_identifier &&
	       strcmp(asked, restore->system_identifier) != 0;
}

/* What the newest recovered commit is, and what says so; or why that is not known. */
static char *find_recovered(const Incident *incident, struct incident_figures *figures)
{
	const struct incident_restore *restore = last_good(incident);

	if (is_other_cluster(incident, restore)) {
		contradict(figures, "the server that was asked is of another cluster than the one "
				    "that was restored");
		return g_strdup("another server than the restored one was asked");
	}
	if (incident->server.asked > 0 && incident->server.last_replayed > 0) {
		figures->recovered = incident->server.last_replayed;
		return g_strdup("the recovered server said what it replayed last");
	}
	if (restore && g_strcmp0(restore->type, "default") == 0 && restore->last_commit > 0) {
		figures->recovered = restore->last_commit;
		return g_strdup("the newest transaction in the archived WAL, to the end of which "
				"it was restored; the server was not asked");
	}
	return g_strdup(incident->server.asked > 0
				? "the recovered server does not say what it replayed last"
				: "the recovered server was not asked what it replayed last");
}

static void measure_loss(const Incident *incident, struct incident_figures *figures)
{
	usec_t loss = incident_mark_time(incident, INCIDENT_LOSS);

	figures->rpo_why = find_recovered(incident, figures);
	figures->rpo_basis = point_of(incident, INCIDENT_LOSS).basis;
	figures->rpo = -1;
	if (loss > 0 && figures->recovered > loss) {
		contradict(figures, "the newest recovered commit is later than the loss as it is "
				    "marked");
		g_free(figures->rpo_why);
		figures->rpo_why = g_strdup("the newest recovered commit is after the loss");
	} else if (loss > 0 && figures->recovered > 0) {
		figures->rpo = loss - figures->recovered;
	} else if (loss == 0) {
		g_free(figures->rpo_why);
		figures->rpo_why = g_strdup("when the source was lost is not marked");
	}
}

void incident_figures_compute(const Incident *incident, struct incident_figures *figures)
{
	*figures =
		(struct incident_figures){.contradictions = g_ptr_array_new_with_free_func(g_free)};
	compare_marks(incident, figures);
	measure_all(incident, figures);
	measure_loss(incident, figures);
}

void incident_figures_clear(struct incident_figures *figures)
{
	for (int i = 0; i < INCIDENT_INTERVALS; i++)
		g_clear_pointer(&figures->intervals[i].why, g_free);
	g_clear_pointer(&figures->contradictions, g_ptr_array_unref);
	g_clear_pointer(&figures->rpo_why, g_free);
}
