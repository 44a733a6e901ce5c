/* Redis or Valkey, over its own protocol: configuration, and a dump that it writes for us. */
#include "collect/collector.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "collect/resp.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PASSWORD_MAX ((size_t)4096)
#define LOOK_EVERY   50 /* ms, while a dump is being written */

static const char *const usual_sockets[] = {"/run/redis/redis-server.sock", "/run/redis/redis.sock",
					    "/run/valkey/valkey.sock", NULL};
#define USUAL_SERVER "127.0.0.1:6379"

struct redis {
	struct collection *collection;
	char *server; /* for messages */
	int fd;
	GByteArray *read;
	usec_t deadline;
};

static void redis_clear(struct redis *redis)
{
	if (redis->fd >= 0)
		close(redis->fd);
	g_byte_array_unref(redis->read);
	g_free(redis->server);
}

/* ---- connection ------------------------------------------------------------------------------ */

static bool fail_time(const struct redis *redis, GError **error)
{
	g_autofree char *time = duration_format(redis->collection->settings->timeout);

	return odr_fail(error, ODR_ERROR_UNREACHABLE, "%s did not answer within %s", redis->server,
			time);
}

static bool wait_for(const struct redis *redis, short events, GError **error)
{
	for (;;) {
		struct pollfd file = {.fd = redis->fd, .events = events};
		usec_t left = redis->deadline - clock_monotonic();
		int ready;

		if (!stop_check(error))
			return false;
		if (left <= 0)
			return fail_time(redis, error);
		ready = poll(&file, 1, (int)MIN(left / 1000 + 1, 200));
		if (ready > 0)
			return true;
		if (ready < 0 && errno != EINTR)
			return odr_fail_errno(error, errno, "cannot wait for %s", redis->server);
	}
}

static bool connect_to(struct redis *redis, const struct sockaddr *address, socklen_t size,
		       GError **error)
{
	int trouble = 0;
	socklen_t length = sizeof(trouble);

	redis->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (redis->fd < 0)
		return odr_fail_errno(error, errno, "cannot make a socket");
	if (connect(redis->fd, address, size) == 0)
		return true;
	if (errno == EINPROGRESS) {
		if (!wait_for(redis, POLLOUT, error))
			return false;
		getsockopt(redis->fd, SOL_SOCKET, SO_ERROR, &trouble, &length);
		errno = trouble;
	}
	if (errno == 0)
		return true;
	return odr_fail(error, ODR_ERROR_UNREACHABLE, "cannot connect to %s: %s", redis->server,
			g_strerror(errno));
}

