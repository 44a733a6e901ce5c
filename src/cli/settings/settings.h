#ifndef ODR_CLI_SETTINGS_SETTINGS_H
#define ODR_CLI_SETTINGS_SETTINGS_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The configuration file (odrbackup.conf(5)): every key stands once, in a table of settings.c, with
 * its group, type, default and help; the parser, `config show --origin`, suggestions and the manual's
 * test read that table. GLib only: the small program links this.
 */
struct settings_repository {
	char *name, *type, *path;
	char *lock; /* none, governance, compliance */
	char *role; /* any, writer, keeper, restorer; NULL: by the keys this host holds */
	char *endpoint, *bucket, *prefix, *region;
	char *credentials, *credential_process, *credentials_from; /* one of them */
	char *credentials_endpoint, *role_arn, *token_file;
	char *ca_file, *proxy;
	char *tls_unverified; /* yes, no */
	char *path_style,
		*plain_http; /* yes, no, of the second trusted; path_style NULL: as the endpoint suggests */
	char *checksum; /* sha256, md5 */
	usec_t retry_for, silence_timeout;
	uint64_t bandwidth_up, bandwidth_down; /* bytes a second; 0: no limit */
};
/* In this order: */
#define SETTINGS_COMPONENT_NAMES "database;filestore;config;integration"
#define SETTINGS_COMPONENTS	 4
struct settings_tier {
	char *name;
	usec_t rpo, rto; /* 0: no objective */
	usec_t retain;
	unsigned retain_least;
	usec_t backup_every; /* expected distance of sets */
	usec_t generation_length, generation_length_filestore;
	/* Drills; 0: not said. */
	usec_t rpo_component[SETTINGS_COMPONENTS], rto_component[SETTINGS_COMPONENTS];
	usec_t assume_detect, assume_decide, assume_cutover;
	usec_t drill_every, max_drill_age, verify_cycle, unknown_allowance;
	unsigned min_drills;  /* a quarter */
	unsigned rpo_percent; /* of the time */
};
/* What the business does, and what it rests on. */
struct settings_process {
	char *name, *service;
	char *components, *checks; /* lists, as written; NULL: none */
	char *owner;
	usec_t rpo, rto; /* 0: those of the tier */
};
/* Who is told of drills and failed units, and how. */
struct settings_notify {
	char *name, *type;    /* command, http, healthchecks */
	char *command;	      /* list, as written */
	char *url, *url_file; /* one of them */
	char *header_file, *ca_file;
	usec_t timeout; /* of one attempt */
	unsigned attempts;
};
/* What may be out of its objective for a while, on somebody's word. */
struct settings_exemption {
	char *name, *service, *process; /* process NULL: the service itself */
	char *objective;		/* rpo, rto, integrity, coverage */
	char *reason, *approver;
	usec_t expires;
};
/* What a collector of the configuration part takes, and how. */
struct settings_collect {
	char *name, *type;
	char *required;	       /* yes, no; NULL: as the type has it */
	char *secrets;	       /* masked, sealed */
	uint64_t limit;	       /* bytes of one item */
	usec_t timeout;	       /* of one command */
	char *paths, *command; /* lists, as written; so are these: */
	char *databases, *mask, *units, *kinds, *namespaces;
	char *server, *password_file, *kubeconfig, *context;
	char *history;
	char *hint;
};
struct settings_service {
	char *name;
	char *config;		 /* as written; NULL: the part config is not captured ("none") */
	bool config_chosen;	 /* written, not the default */
	uint64_t config_limit;	 /* bytes of all items */
	GPtrArray *collectors;	 /* struct settings_collect, not owned */
	GPtrArray *repositories; /* struct settings_repository, not owned */
	const struct settings_tier *tier; /* never NULL: built-in "default" */
	char *postgres;			  /* libpq conninfo; NULL: no cluster ("none") */
	char *data_directory;		  /* "auto" or a path */
	char *filestore, *databases;	  /* lists as written; NULL: none */
	char *filestore_layout;		  /* odoo, plain */
	char *filestore_fence;		  /* job, table, none */
	unsigned filestore_shrink;	  /* percent */
	/* Files; may be NULL; [odrbackup]'s where the service has none. */
	char *bundle, *identity, *evidence_key;
	char *repository_names, *tier_name; /* as written */
};
#define SETTINGS_DEFAULT_TIER "default"
/* What collectors there are: collect_class_at() has the same, and more than the small program needs. */
#define SETTINGS_COLLECT_TYPES                                                            \
 "addons;certificates;command;compose;cron;files;git;haproxy;host;kubernetes;nginx;odoo;" \
 "odrbackup;postgresql;redis;references;systemd;tools;traefik"
