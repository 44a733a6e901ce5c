#include "drill/engine/host.h"

#include "base/bytes.h"
#include "base/pool.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#define CPUINFO_MAX 65536

/* The first "model name : …" of /proc/cpuinfo; NULL: it has none. */
static char *processor(void)
{
	g_autofree char *text = NULL;
	char *line, *colon, *end;

	if (!g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL))
		return NULL;
	line = strstr(text, "model name");
	colon = line ? strchr(line, ':') : NULL;
	end = colon ? strchr(colon, '\n') : NULL;
	return end ? g_strstrip(g_utf8_make_valid(colon + 1, end - colon - 1)) : NULL;
}

static bool is_mounted_at(const char *directory, const char *point)
{
	size_t size = strlen(point);

	return strcmp(point, "/") == 0 || (strncmp(directory, point, size) == 0 &&
					   (directory[size] == '/' || directory[size] == '\0'));
}

/* Of the mount points that the directory lies below the longest; its kind, or NULL (proc(5), mountinfo). */
static char *filesystem(const char *directory)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	char *kind = NULL;
	size_t longest = 0;

	if (!g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char point[4096], name[64];
		const char *rest = strstr(*line, " - ");

		if (!rest || sscanf(*line, "%*s %*s %*s %*s %4095s", point) != 1 ||
		    sscanf(rest, " - %63s", name) != 1 || !is_mounted_at(directory, point) ||
		    strlen(point) < longest)
			continue;
		longest = strlen(point);
		g_free(kind);
		kind = g_utf8_make_valid(name, -1);
	}
	return kind;
}

json_t *host_facts(const char *directory)
{
	json_t *facts = json_object();
	g_autofree char *cpu = processor();
	g_autofree char *kind = filesystem(directory ? directory : "/");
	struct sysinfo memory;
	struct utsname system;

	json_set_string(facts, "cpu", cpu);
	json_set_int(facts, "cpus", (int64_t)pool_cpus());
	json_set(facts, "memory_bytes",
		 sysinfo(&memory) == 0 ? json_integer((json_int_t)memory.totalram * memory.mem_unit)
				       : json_null());
	json_set_string(facts, "kernel", uname(&system) == 0 ? system.release : NULL);
	json_set_string(facts, "filesystem", kind);
	return facts;
}

#define TIMESYNCD "/run/systemd/timesync/synchronized"

/* Under ProtectClock= of systemd, and in most containers, the kernel may not be asked. */
json_t *host_clock(void)
{
	struct timex kernel = {0};
	int state = adjtimex(&kernel);
	bool by_timesyncd = state < 0 && g_file_test(TIMESYNCD, G_FILE_TEST_EXISTS);
	long offset = kernel.status & STA_NANO ? kernel.offset / 1000 : kernel.offset;
	json_t *clock = json_object();

	json_set(clock, "synchronized",
		 state >= 0	? json_boolean(state != TIME_ERROR && !(kernel.status & STA_UNSYNC))
		 : by_timesyncd ? json_true()
				: json_null());
	json_set(clock, "offset_us", state >= 0 ? json_integer(offset) : json_null());
	json_set_string(clock, "source",
			state >= 0     ? "kernel"
			: by_timesyncd ? "systemd-timesyncd"
				       : NULL);
	return clock;
}

/* As the files that are mapped are called (proc(5), maps): libpq.so.5.15. */
json_t *host_libraries(void)
{
	json_t *libraries = json_object();
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/self/maps", &text, NULL, NULL))
		return libraries;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		char *name = strrchr(*line, '/');
		char *end = name ? strstr(name, ".so.") : NULL;

		if (!end || !g_utf8_validate(name, -1, NULL))
			continue;
		*end = '\0';
		json_set_string(libraries, name + 1, end + strlen(".so."));
	}
	return libraries;
}

char *host_class(const json_t *facts)
{
	json_int_t memory = json_integer_value(json_object_get(facts, "memory_bytes"));
	const char *cpu = json_string_value(json_object_get(facts, "cpu"));
	const char *kind = json_string_value(json_object_get(facts, "filesystem"));
	g_autofree char *text = g_strdup_printf(
		"%s\n%" JSON_INTEGER_FORMAT "\n%" JSON_INTEGER_FORMAT "\n%s\n", cpu ? cpu : "",
		json_integer_value(json_object_get(facts, "cpus")), memory >> 30, kind ? kind : "");
	uint8_t digest[SHA256_SIZE];

	sha256(text, strlen(text), digest);
	return hex_encode(digest, SHA256_SIZE);
}
