#include "drill/draw/draw.h"
#include "drill/evidence/audit_line.h"
#include "drill/evidence/file.h"
#include "drill/evidence/record.h"

#include <stddef.h>
#include <stdint.h>

/* Evidence from elsewhere: a record, a line of a chain, a checkpoint, a population, the inputs of a draw. */

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
	return 0;
}