typedef struct settings Settings;
struct settings {
	char *file; /* where it came from */
	char *state, *spool;
	unsigned workers;
	int compress_level;
	usec_t archive_get_timeout, archive_check_timeout;
	unsigned archive_push_batch, archive_get_batch; /* further segments taken along; 0: none */
	char *metrics_file;				/* NULL: none */
	char *bundle, *identity, *evidence_key; /* of services without their own; may be NULL */
	char *drills;				/* folder of the plans */
	char *on_unit_failure;			/* list, as written; NULL: nobody */
	GPtrArray *repositories, *services, *tiers;
	GPtrArray *processes;		  /* struct settings_process */
	GPtrArray *notifies, *exemptions; /* struct settings_notify, settings_exemption */
	GPtrArray *collects; /* struct settings_collect: groups, then types that were named alone */
	GPtrArray *origins;  /* struct settings_origin: global, repositories, services, tiers … */
	GPtrArray *warnings; /* char *: what is allowed and probably not meant */
};
struct settings_origin {
	char *group, *key, *value; /* "service erp-prod", "tier", "gold"; value NULL: not set */
	char *origin;		   /* "default" or "FILE:LINE" */
};
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* Where a host keeps its configuration, below the sysconfdir the program was built for. */
#define SETTINGS_FOLDER ODR_SYSCONFDIR "/odrbackup"
#define SETTINGS_FILE	SETTINGS_FOLDER "/odrbackup.conf"
/* Reads and checks everything; USAGE errors are "FILE:LINE: what is wrong; what would be right". */
Settings *settings_load(const char *file, GError **error);
Settings *settings_parse(const char *text, size_t size, const char *file, GError **error);
/* name NULL: the only one; USAGE with the names there are (and a suggestion). */
const struct settings_service *settings_service(const Settings *settings, const char *name,
						GError **error);
/* <state>/<service>; g_free. */
char *settings_state(const Settings *settings, const struct settings_service *service);

/* The cluster's folder; NULL: as the server says. */
const char *settings_data_directory(const struct settings_service *service);
/* The elements of a list as written, without blanks around them and empty ones; NULL where there is none;
 * g_strfreev. */
char **settings_split(const char *list);
/* What is wrong with a URL that is told of drills, along with a secret header or without: "needs …", or NULL. */
const char *settings_notify_url_wrong(const char *url, bool secret);
/* Where a key of a group stands, "FILE:LINE", or "default". */
const char *settings_origin_of(const Settings *settings, const char *group, const char *key);

/* One key as the table has it, for config show, manuals and tests. */
enum settings_type {
	SETTINGS_TEXT,
	SETTINGS_NAMES,	       /* separated by ';' */
	SETTINGS_PATH,	       /* absolute */
	SETTINGS_PATH_OR_AUTO, /* absolute, or "auto" */
	SETTINGS_CHOICE,       /* one of choices */
	SETTINGS_COUNT,	       /* minimum … maximum */
	SETTINGS_DURATION,     /* minimum … maximum, microseconds */
	SETTINGS_SIZE,	       /* minimum … maximum, bytes */
	SETTINGS_TIME,	       /* RFC 3339, with a zone */
};
struct settings_key {
	const char *group; /* "odrbackup", "repository", "service", "collect", "tier" */
	const char *name;
	enum settings_type type;
	const char *fallback; /* default as text, or NULL */
	const char *help;
	bool required;
	const char *choices; /* "none;governance" */
	int64_t minimum, maximum;
	size_t offset; /* in the group's struct */
};
const struct settings_key *settings_keys(size_t *count);
/* Those of one kind of group: they stand together. */
const struct settings_key *settings_keys_of(const char *group, size_t *count);

#endif
