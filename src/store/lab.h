#ifndef ODR_STORE_LAB_H
#define ODR_STORE_LAB_H

#include <glib.h>
#include <stdbool.h>

/*
 * What a lab does to what is read from a store, and never to what is stored: for a drill that has to go red. All stores
 * that were opened with the same one share it (struct store_settings).
 */
enum store_lab_fault {
	STORE_LAB_HIDE,	 /* the objects are not there */
	STORE_LAB_FLIP,	 /* one bit of what is read of them is another */
	STORE_LAB_SLOW,	 /* each read of them takes a second more */
	STORE_LAB_REFUSE /* the credential is not accepted any more, for any object */
};
struct store_lab {
	enum store_lab_fault fault;
	const char *part; /* objects whose name has it; NULL: none yet. Set before threads read */
	int met;	  /* atomic: reads that were concerned */
};

/* NULL: there is no lab. False as a store fails. */
bool store_lab_allows(struct store_lab *lab, const char *name, GError **error);
bool store_lab_hides(struct store_lab *lab, const char *name);
/* True: bytes are altered. */
bool store_lab_alters(struct store_lab *lab, const char *name);
void store_lab_alter(void *bytes, gsize size);

#endif