static bool connect_socket(struct redis *redis, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	g_autofree char *path = collection_path(redis->collection, redis->server);

	if (strlen(path) >= sizeof(address.sun_path))
		return odr_fail(error, ODR_ERROR_USAGE, "'%s' is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path));
	return connect_to(redis, (struct sockaddr *)&address, sizeof(address), error);
}

static bool connect_host(struct redis *redis, GError **error)
{
	const char *colon = strrchr(redis->server, ':');
	g_autofree char *host = colon ? g_strndup(redis->server, (gsize)(colon - redis->server))
				      : g_strdup(redis->server);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	int result = getaddrinfo(host, colon ? colon + 1 : "6379", &hints, &found);
	bool done = false;

	if (result != 0)
		return odr_fail(error, ODR_ERROR_UNREACHABLE, "cannot find %s: %s", redis->server,
				gai_strerror(result));
	for (const struct addrinfo *at = found; at && !done; at = at->ai_next) {
		g_clear_error(error);
		if (redis->fd >= 0)
			close(redis->fd);
		redis->fd = -1;
		done = connect_to(redis, at->ai_addr, at->ai_addrlen, error);
	}
	freeaddrinfo(found);
	return done;
}

static bool send_all(const struct redis *redis, const GString *text, GError **error)
{
	size_t sent = 0;

	while (sent < text->len) {
		ssize_t put = send(redis->fd, text->str + sent, text->len - sent, MSG_NOSIGNAL);

		if (put >= 0) {
			sent += (size_t)put;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return odr_fail_errno(error, errno, "cannot send to %s", redis->server);
		if (!wait_for(redis, POLLOUT, error))
			return false;
	}
	return true;
}

static bool receive(struct redis *redis, Resp **reply, GError **error)
{
	for (;;) {
		uint8_t buffer[65536];
		size_t used;
		enum resp_outcome outcome =
			resp_parse(redis->read->data, redis->read->len, reply, &used);

		if (outcome == RESP_WHOLE) {
			g_byte_array_remove_range(redis->read, 0, (guint)used);
			return true;
		}
		if (outcome == RESP_BROKEN)
			return odr_fail(error, ODR_ERROR_FAILED,
					"%s does not speak the protocol of Redis", redis->server);
		if (!wait_for(redis, POLLIN, error))
			return false;
		ssize_t got = recv(redis->fd, buffer, sizeof(buffer), 0);

		if (got == 0)
			return odr_fail(error, ODR_ERROR_UNREACHABLE, "%s closed the connection",
					redis->server);
		if (got > 0)
			g_byte_array_append(redis->read, buffer, (guint)got);
		else if (errno != EAGAIN && errno != EINTR)
			return odr_fail_errno(error, errno, "cannot read from %s", redis->server);
	}
}

/* An answer that is no error. The first word of the command is named in messages, never the others. */
static bool ask(struct redis *redis, const char *const *words, Resp **reply, GError **error)
{
	g_autoptr(GString) command = g_string_new(NULL);
	g_autoptr(Resp) answer = NULL;

	redis->deadline = clock_monotonic() + redis->collection->settings->timeout;
	resp_command(command, words);
	if (!send_all(redis, command, error) || !receive(redis, &answer, error))
		return false;
	if (answer->kind == RESP_ERROR) {
		g_autofree char *text = g_utf8_make_valid(answer->text, -1);
		bool denied = g_str_has_prefix(text, "NOAUTH") ||
			      g_str_has_prefix(text, "NOPERM") ||
			      g_str_has_prefix(text, "WRONGPASS");

		return odr_fail(error, denied ? ODR_ERROR_AUTH : ODR_ERROR_REFUSED,
				"%s refuses %s: %s", redis->server, words[0], text);
	}
	*reply = g_steal_pointer(&answer);
	return true;
}

static bool log_in(struct redis *redis, GError **error)
{
	const char *file = redis->collection->settings->password_file;
	g_autofree char *password = NULL;
	g_autoptr(Resp) reply = NULL;

	if (!file)
		return true;
	if (!file_read_secret(file, PASSWORD_MAX, &password, error))
		return false;
	g_strchomp(password);
	return ask(redis, (const char *const[]){"AUTH", password, NULL}, &reply, error);
}

/* ---- what it tells --------------------------------------------------------------------------- */

/* CONFIG GET: names and values in turn. */
static bool take_config(struct redis *redis, GHashTable *config, GError **error)
{
	struct collection *collection = redis->collection;
	g_autoptr(Resp) reply = NULL;
	json_t *rows;

	if (!ask(redis, (const char *const[]){"CONFIG", "GET", "*", NULL}, &reply, error))
		return false;
	rows = json_object();
	for (guint i = 0; reply->items && i + 1 < reply->items->len; i += 2) {
		const Resp *name = reply->items->pdata[i], *value = reply->items->pdata[i + 1];

		if (!name->text || !value->text)
			continue;
		g_autofree char *valid = g_utf8_make_valid(name->text, -1);
		g_autofree char *shown = collection_value(collection, valid, value->text);

		json_set_string(rows, valid, shown);
		g_hash_table_replace(config, g_strdup(valid), g_strdup(value->text));
	}
	return collection_table(collection,
				&(struct collection_item){.path = "config.json",
							  .source = "CONFIG GET *",
							  .hint = "the same in redis.conf"},
				rows, error);
}

/* A field of INFO, or NULL; g_free. */
static char *info_field(const char *info, const char *name)
{
	g_autofree char *key = g_strdup_printf("\n%s:", name);
	const char *at = strstr(info, key);

	return at ? g_strndup(at + strlen(key), strcspn(at + strlen(key), "\r\n")) : NULL;
}

static bool read_info(struct redis *redis, char **info, GError **error)
{
	g_autoptr(Resp) reply = NULL;

	if (!ask(redis, (const char *const[]){"INFO", NULL}, &reply, error))
		return false;
	if (reply->kind != RESP_TEXT || !reply->text)
		return odr_fail(error, ODR_ERROR_FAILED, "%s gave no answer to INFO",
				redis->server);
	*info = g_utf8_make_valid(reply->text, -1);
	return true;
}

/* What does not change by itself. */
static bool take_info(struct redis *redis, GError **error)
{
	static const char *const names[] = {
		"redis_version",
		"valkey_version",
		"redis_mode",
		"os",
		"arch_bits",
		"tcp_port",
		"config_file",
		"executable",
		"role",
		"connected_slaves",
		"maxmemory_policy",
		"aof_enabled",
		"rdb_last_bgsave_status",
		"aof_last_write_status",
		"cluster_enabled",
	};
	json_t *rows = json_object();
	g_autofree char *info = NULL;

	if (!read_info(redis, &info, error)) {
		json_decref(rows);
		return false;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *value = info_field(info, names[i]);

		if (value)
			json_set_string(rows, names[i], value);
	}
	return collection_table(redis->collection,
				&(struct collection_item){.path = "info.json", .source = "INFO"},
				rows, error);
}

/* ---- the dump -------------------------------------------------------------------------------- */

/* Until no dump is being written; *good: the last one was. */
static bool wait_for_dump(struct redis *redis, bool *good, GError **error)
{
	usec_t until = clock_monotonic() + redis->collection->settings->timeout;

	for (;;) {
		g_autofree char *info = NULL;

		if (!read_info(redis, &info, error))
			return false;
		g_autofree char *busy = info_field(info, "rdb_bgsave_in_progress");
		g_autofree char *status = info_field(info, "rdb_last_bgsave_status");

		if (g_strcmp0(busy, "0") == 0) {
			*good = g_strcmp0(status, "ok") == 0;
			return true;
		}
		if (clock_monotonic() > until)
			return fail_time(redis, error);
		if (!stop_check(error))
			return false;
		poll(NULL, 0, LOOK_EVERY);
	}
}

/* One that is being written for somebody else began before we came: it is waited for, then ours begins. */
static bool make_dump(struct redis *redis, GError **error)
{
	g_autoptr(Resp) reply = NULL;
	bool good;

	if (!wait_for_dump(redis, &good, error) ||
	    !ask(redis, (const char *const[]){"BGSAVE", NULL}, &reply, error) ||
	    !wait_for_dump(redis, &good, error))
		return false;
	return good || odr_fail(error, ODR_ERROR_FAILED, "%s could not write its dump: see its log",
				redis->server);
}

static bool take_dump(struct redis *redis, GHashTable *config, GError **error)
{
	static const char hint[] =
		"put it there while the server is stopped, with appendonly no: an AOF "
		"wins over it";
	struct collection *collection = redis->collection;
	const char *dir = g_hash_table_lookup(config, "dir");
	const char *name = g_hash_table_lookup(config, "dbfilename");
	g_autoptr(GError) trouble = NULL;

	if (!dir || !name || !name[0] || strchr(name, '/') || !g_path_is_absolute(dir)) {
		collection_note(collection, "%s keeps no dump", redis->server);
		return true;
	}
	if (!make_dump(redis, error))
		return false;
	g_autofree char *path = g_build_filename(dir, name, NULL);

	if (collection_file(collection, path, hint, &trouble))
		return true;
	if (collection->broken || (!odr_error_is(trouble, ODR_ERROR_AUTH) &&
				   !odr_error_is(trouble, ODR_ERROR_NOT_FOUND))) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(collection, "the dump of %s is not here: %s", redis->server,
			trouble->message);
	return true;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Some servers keep CONFIG to themselves. */
static bool take_config_and_dump(struct redis *redis, GError **error)
{
	g_autoptr(GHashTable) config =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GError) trouble = NULL;

	if (take_config(redis, config, &trouble))
		return take_dump(redis, config, error);
	if (redis->collection->broken ||
	    (!odr_error_is(trouble, ODR_ERROR_AUTH) && !odr_error_is(trouble, ODR_ERROR_REFUSED))) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		return false;
	}
	collection_note(redis->collection, "neither configuration nor dump are here: %s",
			trouble->message);
	return true;
}

static bool take(struct redis *redis, GError **error)
{
	return log_in(redis, error) && take_info(redis, error) &&
	       take_config_and_dump(redis, error);
}

static char *choose_server(const struct collection *collection)
{
	if (collection->settings->server)
		return g_strdup(collection->settings->server);
	for (const char *const *path = usual_sockets; *path; path++)
		if (collection_path_exists(collection, *path))
			return g_strdup(*path);
	return g_strdup(USUAL_SERVER);
}

bool redis_collect(struct collection *collection, GError **error)
{
	struct redis redis = {.collection = collection,
			      .server = choose_server(collection),
			      .fd = -1,
			      .read = g_byte_array_new(),
			      .deadline = clock_monotonic() + collection->settings->timeout};
	g_autoptr(GError) trouble = NULL;
	bool connected = redis.server[0] == '/' ? connect_socket(&redis, &trouble)
						: connect_host(&redis, &trouble);
	bool done;

	if (connected) {
		done = take(&redis, error);
	} else if (collection->settings->server || stop_requested()) {
		g_propagate_error(error, g_steal_pointer(&trouble));
		done = false;
	} else {
		done = collection_absent(collection, "%s", trouble->message);
	}
	redis_clear(&redis);
	return done;
}
