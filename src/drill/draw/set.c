/* From which set a drill starts, where several lead to its moment. */
#include "drill/draw/draw.h"

#include "base/error.h"

#include <string.h>

static const struct draw_set *find(const DrawInputs *inputs, const struct draw_point *point)
{
	for (guint i = 0; i < inputs->sets->len; i++) {
		const struct draw_set *set = inputs->sets->pdata[i];

		if (strcmp(set->repository, point->repository) == 0 &&
		    strcmp(set->set, point->set) == 0)
			return set;
	}
	return NULL;
}

/* That WAL leads to the same end says that there is no gap between the two. */
static bool leads_to(const struct draw_set *set, const struct draw_set *nearest,
		     const struct draw_point *point)
{
	bool by_position = point->name || point->effective == DRAW_WAL;

	return strcmp(set->repository, nearest->repository) == 0 &&
	       set->system_identifier == nearest->system_identifier &&
	       set->timeline == nearest->timeline && set->end.time == nearest->end.time &&
	       set->end.lsn == nearest->end.lsn &&
	       (by_position ? set->from.lsn <= point->lsn : set->from.time <= point->time);
}

bool draw_set_choose(const DrawInputs *inputs, struct draw_words *words, struct draw_point *point,
		     GError **error)
{
	const struct draw_set *nearest = find(inputs, point);
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	if (inputs->sets->len == 0)
		return true;
	for (guint i = 0; nearest && i < inputs->sets->len; i++)
		if (leads_to(inputs->sets->pdata[i], nearest, point))
			g_ptr_array_add(found, inputs->sets->pdata[i]);
	if (found->len == 0)
		return odr_fail(
			error, ODR_ERROR_CORRUPT,
			"set %s, in which the moment was drawn, is not among those that may be "
			"started from",
			point->set);
	const struct draw_set *chosen = found->pdata[draw_below(words, found->len)];

	point->nearest = point->set;
	point->set = chosen->set;
	point->among = found->len;
	return true;
}
