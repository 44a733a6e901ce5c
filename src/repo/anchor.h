#ifndef ODR_REPO_ANCHOR_H
#define ODR_REPO_ANCHOR_H

#include "base/json.h"
#include "repo/mark.h"

/*
 * Figures of the business that were taken at the source around a mark: each in a snapshot before its restore point, and
 * again in one behind it. A signed object of the mark's id. What a recovery to the mark has to show: exactly, where
 * nothing changed between the two; else something between them. odrbackup-format(7) and anchor.c give its bytes.
 */
#define ANCHOR_FIGURES_MAX 2000

enum anchor_basis {
	ANCHOR_IDENTICAL, /* nothing was committed, nor could be, between the snapshots: they are one */
	ANCHOR_EQUAL,	  /* both gave the same */
	ANCHOR_DIFFERENT, /* after is what the later one gave */
	ANCHOR_UNKNOWN,	  /* it could not be taken: problem says why */
	ANCHOR_BASES
};
const char *anchor_basis_name(enum anchor_basis basis);

struct anchor_figure {
	char *database, *query;		  /* query: the name of its file in a plan */
	char sha256[2 * SHA256_SIZE + 1]; /* of the file's text */
	enum anchor_basis basis;
	json_t *before, *after; /* {"columns":[…],"rows":[[…],…]}; NULL: none, or as before */
	char *problem;		/* NULL: none */
};
GPtrArray *anchor_figures_new(void); /* none yet */
struct anchor_figure *anchor_figure_new(const char *database, const char *query,
					const char *sha256);

struct anchor {
	struct mark mark;   /* without its note; first, so that it is one */
	GPtrArray *figures; /* struct anchor_figure; never NULL */
};
typedef struct anchor Anchor;
Anchor *anchor_new(void);
void anchor_free(Anchor *anchor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Anchor, anchor_free)
/* With time, name, place and host of the mark, and no figure yet. */
Anchor *anchor_of_mark(const struct mark *mark);

/* The whole object, sealed and signed. CORRUPT where no reader would take it: too many figures, or too large. */
GBytes *anchor_seal(const struct anchor *anchor, const Bundle *bundle, GError **error);
/* Signature, public part, and the sealed part when identity is given. Hostile bytes. */
bool anchor_parse(const struct key_service *service, const Identity *identity, const char *id,
		  const void *object, size_t size, Anchor **anchor, GError **error);
/* The sealed part by itself, added to *anchor. Hostile text. */
bool anchor_sealed_parse(const char *text, size_t size, struct anchor *anchor, GError **error);

/* Ids of all anchors, ascending: char *. */
bool anchor_list(Repo *repo, GPtrArray **ids, GError **error);
bool anchor_load(Repo *repo, const Identity *identity, const char *id, Anchor **anchor,
		 GError **error);

#endif
