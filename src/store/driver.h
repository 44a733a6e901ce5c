#ifndef ODR_STORE_DRIVER_H
#define ODR_STORE_DRIVER_H

#include "store/memory.h"
#include "store/store.h"

struct diagnose;

/* What a driver provides; called only through store_*(), which checks names, limits and faults. A
 * NULL member is an ability the driver lacks. A driver's struct begins with struct store. */
struct store_class {
	const char *type;
	bool keeps_time; /* see store_keeps_time */
	bool remembers;	 /* what it told is worth keeping for the next process */
	Store *(*open)(const struct store_settings *settings, GError **error);
	void (*free)(Store *store);
	void (*abilities)(Store *store, struct store_abilities *abilities);
	bool (*can_lock)(Store *store, usec_t until, GError **error);
	bool (*put)(Store *store, const char *name, const struct iovec *parts, int count,
		    const struct store_put *how, struct store_receipt *receipt, GError **error);
	bool (*head)(Store *store, const char *name, struct store_object *object, GError **error);
	bool (*get)(Store *store, const char *name, const char *version, uint64_t limit,
		    GBytes **content, GError **error);
	bool (*get_range)(Store *store, const char *name, const char *version, uint64_t offset,
			  size_t size, void *buffer, GError **error);
	bool (*list)(Store *store, const char *prefix, store_each each, void *data, GError **error);
	bool (*versions)(Store *store, const char *name, GPtrArray **objects, GError **error);
	bool (*delete)(Store *store, const char *name, const char *version, GError **error);
	bool (*delete_many)(Store *store, struct store_deletion *deletions, size_t count,
			    GError **error);
	bool (*sweep)(Store *store, const char *folder, const struct store_sweep *sweep,
		      struct store_swept *swept, GError **error);
	bool (*lock_get)(Store *store, const char *name, const char *version,
			 struct store_lock *lock, GError **error);
	bool (*lock_extend)(Store *store, const char *name, const char *version, usec_t until,
			    GError **error);
	bool (*hold)(Store *store, const char *name, const char *version, bool hold,
		     GError **error);
	void (*diagnose)(struct diagnose *diagnose);
};

struct store {
	const struct store_class *class;
	char *name, *description;
	const struct store_distrust *distrust;
	/* Set after open, not by the driver. */
	char place[STORE_PLACE_SIZE];
	Memory *memory; /* NULL: none */
	struct alterations *alterations;
	usec_t as_of;	       /* 0: now */
	struct store_lab *lab; /* NULL: none */
};
/* For drivers: what is there now, as the only version. */
bool store_versions_of_one(Store *store, const char *name, GPtrArray **objects, GError **error);
/* alteration.c */
struct alterations *alterations_new(void);
void alterations_free(struct alterations *alterations);

extern const struct store_class store_posix, store_s3, store_libs3;
/* Those that a program knows, ended by NULL: all (classes.c), or its own choice. */
extern const struct store_class *const store_classes[];

#endif
