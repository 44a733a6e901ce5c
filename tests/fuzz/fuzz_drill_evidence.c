#include "drill/draw/gather.h"
#include "drill/evidence/audit_line.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"

#include <stddef.h>
#include <stdint.h>

/* Evidence from elsewhere: a record, a line of a chain, a checkpoint, a population, the inputs of a draw, what was held. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void draw(const char *text, size_t size)
{
	static const char one[] = "main\ts\t1\t5\t9\t0/1\t0/9\tmain:x\n";
	g_autoptr(DrawInputs) inputs = NULL;
	g_autoptr(GPtrArray) population = NULL;
	struct draw_point point;

	if (draw_inputs_parse(text, size, &inputs, NULL) &&
	    population_parse(one, sizeof(one) - 1, &population, NULL) &&
	    draw_make(inputs, population, &point, NULL))
		json_decref(draw_record(inputs, &point, inputs->plan_hash));
}

static void gather(const char *text, size_t size)
{
	g_autoptr(JsonValue) holdings = NULL;
	g_autoptr(DrawInputs) inputs = draw_inputs_new();
	struct draw_gathered gathered = {0};
	struct draw_weight weight = {DRAW_WORST, 1};
	struct draw_point point;

	inputs->slot = g_strdup("2026-11-21");
	inputs->nonce = g_strdup("");
	g_array_append_val(inputs->mix, weight);
	if (json_parse(text, size, "it", &holdings, NULL) && json_is_object(holdings) &&
	    draw_gather(holdings, inputs, &gathered, NULL) &&
	    draw_gather_sets(holdings, inputs, NULL))
		draw_make(inputs, gathered.population, &point, NULL);
	draw_gathered_clear(&gathered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	g_autoptr(Record) record = NULL;
	g_autoptr(JsonValue) document = NULL;
	g_autoptr(GPtrArray) population = NULL;
	g_autoptr(Checkpoint) checkpoint = g_new0(Checkpoint, 1);
	struct audit_line line;

	if (record_parse(text, size, &record, NULL))
		record_check_outcome(record, NULL);
	audit_line_parse(text, size, &line, &document, NULL);
	checkpoint_parse(text, size, checkpoint, NULL);
	if (population_parse(text, size, &population, NULL))
		g_free(population_print(population));
	draw(text, size);
	gather(text, size);
	return 0;
}
