/* Every key of the configuration file, once. */
#include "cli/settings/settings.h"

#include <stddef.h>
#include <string.h>

#define DURATION_LONGEST (100 * 365 * USEC_PER_DAY)

/* clang-format off */
#define GLOBAL(member)     offsetof(struct settings, member)
#define REPOSITORY(member) offsetof(struct settings_repository, member)
#define SERVICE(member)    offsetof(struct settings_service, member)
#define COLLECT(member)    offsetof(struct settings_collect, member)
#define TIER(member)       offsetof(struct settings_tier, member)
static const struct settings_key keys[] = {
	{"odrbackup", "state", SETTINGS_PATH, .fallback = "/var/lib/odrbackup", .offset = GLOBAL(state),
	 .help = "folder of what has to survive: journals, catalog, locks"},
	{"odrbackup", "spool", SETTINGS_PATH, .fallback = "/var/spool/odrbackup", .offset = GLOBAL(spool),
	 .help = "folder of what may be lost: WAL fetched ahead, lists of a restore"},
	{"odrbackup", "workers", SETTINGS_COUNT, .minimum = 1, .maximum = 64, .offset = GLOBAL(workers),
	 .help = "threads of a backup or restore; the CPUs, at most 8, if not given"},
	{"odrbackup", "compress-level", SETTINGS_COUNT, .fallback = "1", .minimum = 1, .maximum = 19,
	 .offset = GLOBAL(compress_level), .help = "level of zstd"},
	{"odrbackup", "writer-bundle", SETTINGS_PATH, .offset = GLOBAL(bundle),
	 .help = "file with the writer's keys, for services without their own"},
	{"odrbackup", "identity", SETTINGS_PATH, .offset = GLOBAL(identity),
	 .help = "file with the key that opens sets, for services without their own"},
	{"odrbackup", "archive-get-timeout", SETTINGS_DURATION, .fallback = "10min", .minimum = 0,
	 .maximum = USEC_PER_DAY, .offset = GLOBAL(archive_get_timeout),
	 .help = "how long archive-get retries before it gives up with status 126"},
	{"odrbackup", "archive-check-timeout", SETTINGS_DURATION, .fallback = "60s",
	 .minimum = USEC_PER_SEC, .maximum = USEC_PER_DAY, .offset = GLOBAL(archive_check_timeout),
	 .help = "how long a backup waits for a WAL segment to become durable"},
	{"odrbackup", "archive-push-batch", SETTINGS_COUNT, .fallback = "8", .minimum = 0, .maximum = 1000,
	 .offset = GLOBAL(archive_push_batch),
	 .help = "further finished segments that archive-push takes along"},
	{"odrbackup", "archive-get-batch", SETTINGS_COUNT, .fallback = "8", .minimum = 0, .maximum = 1000,
	 .offset = GLOBAL(archive_get_batch), .help = "segments that archive-get fetches ahead"},

	{"repository", "type", SETTINGS_CHOICE, .fallback = "posix", .choices = "posix;s3;libs3",
	 .offset = REPOSITORY(type), .help = "what kind of store it is"},
	{"repository", "path", SETTINGS_PATH, .offset = REPOSITORY(path),
	 .help = "folder of a posix repository"},
	{"repository", "endpoint", SETTINGS_TEXT, .offset = REPOSITORY(endpoint),
	 .help = "where the bucket is: https://HOST[:PORT]; that of AWS if not given"},
	{"repository", "bucket", SETTINGS_TEXT, .offset = REPOSITORY(bucket),
	 .help = "bucket that holds the repository"},
	{"repository", "prefix", SETTINGS_TEXT, .offset = REPOSITORY(prefix),
	 .help = "what all names of objects in the bucket begin with"},
	{"repository", "region", SETTINGS_TEXT, .fallback = "us-east-1", .offset = REPOSITORY(region),
	 .help = "region of the bucket"},
	{"repository", "credentials", SETTINGS_TEXT, .offset = REPOSITORY(credentials),
	 .help = "file with the access key, or name of a systemd credential"},
	{"repository", "credential-process", SETTINGS_TEXT, .offset = REPOSITORY(credential_process),
	 .help = "program that prints the access key, instead of credentials="},
	{"repository", "credentials-from", SETTINGS_CHOICE, .choices = "web-identity;instance;container",
	 .offset = REPOSITORY(credentials_from),
	 .help = "the role that this pod, instance or container has, instead of credentials="},
	{"repository", "credentials-endpoint", SETTINGS_TEXT, .offset = REPOSITORY(credentials_endpoint),
	 .help = "who gives the keys of a role: STS, or the instance's metadata service; that of AWS if not given"},
	{"repository", "role-arn", SETTINGS_TEXT, .offset = REPOSITORY(role_arn),
	 .help = "role that a web identity assumes; AWS_ROLE_ARN if not given"},
	{"repository", "token-file", SETTINGS_PATH, .offset = REPOSITORY(token_file),
	 .help = "file with the web identity's token; AWS_WEB_IDENTITY_TOKEN_FILE if not given"},
	{"repository", "ca-file", SETTINGS_PATH, .offset = REPOSITORY(ca_file),
	 .help = "certificates to trust, instead of the system's"},
	{"repository", "proxy", SETTINGS_TEXT, .offset = REPOSITORY(proxy),
	 .help = "by way of whom requests go: http://HOST:PORT, or none; as the environment says if not given"},
	{"repository", "tls-unverified", SETTINGS_CHOICE, .fallback = "no", .choices = "yes;no",
	 .offset = REPOSITORY(tls_unverified),
	 .help = "let libs3 talk to whoever answers: it looks at no certificate"},
	{"repository", "path-style", SETTINGS_CHOICE, .choices = "yes;no", .offset = REPOSITORY(path_style),
	 .help = "whether the bucket stands in the path or in the host's name"},
	{"repository", "plain-http", SETTINGS_CHOICE, .fallback = "no", .choices = "yes;no",
	 .offset = REPOSITORY(plain_http), .help = "allow http:// to other hosts than this one"},
	{"repository", "checksum", SETTINGS_CHOICE, .fallback = "sha256", .choices = "sha256;md5",
	 .offset = REPOSITORY(checksum), .help = "the digest by which the store verifies what it gets"},
	{"repository", "retry-for", SETTINGS_DURATION, .fallback = "5min", .minimum = 0,
	 .maximum = USEC_PER_DAY, .offset = REPOSITORY(retry_for),
	 .help = "how long a request is repeated while the store is out of reach or busy"},
	{"repository", "silence-timeout", SETTINGS_DURATION, .fallback = "60s", .minimum = USEC_PER_SEC,
	 .maximum = USEC_PER_HOUR, .offset = REPOSITORY(silence_timeout),
	 .help = "a connection on which nothing moves for so long is given up"},
	{"repository", "lock", SETTINGS_CHOICE, .fallback = "none", .choices = "none;governance;compliance;bucket",
	 .offset = REPOSITORY(lock), .help = "how objects are locked against deletion"},
	{"repository", "role", SETTINGS_CHOICE, .choices = "any;writer;keeper;restorer",
	 .offset = REPOSITORY(role), .help = "what this host's credential is for: check finds further rights"},

	{"service", "repositories", SETTINGS_NAMES, .required = true, .offset = SERVICE(repository_names),
	 .help = "repositories that hold the service; every one gets everything"},
	{"service", "tier", SETTINGS_TEXT, .fallback = SETTINGS_DEFAULT_TIER, .offset = SERVICE(tier_name),
	 .help = "class of targets and retention"},
	{"service", "postgres", SETTINGS_TEXT, .fallback = "host=/var/run/postgresql dbname=postgres",
	 .offset = SERVICE(postgres),
	 .help = "connection to the cluster, in the words of libpq; none: there is no cluster"},
	{"service", "data-directory", SETTINGS_PATH_OR_AUTO, .fallback = "auto",
	 .offset = SERVICE(data_directory), .help = "the cluster's folder; auto: as the server says"},
	{"service", "filestore", SETTINGS_TEXT, .offset = SERVICE(filestore),
	 .help = "folders with Odoo's attachments, or NAME:FOLDER for one database's, separated by ';'"},
	{"service", "filestore-layout", SETTINGS_CHOICE, .fallback = "odoo", .choices = "odoo;plain",
	 .offset = SERVICE(filestore_layout), .help = "odoo: files are named by their content; plain: any folder"},
	{"service", "filestore-fence", SETTINGS_CHOICE, .fallback = "job", .choices = "job;table;none",
	 .offset = SERVICE(filestore_fence),
	 .help = "what may be locked to hold off Odoo's collector while files are read"},
	{"service", "filestore-shrink", SETTINGS_COUNT, .fallback = "20", .minimum = 1, .maximum = 100,
	 .offset = SERVICE(filestore_shrink),
	 .help = "percent of a database's files that may be gone since the last set without an alarm"},
	{"service", "databases", SETTINGS_TEXT, .offset = SERVICE(databases),
	 .help = "databases whose folders are captured, by name or pattern, separated by ';'; !PATTERN: not these"},
	{"service", "config", SETTINGS_NAMES, 
	 .fallback = "host;odrbackup;postgresql;addons;tools;odoo;systemd;cron",
	 .offset = SERVICE(config), .help = "collectors of the configuration; none: it is not captured"},
	{"service", "config-limit", SETTINGS_SIZE, .fallback = "1GiB", .minimum = 1 << 20,
	 .maximum = (int64_t)1 << 40, .offset = SERVICE(config_limit),
	 .help = "how much configuration may have at most"},
	{"service", "writer-bundle", SETTINGS_PATH, .offset = SERVICE(bundle),
	 .help = "file with the writer's keys of this service"},
	{"service", "identity", SETTINGS_PATH, .offset = SERVICE(identity),
	 .help = "file with the key that opens sets of this service"},

	{"collect", "type", SETTINGS_CHOICE, .choices = SETTINGS_COLLECT_TYPES, .offset = COLLECT(type),
	 .help = "what kind of collector it is; its name if not given"},
	{"collect", "paths", SETTINGS_NAMES, .offset = COLLECT(paths),
	 .help = "files and folders, with *, ?, [] and ** for any folders"},
	{"collect", "command", SETTINGS_NAMES, .offset = COLLECT(command),
	 .help = "program and its arguments, run without a shell"},
	{"collect", "databases", SETTINGS_NAMES, .offset = COLLECT(databases),
	 .help = "only these databases"},
	{"collect", "units", SETTINGS_NAMES, .offset = COLLECT(units),
	 .help = "units of systemd, with * and ?"},
	{"collect", "history", SETTINGS_CHOICE, .choices = "auto;all;unpushed;none",
	 .offset = COLLECT(history), .help = "how much of a checkout's history is taken"},
	{"collect", "server", SETTINGS_TEXT, .offset = COLLECT(server),
	 .help = "HOST:PORT, or the path of a socket"},
	{"collect", "password-file", SETTINGS_PATH, .offset = COLLECT(password_file),
	 .help = "file with the password of the server"},
	{"collect", "kinds", SETTINGS_NAMES, .offset = COLLECT(kinds),
	 .help = "kinds of objects in Kubernetes"},
	{"collect", "namespaces", SETTINGS_NAMES, .offset = COLLECT(namespaces),
	 .help = "only these namespaces of Kubernetes"},
	{"collect", "kubeconfig", SETTINGS_PATH, .offset = COLLECT(kubeconfig),
	 .help = "configuration of kubectl"},
	{"collect", "context", SETTINGS_TEXT, .offset = COLLECT(context),
	 .help = "context of kubectl"},
	{"collect", "required", SETTINGS_CHOICE, .choices = "yes;no", .offset = COLLECT(required),
	 .help = "whether a failure makes the part fail"},
	{"collect", "secrets", SETTINGS_CHOICE, .fallback = "masked", .choices = "masked;sealed",
	 .offset = COLLECT(secrets), .help = "whether secret values leave the host, sealed as everything"},
	{"collect", "mask", SETTINGS_NAMES, .offset = COLLECT(mask),
	 .help = "further names of secret values, with * and ?"},
	{"collect", "limit", SETTINGS_SIZE, .fallback = "64MiB", .minimum = 1024,
	 .maximum = (int64_t)1 << 40, .offset = COLLECT(limit), .help = "how much one item may have"},
	{"collect", "timeout", SETTINGS_DURATION, .fallback = "60s", .minimum = USEC_PER_SEC,
	 .maximum = USEC_PER_DAY, .offset = COLLECT(timeout), .help = "how long one program may run"},
	{"collect", "hint", SETTINGS_TEXT, .offset = COLLECT(hint),
	 .help = "how to put back what it has, in words"},

	{"tier", "rpo", SETTINGS_DURATION, .maximum = DURATION_LONGEST, .offset = TIER(rpo),
	 .help = "how much may be lost at most"},
	{"tier", "rto", SETTINGS_DURATION, .maximum = DURATION_LONGEST, .offset = TIER(rto),
	 .help = "how long a recovery may take at most"},
	{"tier", "retain", SETTINGS_DURATION, .fallback = "30d", .minimum = USEC_PER_HOUR,
	 .maximum = DURATION_LONGEST, .offset = TIER(retain),
	 .help = "how far back one can go: a set is kept so long after its successor"},
	{"tier", "retain-least", SETTINGS_COUNT, .fallback = "2", .minimum = 1, .maximum = 100000,
	 .offset = TIER(retain_least), .help = "sets kept however old they are"},
	{"tier", "backup-every", SETTINGS_DURATION, .fallback = "1d", .minimum = USEC_PER_MIN,
	 .maximum = DURATION_LONGEST, .offset = TIER(backup_every), .help = "expected distance of sets"},
	{"tier", "generation-length", SETTINGS_DURATION, .fallback = "7d", .minimum = USEC_PER_HOUR,
	 .maximum = DURATION_LONGEST, .offset = TIER(generation_length),
	 .help = "after which time a full set begins a new generation"},
	{"tier", "generation-length-filestore", SETTINGS_DURATION, .fallback = "90d",
	 .minimum = USEC_PER_HOUR, .maximum = DURATION_LONGEST,
	 .offset = TIER(generation_length_filestore), .help = "the same for the filestore"},
};
/* clang-format on */

const struct settings_key *settings_keys(size_t *count)
{
	*count = G_N_ELEMENTS(keys);
	return keys;
}

const struct settings_key *settings_keys_of(const char *group, size_t *count)
{
	const struct settings_key *first = keys, *end = keys + G_N_ELEMENTS(keys);

	while (first < end && strcmp(first->group, group) != 0)
		first++;
	for (*count = 0; first + *count < end && strcmp(first[*count].group, group) == 0; ++*count)
		;
	return first;
}
