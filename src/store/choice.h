#ifndef ODR_STORE_CHOICE_H
#define ODR_STORE_CHOICE_H

#include "store/store.h"

/*
 * Reading what may have been altered. Where a store keeps versions, whoever may put can lay another
 * version over an object, whoever may delete a delete marker, and neither can take away what was there.
 * So a reader says what makes an object good, and looks at its versions until one is; that it was not
 * the first one it looked at is noted in the store as an alteration.
 */
struct store_choose {
	const char *name;
	/* As listed: that version comes first. NULL: not listed. */
	const struct store_object *listed;
	/* Several different versions may be good, and then the one that was there first counts (signed
	 * content). Otherwise the name tells the content, and the current one is as good as any. */
	bool oldest;
};
typedef struct store_choice StoreChoice;
struct store_choice {
	Store *store;
	char *name;
	/* To be looked at. version "": the current one; stored_at 0: not known before it is read. */
	struct store_object version;
	/* Private. */
	bool oldest;
	GPtrArray *versions; /* NULL: not asked for yet */
	guint next;
	char first[128]; /* version that was looked at before they were asked for */
	GError *cause;	 /* what was wrong with the first */
	bool vanished;	 /* one that was listed is not given: no proof of anything */
};
/* NOT_FOUND where there is none. */
StoreChoice *store_choice_new(Store *store, const struct store_choose *choose, GError **error);
void store_choice_free(StoreChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreChoice, store_choice_free)
/* What a read of this version asks for: its id, or NULL for the current one. */
const char *store_choice_version(const StoreChoice *choice);
/* *error says why this version is no good. Goes to the next one, and clears it; or false, where none is
 * left or another would not help (the store does not answer): then it says what is wrong. */
bool store_choice_next(StoreChoice *choice, GError **error);
/* This version is good. */
void store_choice_settle(const StoreChoice *choice);

/* The whole object, at most limit bytes (0: STORE_OBJECT_MAX), in the first version that verify accepts.
 * That gets the version, as far as it is known, and fails with CORRUPT or REFUSED for what is no good. */
typedef bool (*store_verify)(void *data, GBytes *content, const struct store_object *version,
			     GError **error);
struct store_wanted {
	struct store_choose choose;
	uint64_t limit;
	store_verify verify;
	void *data;
};
bool store_get_good(Store *store, const struct store_wanted *wanted, GBytes **content,
		    GError **error);

#endif
