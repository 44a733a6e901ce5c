#include "drill/engine/isolation.h"

#include "base/confine.h"
#include "base/error.h"
#include "base/hide.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE_MS 1000 /* an answer that takes longer came from somewhere */

/* Of documentation (RFC 5737, RFC 3849): routed to nobody, yet a network would try. */
static const char *const nobody[] = {"192.0.2.1:443", "[2001:db8::1]:443", NULL};

static void free_result(void *data)
{
	struct isolation_result *result = data;

	g_free(result->to);
	g_free(result->address);
	g_free(result);
}

void isolation_clear(struct isolation *isolation)
{
	g_clear_pointer(&isolation->results, g_ptr_array_unref);
	g_clear_pointer(&isolation->own_network, g_free);
	g_clear_pointer(&isolation->network, g_free);
}

/* ---- what is tried ------------------------------------------------------------------------------- */

struct attempt {
	struct sockaddr_storage address;
	socklen_t size;
};

static bool split(const char *probe, char **host, char **port, GError **error)
{
	const char *colon = strrchr(probe, ':');
	guint64 number;

	if (!colon || colon == probe ||
	    !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL) ||
	    (probe[0] == '[') != (colon[-1] == ']') ||
	    (probe[0] != '[' && colon != strchr(probe, ':')))
		return odr_fail(error, ODR_ERROR_USAGE,
				"'%s' is no address to try: HOST:PORT or [ADDRESS]:PORT", probe);
	*host = probe[0] == '[' ? g_strndup(probe + 1, (gsize)(colon - probe) - 2)
				: g_strndup(probe, (gsize)(colon - probe));
	*port = g_strdup(colon + 1);
	return true;
}

static void add_attempt(const char *probe, const struct addrinfo *found, GArray *attempts,
			struct isolation *isolation)
{
	struct isolation_result *result = g_new0(struct isolation_result, 1);
	struct attempt attempt = {.size = found->ai_addrlen};
	char numeric[NI_MAXHOST] = "";

	memcpy(&attempt.address, found->ai_addr, found->ai_addrlen);
	getnameinfo(found->ai_addr, found->ai_addrlen, numeric, sizeof(numeric), NULL, 0,
		    NI_NUMERICHOST);
	*result = (struct isolation_result){
		.to = g_strdup(probe), .address = g_strdup(numeric), .number = -1};
	g_array_append_val(attempts, attempt);
	g_ptr_array_add(isolation->results, result);
}

static bool resolve(const char *probe, GArray *attempts, struct isolation *isolation,
		    GError **error)
{
	static const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM,
					       .ai_flags = AI_NUMERICSERV};
	g_autofree char *host = NULL, *port = NULL;
	struct addrinfo *found = NULL;
	int trouble;

	if (!split(probe, &host, &port, error))
		return false;
	trouble = getaddrinfo(host, port, &wanted, &found);
	if (trouble != 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"cannot try whether '%s' is out of reach: %s; where names are not "
				"resolved, name its address",
				probe, gai_strerror(trouble));
	for (const struct addrinfo *each = found; each; each = each->ai_next)
		add_attempt(probe, each, attempts, isolation);
	freeaddrinfo(found);
	return true;
}

static bool resolve_all(const char *const *probes, GArray *attempts, struct isolation *isolation,
			GError **error)
{
	for (; *probes; probes++)
		if (!resolve(*probes, attempts, isolation, error))
			return false;
	return true;
}

static void add_socket(const char *path, GArray *attempts, struct isolation *isolation)
{
	struct isolation_result *result = g_new0(struct isolation_result, 1);
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct attempt attempt = {.size = sizeof(name)};

	g_strlcpy(name.sun_path, path, sizeof(name.sun_path));
	memcpy(&attempt.address, &name, sizeof(name));
	*result = (struct isolation_result){
		.to = g_strdup(path), .address = g_strdup(path), .number = -1, .is_file = true};
	g_array_append_val(attempts, attempt);
	g_ptr_array_add(isolation->results, result);
}

