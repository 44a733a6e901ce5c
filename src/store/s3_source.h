#ifndef ODR_STORE_S3_SOURCE_H
#define ODR_STORE_S3_SOURCE_H

#include "http/exchange.h"
#include "store/s3_keys.h"
#include "store/store.h"

/*
 * Where credentials come from: one file a source. Which one it is, the settings say; none is guessed, and
 * none is tried for want of another. Role, token file and service are those of the settings, or else what
 * the environment of a pod names; an access key is never taken from there.
 */
struct s3_source_settings {
	const char *repository; /* for messages */
	const char *from;	/* a source's name; NULL: the file or the process that is set */
	const char *file;	/* absolute, or the name of a systemd credential */
	const char *process;	/* a command line */
	const char *endpoint;	/* of STS, or of the metadata service; NULL: that of AWS */
	const char *role, *token_file;
	const char *region, *ca_file, *proxy;
	bool amazon;	 /* the bucket is one of AWS */
	bool plain_http; /* also to an STS on another host */
};

struct s3_source {
	const char *name;
	const char *what; /* for people; in it %s is the file or the program */
	/* USAGE where a setting is wrong or missing; asks nobody. NULL: none can be. */
	bool (*check)(const struct s3_source_settings *settings, GError **error);
	/* given_at: what the clock of whoever gave them said, 0 if that is not known. TRANSIENT and
	 * UNREACHABLE may be tried again; all else says that there are no keys. */
	bool (*read)(const struct s3_source_settings *settings, struct s3_keys *keys,
		     usec_t *given_at, GError **error);
};
extern const struct s3_source s3_source_file, s3_source_process, s3_source_web_identity,
	s3_source_instance, s3_source_container;

/* As those of a repository say, borrowed; without ca_file and proxy. */
struct s3_source_settings s3_source_settings_of(const struct store_settings *settings,
						const char *region, bool amazon);
/* The one that is meant, checked; else NULL and USAGE. */
const struct s3_source *s3_source_of(const struct s3_source_settings *settings, GError **error);

/* A request to a service that hands out keys, or what leads to them. Redirects are not followed. */
struct s3_source_request {
	const char *method, *url;
	struct http_header header; /* name NULL: none */
	const char *body;	   /* NULL: none */
	const char *ca_file, *proxy;
	bool plain; /* http:// is meant */
	bool link;  /* a service on this host or its link: by no proxy, soon or not at all */
};
typedef struct s3_source_reply S3SourceReply;
struct s3_source_reply {
	unsigned status; /* also where it failed; 0: no answer */
	char *text;	 /* in guarded memory */
	size_t size;
	usec_t date; /* 0: it did not tell */
};
void s3_source_reply_clear(S3SourceReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(S3SourceReply, s3_source_reply_clear)
/* True for 2xx. */
bool s3_source_ask(const struct s3_source_request *request, S3SourceReply *reply, GError **error);

/* An address that means this host or its link, and that no router forwards. */
bool s3_source_on_link(const char *host);
/* What is a line of printable characters may go into a header. */
bool s3_source_line(const char *text);

#endif
