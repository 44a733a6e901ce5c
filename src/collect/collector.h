#ifndef ODR_COLLECT_COLLECTOR_H
#define ODR_COLLECT_COLLECTOR_H

#include "collect/collect.h"
#include "collect/mask.h"

/*
 * What a collector is given, and how it hands over what it found (collection.c). Functions that return
 * bool fail only where the collector has failed with it, unless they say otherwise.
 */
struct collection {
	const struct collect_settings *settings;
	const struct collect_host *host;
	struct mask mask;
	struct collect_report *report;
	/* of the run */
	const struct collect_sink *sink;
	CollectIndex *index;
	GHashTable *paths; /* of items: none twice */
	uint64_t total, total_limit;
	bool broken;	  /* the sink failed, or a stop: no collector can go on */
	bool links_alone; /* of this collector: what a symbolic link leads to is not taken along */
	/* of the item that was begun */
	struct collect_item *item;
	struct sha256 *digest;
};

typedef bool (*collector_run)(struct collection *collection, GError **error);

/* The collector is absent: the reason, a sentence without a full stop. Returns true, to end with. */
bool collection_absent(struct collection *collection, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* What people should know, such as a certificate that ends. */
void collection_note(struct collection *collection, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What collectors make themselves. path is below the collector, source tells what it came from. */
struct collection_item {
	const char *path, *source;
	const char *hint; /* NULL: as the collector's */
};
/* Secret values are masked, unless settings->sealed. */
bool collection_text(struct collection *collection, const struct collection_item *item,
		     const char *text, size_t size, GError **error);
/* Rows by name (see COLLECT_FORM_TABLE). Takes the reference; nothing is masked. */
bool collection_table(struct collection *collection, const struct collection_item *item,
		      json_t *rows, GError **error);
/* Bytes as they come, never masked: collection_begin, then any number of collection_write, then
 * collection_end. A failure drops the item. */
bool collection_begin(struct collection *collection, const struct collection_item *item,
		      GError **error);
bool collection_write(struct collection *collection, const void *bytes, size_t size,
		      GError **error);
bool collection_end(struct collection *collection, GError **error);
void collection_drop(struct collection *collection);

/* Is there an item of this path (as in the index), of any collector? */
bool collection_has(const struct collection *collection, const char *path);

/* For what knows more of an item than struct collection_item: takes it; its path is below the collector.
 * Then the content that is in memory, text masked as collection_text does. */
bool collection_open(struct collection *collection, struct collect_item *item, GError **error);
bool collection_content(struct collection *collection, const char *bytes, size_t size,
			GError **error);

/* ---- files (host_files.c) ------------------------------------------------------------------- */

/* Where an absolute path of the host is to be looked up; g_free. */
char *collection_path(const struct collection *collection, const char *path);
bool collection_path_exists(const struct collection *collection, const char *path);
/* A file with what the host knows of it, as "files" and its path; a symbolic link and what it leads to. One
 * that was taken already is not taken again. NOT_FOUND where there is none, AUTH where it may not be read. */
bool collection_file(struct collection *collection, const char *path, const char *hint,
		     GError **error);
/* Text of a file, for a look inside; of at most 16 MiB. g_free. */
bool collection_read(const struct collection *collection, const char *path, char **text,
		     GError **error);
/* Files that match: *, ? and [] within a component, ** for any folders; a folder stands for all below
 * it. Sorted, absolute, as the host has them. unreadable (or NULL) gets folders that may not be read. */
GPtrArray *collection_match(const struct collection *collection, const char *pattern,
			    GPtrArray *unreadable);
/* Takes all that match. Of the settings' paths, one without wildcards that is not there fails, and so does
 * one that may not be read; of built-in ones the latter is a note. *found (or NULL) counts. */
enum collection_origin { COLLECTION_CONFIGURED, COLLECTION_BUILT_IN };
bool collection_files(struct collection *collection, const char *const *patterns,
		      enum collection_origin origin, unsigned *found, GError **error);
/* The settings' paths if there are, else the built-in ones. */
bool collection_paths(struct collection *collection, const char *const *built_in, unsigned *found,
		      GError **error);

/* ---- programs (tool.c) ---------------------------------------------------------------------- */

struct tool {
	const char *const *argv; /* NULL-terminated; argv[0] by PATH unless absolute */
	const char *directory;	 /* NULL: / */
	const char *owned_by;	 /* a path: as root, run as its owner; NULL: the program's file */
};
/* The host has it (by PATH, or the path itself). */
bool tool_exists(const char *program);
/* What it printed, at most settings->limit; g_free. Fails unless it ends with 0: the message has the
 * last line of what it said on stderr. NOT_FOUND where there is no such program. */
bool tool_text(struct collection *collection, const struct tool *tool, char **text, GError **error);
/* The same as an item. */
bool tool_item(struct collection *collection, const struct tool *tool,
	       const struct collection_item *item, GError **error);
/* The same, as it comes, unmasked: for archives. */
bool tool_stream(struct collection *collection, const struct tool *tool,
		 const struct collection_item *item, GError **error);

/* ---- tables ---------------------------------------------------------------------------------- */

/* A new row; owned by rows. Names that are not UTF-8 are made so. */
json_t *table_row(json_t *rows, const char *name);
/* The value of a setting of this name as it may be told; g_free. NULL stays. */
char *collection_value(const struct collection *collection, const char *name, const char *value);

/* ---- the collectors, one file per family ------------------------------------------------------ */

bool files_collect(struct collection *collection, GError **error);
bool command_collect(struct collection *collection, GError **error);
bool host_collect(struct collection *collection, GError **error);
bool own_collect(struct collection *collection, GError **error);
bool postgresql_collect(struct collection *collection, GError **error);
bool addons_collect(struct collection *collection, GError **error);
bool git_collect(struct collection *collection, GError **error);
bool tools_collect(struct collection *collection, GError **error);
bool odoo_collect(struct collection *collection, GError **error);
bool systemd_collect(struct collection *collection, GError **error);
bool cron_collect(struct collection *collection, GError **error);
bool redis_collect(struct collection *collection, GError **error);
bool traefik_collect(struct collection *collection, GError **error);
bool nginx_collect(struct collection *collection, GError **error);
bool haproxy_collect(struct collection *collection, GError **error);
bool certificates_collect(struct collection *collection, GError **error);
bool kubernetes_collect(struct collection *collection, GError **error);
bool compose_collect(struct collection *collection, GError **error);
bool references_collect(struct collection *collection, GError **error);

#endif