static void add_sockets(const struct isolation_request *request, GArray *attempts,
			struct isolation *isolation)
{
	for (guint i = 0; request->sockets && i < request->sockets->len; i++) {
		const char *path = request->sockets->pdata[i];

		if (!request->own || !path_is_within(path, request->own))
			add_socket(path, attempts, isolation);
	}
}

/* ---- inside -------------------------------------------------------------------------------------- */

struct inside {
	struct confinement confinement;
	const GArray *attempts;
	int report;
};

/* errno of connecting; 0: connected. */
static int try_one(const struct attempt *attempt)
{
	int fd = socket(attempt->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};
	int number = 0;
	socklen_t size = sizeof(number);

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&attempt->address, attempt->size) != 0)
		number = errno;
	if (number == EINPROGRESS) {
		if (poll(&waiting, 1, AT_ONCE_MS) != 1)
			number = ETIMEDOUT;
		else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0)
			number = errno;
	}
	close(fd);
	return number;
}

/* Only system calls: we are the copy of a process that may have threads. First comes whether we got in, then what each
 * attempt met. */
static void inside_run(const struct inside *inside)
{
	bool entered = confinement_enter(&inside->confinement);
	int number = entered ? 0 : errno;

	if (write(inside->report, &number, sizeof(number)) != sizeof(number) || !entered)
		_exit(1);
	for (guint i = 0; i < inside->attempts->len; i++) {
		number = try_one(&g_array_index(inside->attempts, struct attempt, i));
		if (write(inside->report, &number, sizeof(number)) != sizeof(number))
			_exit(1);
	}
	_exit(0);
}

static bool read_number(int report, int *number)
{
	ssize_t got;

	do
		got = read(report, number, sizeof(*number));
	while (got < 0 && errno == EINTR);
	return got == sizeof(*number);
}

static bool read_results(int report, struct isolation *isolation, GError **error)
{
	int number = 0;

	if (!read_number(report, &number))
		return odr_fail(error, ODR_ERROR_SYSTEM, "the attempt to reach the network died");
	if (number != 0)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"a network that leads nowhere cannot be had here: %s; allow namespaces to "
			"this user, or start the drill where they are",
			g_strerror(number));
	for (guint i = 0; i < isolation->results->len; i++) {
		struct isolation_result *result = isolation->results->pdata[i];

		if (!read_number(report, &result->number))
			return odr_fail(error, ODR_ERROR_SYSTEM, "the attempt to reach '%s' died",
					result->to);
	}
	return true;
}

static bool try_all(struct inside *inside, struct isolation *isolation, GError **error)
{
	int report[2];
	pid_t child;
	bool done;

	if (pipe2(report, O_CLOEXEC) != 0)
		return odr_fail_errno(error, errno, "cannot make a pipe");
	inside->report = report[1];
	child = fork();
	if (child == 0)
		inside_run(inside);
	close(report[1]);
	done = child > 0 ? read_results(report[0], isolation, error)
			 : odr_fail_errno(error, errno, "cannot start a process");
	close(report[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return done;
}

/* ---- judging ------------------------------------------------------------------------------------- */

/* What the kernel says of itself without a packet having left. */
static bool is_out_of_reach(int number)
{
	return number == ENETUNREACH || number == EHOSTUNREACH || number == ENETDOWN ||
	       number == EADDRNOTAVAIL || number == EAFNOSUPPORT;
}

/* Out of sight, or not for this user. One of another type is there; a full queue is, too. */
static bool is_out_of_sight(int number)
{
	return number == ENOENT || number == ENOTDIR || number == ECONNREFUSED ||
	       number == EACCES || number == EPERM;
}

static bool judge(const struct isolation *isolation, GError **error)
{
	for (guint i = 0; i < isolation->results->len; i++) {
		const struct isolation_result *result = isolation->results->pdata[i];

		if (result->is_file ? is_out_of_sight(result->number)
				    : is_out_of_reach(result->number))
			continue;
		if (result->is_file)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"socket '%s' of this host can be reached from where the "
					"drill would run",
					result->to);
		if (result->number == 0)
			return odr_fail(error, ODR_ERROR_REFUSED,
					"'%s' (%s) can be reached from where the drill would run",
					result->to, result->address);
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"whether '%s' (%s) is out of reach from where the drill would run cannot "
			"be told: %s",
			result->to, result->address, g_strerror(result->number));
	}
	if (g_strcmp0(isolation->network, isolation->own_network) == 0)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the drill would run in the network of this host");
	return true;
}

