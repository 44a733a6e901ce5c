#include "cli/views/incident.h"

#include "cli/line/output.h"

#include <stdio.h>

#define NAME_WIDTH 15

/* To the second: people wrote it down; --json has all of it. g_free. */
static char *time_text(usec_t time)
{
	return clock_format(time - time % USEC_PER_SEC);
}

/* ---- one --------------------------------------------------------------------------------------- */

static void print_head(const Incident *incident)
{
	g_autofree char *opened = time_text(incident->opened);
	g_autofree char *closed = time_text(incident->closed);

	output_line(NAME_WIDTH, "incident", "%s, %s", incident->id,
		    incident->closed ? "closed" : "open");
	output_line(NAME_WIDTH, "service", "%s", incident->service ? incident->service : "-");
	output_line(NAME_WIDTH, "title", "%s", incident->title ? incident->title : "-");
	output_line(NAME_WIDTH, "opened", "%s", opened);
	if (incident->closed)
		output_line(NAME_WIDTH, "closed", "%s%s%s", closed, incident->summary ? ": " : "",
			    incident->summary ? incident->summary : "");
}

static void print_timeline(const Incident *incident)
{
	static const char *const headings[] = {"when", "recorded", "by", "what", NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < incident->entries->len; i++) {
		const struct incident_entry *entry = incident->entries->pdata[i];
		g_autofree char *time = time_text(incident_entry_time(entry));
		g_autofree char *recorded = time_text(entry->recorded);
		g_autofree char *by = g_strdup_printf("%s@%s", entry->user ? entry->user : "?",
						      entry->host ? entry->host : "?");
		g_autofree char *words = incident_entry_words(entry);

		table_out_row(table, time, recorded, by, words);
	}
	putchar('\n');
	table_out_print(table, stdout);
}

static void print_interval(const struct incident_interval *interval)
{
	g_autofree char *took = interval->took >= 0 ? duration_format(interval->took) : NULL;

	if (took)
		output_line(NAME_WIDTH, interval->name, "%s, %s to %s, %s", took, interval->from,
			    interval->to, incident_basis_name(interval->basis));
	else
		output_line(NAME_WIDTH, interval->name, "not known: %s", interval->why);
}

static void print_figures(const Incident *incident)
{
	struct incident_figures figures;

	incident_figures_compute(incident, &figures);
	g_autofree char *rpo = figures.rpo >= 0 ? duration_format(figures.rpo) : NULL;
	g_autofree char *recovered = time_text(figures.recovered);

	putchar('\n');
	if (rpo)
		output_line(NAME_WIDTH, "incident RPO", "%s: newest recovered commit %s, %s", rpo,
			    recovered, figures.rpo_why);
	else
		output_line(NAME_WIDTH, "incident RPO", "not known: %s", figures.rpo_why);
	for (int i = 0; i < INCIDENT_INTERVALS; i++)
		print_interval(&figures.intervals[i]);
	for (guint i = 0; i < figures.contradictions->len; i++)
		output_line(NAME_WIDTH, "contradiction", "%s",
			    (char *)figures.contradictions->pdata[i]);
	incident_figures_clear(&figures);
}

void incident_print(const Incident *incident)
{
	print_head(incident);
	print_timeline(incident);
	print_figures(incident);
}

/* ---- all --------------------------------------------------------------------------------------- */

void incident_list_print(const GPtrArray *incidents)
{
	static const char *const headings[] = {"incident", "service",  "state", "opened",
					       "closed",   "restores", "title", NULL};
	TableOut *table = table_out_new(headings);

	for (guint i = 0; i < incidents->len; i++) {
		const Incident *incident = incidents->pdata[i];
		g_autofree char *opened = time_text(incident->opened);
		g_autofree char *closed = incident->closed ? time_text(incident->closed) : NULL;
		g_autofree char *restores = g_strdup_printf("%u", incident->restores->len);

		table_out_row(table, incident->id, incident->service, closed ? "closed" : "open",
			      opened, closed, restores, incident->title);
	}
	table_out_print(table, incidents->len > 0 ? stdout : NULL);
	if (incidents->len == 0)
		puts("No incident was opened here.");
}

json_t *incident_list_json(const GPtrArray *incidents)
{
	json_t *document = json_object(), *list = json_array();

	for (guint i = 0; i < incidents->len; i++) {
		const Incident *incident = incidents->pdata[i];
		json_t *object = json_object();

		json_set_string(object, "incident", incident->id);
		json_set_string(object, "service", incident->service);
		json_set_string(object, "title", incident->title);
		json_set_string(object, "state", incident->closed ? "closed" : "open");
		json_set_known_time(object, "opened", incident->opened);
		json_set_known_time(object, "closed", incident->closed);
		json_set_int(object, "restores", incident->restores->len);
		json_array_append_new(list, object);
	}
	json_set(document, "incidents", list);
	return document;
}
