#include "ops/filestore/choice.h"

#include "base/error.h"

#include <string.h>

/* One look at the filestore: by a set, or by a moment that found what a set has. */
struct look {
	const Manifest *manifest;
	usec_t began, ended;
	bool incomplete; /* it may lack what was new */
};

void filestore_choice_clear(struct filestore_choice *choice)
{
	g_clear_pointer(&choice->later, g_ptr_array_unref);
	g_clear_pointer(&choice->gap, g_free);
}

static const Manifest *find_set(const GPtrArray *manifests, const char *set_id)
{
	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];

		if (strcmp(manifest->set_id, set_id) == 0 &&
		    manifest_part(manifest, PART_FILESTORE))
			return manifest;
	}
	return NULL;
}

static int compare_looks(const void *a, const void *b)
{
	const struct look *x = a, *y = b;

	return (x->began > y->began) - (x->began < y->began);
}

/* By the time they began. */
static GArray *list_looks(const GPtrArray *manifests, const GPtrArray *moments)
{
	GArray *looks = g_array_new(false, false, sizeof(struct look));

	for (guint i = 0; i < manifests->len; i++) {
		const Manifest *manifest = manifests->pdata[i];
		struct look look = {.manifest = manifest,
				    .began = manifest_part_started(manifest, PART_FILESTORE),
				    .ended = manifest_part_stopped(manifest, PART_FILESTORE),
				    .incomplete =
					    manifest_part_incomplete(manifest, PART_FILESTORE)};

		if (manifest_part(manifest, PART_FILESTORE))
			g_array_append_val(looks, look);
	}
	for (guint i = 0; moments && i < moments->len; i++) {
		const struct moment *moment = moments->pdata[i];
		struct look look = {.manifest = find_set(manifests, moment->set_id),
				    .began = moment->started,
				    .ended = moment->started};

		if (look.manifest)
			g_array_append_val(looks, look);
	}
	g_array_sort(looks, compare_looks);
	return looks;
}

static void add_later(struct filestore_choice *choice, const Manifest *manifest)
{
	if (manifest != choice->base && !g_ptr_array_find(choice->later, manifest, NULL))
		g_ptr_array_add(choice->later, (Manifest *)manifest);
}

/* The last one that ended before, by when it ended. */
static const struct look *find_base(const GArray *looks, usec_t from)
{
	const struct look *base = NULL;

	for (guint i = 0; i < looks->len; i++) {
		const struct look *look = &g_array_index(looks, struct look, i);

		if (look->ended <= from && (!base || look->ended >= base->ended))
			base = look;
	}
	return base;
}

static void choose_later(const GArray *looks, const struct filestore_span *span,
			 struct filestore_choice *choice)
{
	for (guint i = 0; i < looks->len && choice->after_began == 0; i++) {
		const struct look *look = &g_array_index(looks, struct look, i);

		if (look->ended <= span->from)
			continue;
		add_later(choice, look->manifest);
		if (look->began > span->to && !look->incomplete)
			choice->after_began = look->began;
	}
}

/* NULL: none of them saw everything. */
static const struct look *last_complete(const GArray *looks)
{
	for (guint i = looks->len; i > 0; i--)
		if (!g_array_index(looks, struct look, i - 1).incomplete)
			return &g_array_index(looks, struct look, i - 1);
	return NULL;
}

static void tell_gap(const GArray *looks, const struct filestore_span *span,
		     struct filestore_choice *choice)
{
	const struct look *first = &g_array_index(looks, struct look, 0);
	const struct look *last = last_complete(looks);
	g_autofree char *since = clock_format(last ? last->began : first->began);

	if (!choice->base) {
		g_autofree char *began = clock_format(first->began);

		choice->gap = g_strdup_printf(
			"no capture of the filestore ended before that moment: files that were "
			"removed before %s may be missing",
			began);
	} else if (choice->after_began == 0 && (!last || span->to > last->began)) {
		bool all = last == &g_array_index(looks, struct look, looks->len - 1);

		choice->gap = g_strdup_printf("no %scapture of the filestore began after that "
					      "moment: files written since %s may be missing",
					      all ? "" : "complete ", since);
	}
}

bool filestore_choose(const GPtrArray *manifests, const GPtrArray *moments,
		      const struct filestore_span *span, struct filestore_choice *choice,
		      GError **error)
{
	g_autoptr(GArray) looks = list_looks(manifests, moments);
	const struct look *base = find_base(looks, span->from);

	if (looks->len == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no capture of the filestore");
	*choice = (struct filestore_choice){.base = base ? base->manifest : NULL,
					    .base_began = base ? base->began : 0,
					    .later = g_ptr_array_new()};
	choose_later(looks, span, choice);
	tell_gap(looks, span, choice);
	return true;
}

bool filestore_choose_exactly(const GPtrArray *manifests, const struct filestore_span *span,
			      struct filestore_choice *choice, GError **error)
{
	g_autoptr(GArray) looks = list_looks(manifests, NULL);
	const struct look *base = find_base(looks, span->to);

	if (!base)
		return odr_fail(
			error, ODR_ERROR_NOT_FOUND,
			"there is no capture of the filestore that ended before that moment");
	*choice = (struct filestore_choice){
		.base = base->manifest, .base_began = base->began, .later = g_ptr_array_new()};
	return true;
}