/* ---- a network that was given -------------------------------------------------------------------- */

/* What the kernel numbers in one way since it names them (linux/nsfs.h, 6.18), and the first of all processes is in. */
#define HOST_NETWORK   "net:[4026531833]"
#define HOST_PROCESSES "pid:[4026531836]"

static char *network_of(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/net", (int)pid);

	return g_file_read_link(path, NULL);
}

/* NULL: it cannot be known. */
static char *network_of_host(void)
{
	g_autofree char *own = network_of(getpid());
	g_autofree char *processes = g_file_read_link("/proc/self/ns/pid", NULL);

	if (g_strcmp0(own, HOST_NETWORK) == 0)
		return g_steal_pointer(&own);
	return g_strcmp0(processes, HOST_PROCESSES) == 0 ? network_of(1) : NULL;
}

/* The name that a line of /proc/net/dev begins with (proc(5)); NULL: it is a heading, or the loopback's. */
static char *interface_in(const char *line)
{
	const char *colon = strchr(line, ':');
	char *name = colon ? g_strstrip(g_strndup(line, (gsize)(colon - line))) : NULL;

	if (g_strcmp0(name, "lo") == 0)
		g_clear_pointer(&name, g_free);
	return name;
}

static bool check_interfaces(pid_t pid, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/net/dev", (int)pid);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autofree char *interface = interface_in(*line);

		if (interface)
			return odr_fail(
				error, ODR_ERROR_REFUSED,
				"the network that the drill was started in has an interface '%s' "
				"beside its loopback; start it without one (PrivateNetwork=yes, "
				"--network none), or leave namespace= of [isolation] out",
				interface);
	}
	return true;
}

bool isolation_is_given(GError **error)
{
	g_autofree char *host = network_of_host();
	g_autofree char *own = network_of(getpid());

	return check_interfaces(getpid(), error) &&
	       (g_strcmp0(host, own) != 0 ||
		odr_fail(
			error, ODR_ERROR_REFUSED,
			"the drill was started in the network of this host; start it in one of its own "
			"(PrivateNetwork=yes, --network none), or leave namespace= of [isolation] out"));
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static bool prove_at(const struct isolation_request *request, const GArray *attempts,
		     struct isolation *isolation, GError **error)
{
	pid_t pid = request->pid != 0 ? request->pid : getpid();
	bool own = request->pid == 0 && !request->given;
	struct confinement_place place = {-1, -1, -1};
	struct inside inside = {.confinement = {.no_network = true,
						.place = own ? NULL : &place,
						.network_given = request->given},
				.attempts = attempts};
	bool done;

	confinement_prepare(&inside.confinement);
	if (!own && !confinement_place_open_files(&place, pid))
		return odr_fail_errno(error, errno, "cannot look at the namespaces of process %d",
				      (int)pid);
	isolation->own_network = request->given ? network_of_host() : network_of(getpid());
	isolation->network = own ? NULL : network_of(pid);
	done = (!request->given || check_interfaces(pid, error)) &&
	       try_all(&inside, isolation, error) && judge(isolation, error);
	confinement_place_close(&place);
	return done;
}

bool isolation_prove(const struct isolation_request *request, struct isolation *isolation,
		     GError **error)
{
	g_autoptr(GArray) attempts = g_array_new(FALSE, TRUE, sizeof(struct attempt));

	*isolation = (struct isolation){.results = g_ptr_array_new_with_free_func(free_result)};
	if (!resolve_all(nobody, attempts, isolation, error) ||
	    (request->probes && !resolve_all(request->probes, attempts, isolation, error)))
		return false;
	add_sockets(request, attempts, isolation);
	return prove_at(request, attempts, isolation, error);
}
