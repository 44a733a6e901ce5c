#ifndef ODR_COLLECT_COLLECT_H
#define ODR_COLLECT_COLLECT_H

#include "base/clock.h"
#include "collect/index.h"

/*
 * The configuration of a platform, by collectors. Each looks at one thing (files, the host, PostgreSQL …)
 * and hands over items; what it needs may be absent, and it may fail. Commands run by argument vector,
 * with a time limit, a ceiling on what they print, and an environment of their own. Secret values are
 * masked unless a collector's settings say that they may leave the host.
 */

/* [collect NAME] of the configuration, or a built-in name. Lists are NULL-terminated or NULL. */
struct collect_settings {
	const char *name, *type;
	bool required;
	bool sealed;	/* secret values are kept */
	uint64_t limit; /* bytes of one item */
	usec_t timeout; /* of one command */
	const char *const *paths;
	const char *const *command;
	const char *const *databases;
	const char *const *kinds, *const *namespaces; /* of Kubernetes */
	const char *const *units;		      /* of systemd, with * and ? */
	const char *const *masks;		      /* further names of secrets, with * and ? */
	const char *server;			      /* "host:port", or the path of a socket */
	const char *password_file;
	const char *kubeconfig;
	const char *context;
	const char *history; /* of checkouts: "auto", "all", "unpushed", "none"; NULL: auto */
	const char *hint;
};

/* What collectors know of the host that runs us and of the service. */
struct collect_host {
	const char *root;     /* "" or where paths are looked up instead of / (tests) */
	const char *conninfo; /* of the cluster; NULL: none */
	const char *run_id;
	const uint8_t
		*digest_secret; /* KEY_SIZE: masked values are told by a digest keyed with it */
	/* For the collector of our own configuration: files to take, and facts (a JSON object). */
	const char *const *own_files;
	json_t *own_facts;
};

/* Takes the content of items, one after the other. */
struct collect_sink {
	bool (*begin)(void *data, GError **error);
	bool (*write)(void *data, const void *bytes, size_t size, GError **error);
	/* The item is complete, and the last of its collector's index so far. */
	bool (*end)(void *data, const struct collect_item *item, GError **error);
	void (*drop)(void *data); /* the item that was begun is not to be */
	void *data;
};

struct collect_request {
	const GPtrArray *collectors; /* struct collect_settings */
	const struct collect_host *host;
	const struct collect_sink *sink;
	uint64_t total_limit; /* bytes of all items */
	/* Before each collector; false ends with its error. */
	bool (*tick)(void *data, const char *collector, GError **error);
	void *tick_data;
};
/* Runs all of them in order of restoring; one that fails does not keep the others from running. The index
 * (itself not given to the sink) tells what became of each. Fails when the sink fails, on a stop, and with
 * FAILED when a required collector failed; index is then set nevertheless. */
bool collect_run(const struct collect_request *request, CollectIndex **index, GError **error);

/* What there is, for settings, help and tests. */
struct collect_class {
	const char *type;
	bool required;	   /* unless the settings say otherwise */
	unsigned order;	   /* of restoring */
	const char *keys;  /* settings it takes beside those of all: "paths;kinds" */
	const char *needs; /* "a PostgreSQL server"; NULL: nothing */
	const char *hint;  /* how to put back what it has */
};
const struct collect_class *collect_class_at(size_t index); /* NULL: no more */
const struct collect_class *collect_class_of(const char *type);

#endif
