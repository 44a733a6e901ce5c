#include "ops/at_risk.h"

#include "base/error.h"
#include "base/file.h"
#include "pg/heartbeat.h"
#include "pg/wal_commit.h"

#include <string.h>

/* Two segments are in memory at a time: a record may reach from one into the next. */
#define SEGMENT_MAX ((uint32_t)64 << 20)

/* The server's WAL, as far as it was read. */
struct reading {
	const struct at_risk_source *source;
	GByteArray *bytes;
};

const char *at_risk_basis_name(enum at_risk_basis basis)
{
	static const char *const names[] = {
		[AT_RISK_WAL] = "wal",
		[AT_RISK_HEARTBEAT] = "heartbeat",
	};

	return names[basis];
}

/* The newest timeline of which the folder has a segment; left alone where it has none. */
static bool newest_timeline(const char *folder, uint32_t *timeline, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
	const char *name;
	uint32_t its;

	if (!dir)
		return odr_fail(error, ODR_ERROR_SYSTEM, "'%s' cannot be read: %s", folder,
				cause->message);
	while ((name = g_dir_read_name(dir)))
		if (wal_file_kind(name, &its) == WAL_FILE_SEGMENT)
			*timeline = MAX(*timeline, its);
	return true;
}

static bool check_timeline(const struct at_risk_source *source, GError **error)
{
	uint32_t timeline = 0;

	if (!newest_timeline(source->wal, &timeline, error))
		return false;
	if (timeline == 0)
		return odr_fail(error, ODR_ERROR_NOT_FOUND, "there is no WAL in '%s'", source->wal);
	return timeline <= source->durable.timeline ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND,
			"the server is on timeline %u, of which nothing is archived yet", timeline);
}

enum found { THERE, UNWRITTEN, ABSENT };

/* Adds a segment that the server has written, or begun. What it holds ready for later has another address. */
static bool read_segment(struct reading *reading, lsn_t start, enum found *found, GError **error)
{
	const struct at_risk_end *durable = &reading->source->durable;
	char name[WAL_SEGMENT_NAME_SIZE];
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GError) cause = NULL;
	struct wal_header header;

	wal_segment_name(durable->timeline, start, durable->segment_size, name);

	g_autofree char *path = g_build_filename(reading->source->wal, name, NULL);

	*found = ABSENT;
	if (!file_read(path, durable->segment_size, &content, &cause)) {
		if (odr_error_is(cause, ODR_ERROR_NOT_FOUND))
			return true;
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	*found = UNWRITTEN;
	if (!wal_header_parse(g_bytes_get_data(content, NULL), g_bytes_get_size(content), &header,
			      NULL) ||
	    header.address != start)
		return true;
	if (durable->system_identifier != 0 &&
	    header.system_identifier != durable->system_identifier)
		return odr_fail(error, ODR_ERROR_REFUSED, "'%s' is of another cluster", path);
	*found = THERE;
	g_byte_array_append(reading->bytes, g_bytes_get_data(content, NULL),
			    (guint)g_bytes_get_size(content));
	return true;
}

/* The segments from start on, until one has a commit that ends behind so many bytes of the first. */
static bool search(struct reading *reading, lsn_t start, size_t behind, usec_t *since,
		   GError **error)
{
	uint32_t size = reading->source->durable.segment_size;
	GByteArray *bytes = reading->bytes;
	enum found found = THERE;

	while (found == THERE) {
		*since = wal_first_commit(bytes->data, bytes->len, behind);
		/* A segment that was ended before it was full leads no farther. */
		if (*since == 0 && bytes->len > size) {
			g_byte_array_remove_range(bytes, 0, bytes->len - size);
			behind = 0;
			*since = wal_first_commit(bytes->data, bytes->len, 0);
		}
		if (*since != 0)
			return true;
		start += size;
		if (!read_segment(reading, start, &found, error))
			return false;
	}
	return true;
}

static bool search_wal(const struct at_risk_source *source, usec_t *since, GError **error)
{
	const struct at_risk_end *durable = &source->durable;
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct reading reading = {source, bytes};
	enum found before = ABSENT, behind;

	if (durable->segment_size > SEGMENT_MAX)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"segments of %u MiB are too large to be looked through",
				durable->segment_size >> 20);
	if (!check_timeline(source, error))
		return false;
	if (durable->end > durable->segment_size &&
	    !read_segment(&reading, durable->end - durable->segment_size, &before, error))
		return false;
	size_t skip = bytes->len;

	if (!read_segment(&reading, durable->end, &behind, error))
		return false;
	*since = 0;
	if (behind == THERE)
		return search(&reading, durable->end, skip, since, error);
	return behind == UNWRITTEN || before == THERE ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND,
			"'%s' has no WAL from the end of what is durable on", source->wal);
}

static bool ask_heartbeat(const struct at_risk_source *source, usec_t *since, GError **error)
{
	bool all;

	if (!heartbeat_before(source->conninfo, "status", source->durable.end, &all, since, error))
		return false;
	if (all)
		*since = 0;
	return all || *since != 0 ||
	       odr_fail(error, ODR_ERROR_NOT_FOUND, "no row of the heartbeat is durable");
}

struct at_risk at_risk_find(const struct at_risk_source *source)
{
	g_autoptr(GError) of_wal = NULL, of_heartbeat = NULL;
	struct at_risk risk = {0};

	if (source->durable.end == 0) {
		risk.why = g_strdup("no WAL is known to be durable");
		return risk;
	}
	if (!source->wal)
		odr_fail(&of_wal, ODR_ERROR_NOT_FOUND, "it is not known where the server's WAL is");
	else if (search_wal(source, &risk.since, &of_wal))
		risk.basis = AT_RISK_WAL;
	if (risk.basis == AT_RISK_UNKNOWN && source->conninfo &&
	    ask_heartbeat(source, &risk.since, &of_heartbeat))
		risk.basis = AT_RISK_HEARTBEAT;
	if (risk.basis == AT_RISK_UNKNOWN)
		risk.why =
			g_strdup_printf("%s%s%s", of_wal->message,
					of_heartbeat ? "; and the heartbeat does not tell: " : "",
					of_heartbeat ? of_heartbeat->message : "");
	return risk;
}
