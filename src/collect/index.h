#ifndef ODR_COLLECT_INDEX_H
#define ODR_COLLECT_INDEX_H

#include "base/json.h"
#include "crypto/digest.h"

/*
 * What a capture of the configuration holds: the file COLLECT_INDEX of the part, JSON. Every other path of
 * the part is an item of it. odrbackup-format(7) specifies the members.
 */
#define COLLECT_INDEX	     "index.json"
#define COLLECT_INDEX_FORMAT 1
#define COLLECT_INDEX_MAX    ((size_t)32 << 20)
#define COLLECT_PATH_MAX     4096

enum collect_form {
	COLLECT_FORM_BINARY, /* bytes */
	COLLECT_FORM_TEXT,   /* lines of UTF-8 */
	COLLECT_FORM_TABLE, /* a JSON object: a name for each row, its facts as an object or text */
	COLLECT_FORM_LINK,  /* a symbolic link; no content */
};
struct collect_item {
	char *path; /* in the part: "host/files/etc/fstab"; its first component is the collector */
	char *source;	 /* where it came from: "/etc/fstab", "locale -a" */
	char *hint;	 /* how to put it back; may be NULL: as the collector says */
	char *collector; /* the first component of path */
	enum collect_form form;
	bool in_place; /* source is the path of a file that it can be put back to */
	bool masked;   /* secret values in it are masked */
	uint32_t mode, uid, gid;
	char *owner, *group; /* names; may be empty */
	int64_t mtime_ns;
	char *link; /* COLLECT_FORM_LINK */
	uint64_t size;
	uint8_t sha256[SHA256_SIZE];
};

enum collect_state {
	COLLECT_COLLECTED,
	COLLECT_ABSENT, /* there is no such tool, server or path */
	COLLECT_FAILED,
};
const char *collect_state_name(enum collect_state state);

struct collect_report {
	char *name, *type; /* of the collector: "odoo-files", "files" */
	enum collect_state state;
	bool required;
	unsigned order; /* of restoring: 1 first */
	char *needs;	/* what it needs, as a sentence's end: "a PostgreSQL server"; may be NULL */
	char *hint;	/* how to put back what it has; may be NULL */
	char *reason;	/* why absent or failed */
	GPtrArray *notes; /* char *: what people should know, such as a certificate that ends */
};

typedef struct collect_index CollectIndex;
struct collect_index {
	int64_t taken;	    /* microseconds since 1970 */
	GPtrArray *reports; /* struct collect_report, in order of restoring */
	GPtrArray *items;   /* struct collect_item, ascending by path */
};
CollectIndex *collect_index_new(void);
void collect_index_free(CollectIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CollectIndex, collect_index_free)
void collect_item_free(struct collect_item *item);
void collect_report_free(struct collect_report *report);

/* By path, or NULL. */
const struct collect_item *collect_index_item(const CollectIndex *index, const char *path);
/* Relative, without empty, "." or ".." components and control characters, UTF-8. */
bool collect_path_safe(const char *path);

char *collect_index_print(const CollectIndex *index); /* g_free */
/* Hostile text: every member is checked. CORRUPT, or REFUSED for what a newer version wrote. */
bool collect_index_parse(const char *text, size_t size, CollectIndex **index, GError **error);

#endif
