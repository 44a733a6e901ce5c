#include "store/choice.h"

#include "base/error.h"
#include "store/alteration.h"
#include "store/driver.h"

#include <string.h>

/* Where the name tells the content, it does not matter which version that is. */
static bool too_late(const StoreChoice *choice, const struct store_object *version)
{
	usec_t as_of = choice->store->as_of;

	return choice->oldest && as_of != 0 && version->stored_at > as_of;
}

static void set_version(StoreChoice *choice, const struct store_object *version)
{
	choice->version = *version;
	choice->version.name = NULL;
}

/* The next one that is not the first again. */
static bool advance(StoreChoice *choice)
{
	while (choice->next < choice->versions->len) {
		const struct store_object *version = choice->versions->pdata[choice->next++];

		if (too_late(choice, version) ||
		    (choice->first[0] && strcmp(version->version, choice->first) == 0))
			continue;
		set_version(choice, version);
		return true;
	}
	return false;
}

static bool begin_with_oldest(StoreChoice *choice, GError **error)
{
	if (!store_versions(choice->store, choice->name, &choice->versions, error))
		return false;
	if (!advance(choice))
		return odr_fail(error, ODR_ERROR_NOT_FOUND,
				"no version of '%s' is as old as what is asked for", choice->name);
	if (choice->version.hidden)
		store_alteration_note(choice->store, choice->name, &choice->version, NULL);
	return true;
}

StoreChoice *store_choice_new(Store *store, const struct store_choose *choose, GError **error)
{
	g_autoptr(StoreChoice) choice = g_new0(StoreChoice, 1);

	choice->store = store;
	choice->name = g_strdup(choose->name);
	choice->oldest = choose->oldest;
	if (choose->listed)
		set_version(choice, choose->listed);
	else if (choose->oldest && !begin_with_oldest(choice, error))
		return NULL;
	g_strlcpy(choice->first, choice->version.version, sizeof(choice->first));
	return g_steal_pointer(&choice);
}

void store_choice_free(StoreChoice *choice)
{
	if (!choice)
		return;
	g_clear_pointer(&choice->versions, g_ptr_array_unref);
	g_clear_error(&choice->cause);
	g_free(choice->name);
	g_free(choice);
}

const char *store_choice_version(const StoreChoice *choice)
{
	return choice->version.version[0] ? choice->version.version : NULL;
}

/* What may be a matter of this version, and not of the store. */
static bool concerns_version(const GError *cause)
{
	return odr_error_is(cause, ODR_ERROR_CORRUPT) || odr_error_is(cause, ODR_ERROR_REFUSED) ||
	       odr_error_is(cause, ODR_ERROR_NOT_FOUND);
}

/* Where the versions are not told, what is wrong with the first one stands. */
static bool learn_versions(StoreChoice *choice, GError **error)
{
	g_autoptr(GError) trouble = NULL;

	if (choice->versions)
		return true;
	if (store_versions(choice->store, choice->name, &choice->versions, &trouble))
		return true;
	if (!concerns_version(trouble)) {
		g_clear_error(error);
		g_propagate_error(error, g_steal_pointer(&trouble));
	}
	return false;
}

/* Why none is good. */
static void conclude(const StoreChoice *choice, GError **error)
{
	if (choice->vanished) {
		odr_fail(error, ODR_ERROR_TRANSIENT,
			 "the store lists versions of '%s', and does not give them: %s",
			 choice->name, choice->cause->message);
		return;
	}
	*error = g_error_copy(choice->cause);
	if (choice->versions->len > 1)
		odr_context(error, "none of %u versions is good", choice->versions->len);
}

bool store_choice_next(StoreChoice *choice, GError **error)
{
	if (choice->versions && odr_error_is(*error, ODR_ERROR_NOT_FOUND))
		choice->vanished = true;
	if (!concerns_version(*error) || !choice->store->class->versions ||
	    !learn_versions(choice, error))
		return false;
	if (!choice->cause)
		choice->cause = g_error_copy(*error);
	g_clear_error(error);
	if (advance(choice))
		return true;
	conclude(choice, error);
	return false;
}

void store_choice_settle(const StoreChoice *choice)
{
	if (choice->cause)
		store_alteration_note(choice->store, choice->name, &choice->version,
				      choice->cause->message);
}

static bool get_version(Store *store, const struct store_wanted *wanted, const StoreChoice *choice,
			GBytes **content, GError **error)
{
	g_autoptr(GBytes) got = NULL;

	if (!store_get(store, choice->name, store_choice_version(choice), wanted->limit, &got,
		       error) ||
	    !wanted->verify(wanted->data, got, &choice->version, error))
		return false;
	*content = g_steal_pointer(&got);
	return true;
}

bool store_get_good(Store *store, const struct store_wanted *wanted, GBytes **content,
		    GError **error)
{
	g_autoptr(StoreChoice) choice = store_choice_new(store, &wanted->choose, error);
	g_autoptr(GError) cause = NULL;

	while (choice) {
		if (get_version(store, wanted, choice, content, &cause)) {
			store_choice_settle(choice);
			return true;
		}
		if (store_choice_next(choice, &cause))
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	return false;
}
