#ifndef ODR_OPS_FILESTORE_PROOF_H
#define ODR_OPS_FILESTORE_PROOF_H

#include "odoo/expected.h"

/*
 * Whether a filestore holds every file that a database names, with the size that the database says and the SHA-1 that is
 * its name. What was damaged or missing at the source already is told apart from what is new, and both from what Odoo
 * builds again by itself.
 */
enum proof_trouble { PROOF_MISSING, PROOF_SIZE, PROOF_CONTENT, PROOF_NAME };
struct proof_finding {
	char *name;
	enum proof_trouble trouble;
	bool baseline;	  /* it was so at the source */
	bool regenerable; /* Odoo builds it again */
	uint64_t rows;
	int64_t first_id;
	char *model;
};
/* "missing", "of another size", "of other content", "no name of a file" */
const char *proof_trouble_name(enum proof_trouble trouble);

#define PROOF_FINDINGS_MAX 1000 /* more are counted and not listed */
struct filestore_proof {
	uint64_t named, checked; /* files the database names; of which the content was looked at */
	uint64_t bytes;		 /* that were read */
	uint64_t missing, wrong_size, wrong_content, wrong_name;
	uint64_t baseline, regenerable; /* of these four */
	uint64_t unnamed;		/* files that are there, and no row names */
	GPtrArray
		*findings; /* struct proof_finding, by name; those that are new come with others */
};
void filestore_proof_clear(struct filestore_proof *proof);
/* Findings that are neither of the source nor built again. */
uint64_t filestore_proof_new_damage(const struct filestore_proof *proof);

/* How far each file is looked at. */
enum proof_depth { PROOF_TO_CONTENT, PROOF_TO_SIZE, PROOF_TO_NAME };
/* Of which the content is looked at: whoever knows the seed draws the same ones. */
struct proof_sample {
	const char *seed;
	unsigned ppm;	      /* share, of a million */
	uint64_t least, most; /* files; most 0: any number */
};

struct filestore_proof_request {
	Session *session;     /* of the database */
	const char *folder;   /* its filestore: ab/<sha1> */
	GHashTable *baseline; /* names that were damaged or missing at the source; NULL: none */
	enum proof_depth depth;
	const struct proof_sample *sample; /* NULL: the content of all; else of PROOF_TO_CONTENT */
	unsigned workers;
	void (*progress)(void *data, uint64_t files); /* or NULL */
	void *progress_data;
};
/* Fails only where it cannot be told: the server is gone, a file cannot be read for another reason than being missing. */
bool filestore_prove(const struct filestore_proof_request *request, struct filestore_proof *proof,
		     GError **error);

#endif
