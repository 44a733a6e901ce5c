#include "pg/pgdata.h"

#include <string.h>

#define TABLESPACES "pg_tblspc"

/* At the top of PGDATA (basebackup.c). */
static const char *const emptied_directories[] = {
	"pg_dynshmem",	"pg_notify",   "pg_replslot", "pg_serial",
	"pg_snapshots", "pg_stat_tmp", "pg_subtrans",
};
static const struct {
	const char *name;
	int since;
} dropped_files[] = {
	{".DS_Store", 15},
	{"backup_label", 0},
	{"backup_manifest", 0},
	{"current_logfiles.tmp", 0},
	{"postgresql.auto.conf.tmp", 0},
	{"postmaster.opts", 0},
	{"postmaster.pid", 0},
	{"tablespace_map", 0},
};
/* Made anew by the server, and a foreign lock file would keep it from starting. */
#define SOCKET_PREFIX ".s.PGSQL."

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_first(const char *path, const char *first)
{
	size_t length = strlen(first);

	return strncmp(path, first, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* Reads a number without leading zeros from 1 to max; NULL, or what follows it. */
static const char *read_number(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t value = 0;

	if (text[0] < '1' || text[0] > '9')
		return NULL;
	for (; g_ascii_isdigit(*text); text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return NULL;
	}
	*number = value;
	return text;
}

/* Behind "/<number>" or NULL. */
static const char *skip_number_part(const char *text)
{
	uint64_t number;

	return text && *text == '/' ? read_number(text + 1, UINT32_MAX, &number) : NULL;
}

/* The file name in a directory of relations: base/<n>/, global/, pg_tblspc/<n>/PG_…/<n>/; or NULL. */
static const char *relation_name(const char *path, char *directory_kind)
{
	const char *at = NULL;
	char kind = 0;

	if (has_first(path, "global")) {
		at = path + strlen("global");
		kind = 'g';
	} else if (has_first(path, "base")) {
		at = skip_number_part(path + strlen("base"));
		kind = 'b';
	} else if (has_first(path, TABLESPACES)) {
		at = skip_number_part(path + strlen(TABLESPACES));
		if (at && !g_str_has_prefix(at, "/PG_"))
			return NULL;
		at = at ? skip_number_part(strchr(at + 1, '/')) : NULL;
		kind = 't';
	}
	if (!at || at[0] != '/' || at[1] == '\0' || strchr(at + 1, '/'))
		return NULL;
	*directory_kind = kind;
	return at + 1;
}

/* "[_fork][.segment]" to the end of the name. */
static bool read_fork_and_segment(const char *text, char fork[5], uint32_t *segment)
{
	static const char *const forks[] = {"fsm", "vm", "init"};
	uint64_t number = 0;

	fork[0] = '\0';
	for (size_t i = 0; *text == '_' && fork[0] == '\0' && i < G_N_ELEMENTS(forks); i++) {
		if (g_str_has_prefix(text + 1, forks[i])) {
			g_strlcpy(fork, forks[i], 5);
			text += 1 + strlen(forks[i]);
		}
	}
	if (*text == '.')
		text = read_number(text + 1, UINT32_MAX, &number);
	*segment = (uint32_t)number;
	return text && *text == '\0';
}

/* The last folder's name, of digits unless it is "global". */
static uint32_t folder_number(const char *path, const char *name)
{
	const char *at = name - 1;

	while (at > path && at[-1] != '/')
		at--;
	return (uint32_t)g_ascii_strtoull(at, NULL, 10);
}

bool pgdata_relation_parse(const char *path, struct pgdata_relation *relation)
{
	struct pgdata_relation found = {0};
	const char *name = relation_name(path, &found.directory_kind), *rest;
	uint64_t number;

	rest = name ? read_number(name, UINT32_MAX, &number) : NULL;
	if (!rest || !read_fork_and_segment(rest, found.fork, &found.segment))
		return false;
	found.number = (uint32_t)number;
	found.database = folder_number(path, name);
	*relation = found;
	return true;
}

bool pgdata_is_temporary_relation(const char *name)
{
	uint64_t number;
	uint32_t segment;
	char fork[5];
	const char *rest = NULL;

	/* The backend's number may be 0. */
	if (name[0] == 't')
		rest = name[1] == '0' ? name + 2 : read_number(name + 1, UINT32_MAX, &number);
	if (!rest || *rest != '_')
		return false;
	rest = read_number(rest + 1, UINT32_MAX, &number);
	return rest && read_fork_and_segment(rest, fork, &segment);
}

/* Behind the name of an emptied directory: "" for the directory itself; NULL elsewhere. */
static const char *emptied_directory(const char *path)
{
	for (size_t i = 0; i < G_N_ELEMENTS(emptied_directories); i++)
		if (has_first(path, emptied_directories[i]))
			return path + strlen(emptied_directories[i]);
	return NULL;
}

static bool is_dropped_file(const char *path, int major)
{
	for (size_t i = 0; i < G_N_ELEMENTS(dropped_files); i++)
		if (strcmp(path, dropped_files[i].name) == 0 && major >= dropped_files[i].since)
			return true;
	return g_str_has_prefix(path, SOCKET_PREFIX);
}

/* What the server leaves in every database and tablespace directory. */
static bool is_scratch(const char *path)
{
	const char *name = base_name(path);

	if (!has_first(path, "base") && !has_first(path, "global") && !has_first(path, TABLESPACES))
		return false;
	return g_str_has_prefix(name, "pgsql_tmp") || g_str_has_prefix(name, "pg_internal.init");
}

static enum pgdata_rule wal_rule(const char *path, bool is_directory, int major)
{
	if (strcmp(path, "pg_wal") == 0)
		return PGDATA_COPY;
	if (is_directory && (strcmp(path, "pg_wal/archive_status") == 0 ||
			     (major >= 17 && strcmp(path, "pg_wal/summaries") == 0)))
		return PGDATA_DIRECTORY_ONLY;
	return PGDATA_SKIP;
}

enum pgdata_rule pgdata_rule(const char *path, bool is_directory, int major)
{
	char directory_kind;
	const char *relation = relation_name(path, &directory_kind);
	const char *emptied = emptied_directory(path);

	if (has_first(path, "pg_wal"))
		return wal_rule(path, is_directory, major);
	if (emptied && emptied[0] == '\0' && is_directory)
		return PGDATA_DIRECTORY_ONLY;
	if ((emptied && emptied[0] == '/') || is_scratch(path))
		return PGDATA_SKIP;
	if (is_directory)
		return PGDATA_COPY;
	if (is_dropped_file(path, major))
		return PGDATA_SKIP;
	if (relation && directory_kind != 'g' && pgdata_is_temporary_relation(relation))
		return PGDATA_SKIP;
	return strcmp(path, "global/pg_control") == 0 ? PGDATA_LAST : PGDATA_COPY;
}

void pgdata_file_free(struct pgdata_file *file)
{
	if (!file)
		return;
	g_free(file->path);
	g_free(file->link);
	g_free(file);
}
