#include "store/s3_reply.h"

#include "base/error.h"
#include "store/s3_xml.h"

#include <string.h>

/* Errors. */

static bool error_field(void *data, const char *path, const char *text, GError **error)
{
	struct s3_error *reply = data;

	if (g_str_has_prefix(path, "/Error/"))
		path += strlen("/Error");
	if (strcmp(path, "/Code") == 0)
		g_strlcpy(reply->code, text, sizeof(reply->code));
	else if (strcmp(path, "/Message") == 0)
		g_strlcpy(reply->message, text, sizeof(reply->message));
	else if (strcmp(path, "/Region") == 0)
		g_strlcpy(reply->region, text, sizeof(reply->region));
	else if (strcmp(path, "/Endpoint") == 0)
		g_strlcpy(reply->endpoint, text, sizeof(reply->endpoint));
	return true;
}

/* For one line of a message; and a cut text may end within a character. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if (!g_ascii_isprint(*text))
			*text = '?';
}

bool s3_reply_error(const void *data, size_t size, struct s3_error *reply)
{
	static const char *const roots[] = {"Error", "ErrorResponse"}; /* that of STS wraps it */
	struct s3_xml xml = {.ended = error_field, .data = reply};
	bool found = false;

	for (size_t i = 0; i < G_N_ELEMENTS(roots) && !found; i++) {
		*reply = (struct s3_error){0};
		xml.root = roots[i];
		found = s3_xml_scan(data, size, &xml, NULL);
	}
	if (!found) {
		*reply = (struct s3_error){0};
		return false;
	}
	make_plain(reply->code);
	make_plain(reply->message);
	make_plain(reply->region);
	make_plain(reply->endpoint);
	return true;
}

/* Listings. */

static void entry_free(void *data)
{
	struct s3_entry *entry = data;

	g_free(entry->key);
	g_free(entry->version);
	g_free(entry);
}

void s3_listing_free(S3Listing *listing)
{
	if (!listing)
		return;
	g_ptr_array_unref(listing->entries);
	g_free(listing->token);
	g_free(listing->key_marker);
	g_free(listing->version_marker);
	g_free(listing);
}

static S3Listing *listing_new(void)
{
	S3Listing *listing = g_new0(S3Listing, 1);

	listing->entries = g_ptr_array_new_with_free_func(entry_free);
	return listing;
}

struct listing_scan {
	S3Listing *listing;
	struct s3_entry *entry; /* not yet ended */
	bool encoded;
};

static bool set_text(char **at, const char *text)
{
	g_free(*at);
	*at = g_strdup(text);
	return true;
}

static bool set_size(uint64_t *size, const char *text, GError **error)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &value, NULL))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's answer has a bad size: '%.40s'", text);
	*size = value;
	return true;
}

static bool entry_field(struct s3_entry *entry, const char *field, const char *text, GError **error)
{
	if (strcmp(field, "Key") == 0)
		return set_text(&entry->key, text);
	if (strcmp(field, "VersionId") == 0)
		return set_text(&entry->version, text);
	if (strcmp(field, "Size") == 0)
		return set_size(&entry->size, text, error);
	if (strcmp(field, "LastModified") == 0)
		return s3_time_parse(text, &entry->modified, error);
	if (strcmp(field, "IsLatest") == 0)
		entry->latest = strcmp(text, "true") == 0;
	return true;
}

static bool entry_end(struct listing_scan *scan, bool marker, GError **error)
{
	struct s3_entry *entry = g_steal_pointer(&scan->entry);

	if (!entry || !entry->key || scan->listing->entries->len == S3_ENTRIES_MAX) {
		if (entry)
			entry_free(entry);
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's listing has an entry without a key, or too many");
	}
	entry->marker = marker;
	g_ptr_array_add(scan->listing->entries, entry);
	return true;
}

static bool listing_field(S3Listing *listing, struct listing_scan *scan, const char *field,
			  const char *text)
{
	if (strcmp(field, "IsTruncated") == 0)
		listing->truncated = strcmp(text, "true") == 0;
	else if (strcmp(field, "NextContinuationToken") == 0)
		set_text(&listing->token, text);
	else if (strcmp(field, "NextKeyMarker") == 0)
		set_text(&listing->key_marker, text);
	else if (strcmp(field, "NextVersionIdMarker") == 0)
		set_text(&listing->version_marker, text);
	else if (strcmp(field, "EncodingType") == 0)
		scan->encoded = strcmp(text, "url") == 0;
	return true;
}

static bool listing_element(void *data, const char *path, const char *text, GError **error)
{
	static const char *const kinds[] = {"/Contents", "/Version", "/DeleteMarker"};
	struct listing_scan *scan = data;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *rest = path + strlen(kinds[i]);

		if (!g_str_has_prefix(path, kinds[i]))
			continue;
		if (!scan->entry)
			scan->entry = g_new0(struct s3_entry, 1);
		if (*rest == '\0')
			return entry_end(scan, i == 2, error);
		if (*rest == '/')
			return entry_field(scan->entry, rest + 1, text, error);
	}
	return *path == '\0' || listing_field(scan->listing, scan, path + 1, text);
}

/* Some encode a blank as '+' here; a plus sign itself comes as %2B. */
static bool decode(char **text, GError **error)
{
	char *plain;

	if (!*text)
		return true;
	plain = g_uri_unescape_string(g_strdelimit(*text, "+", ' '), NULL);
	if (!plain)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's listing has a key that is badly encoded");
	g_free(*text);
	*text = plain;
	return true;
}

static bool decode_keys(S3Listing *listing, GError **error)
{
	for (guint i = 0; i < listing->entries->len; i++) {
		struct s3_entry *entry = listing->entries->pdata[i];

		if (!decode(&entry->key, error))
			return false;
	}
	return decode(&listing->key_marker, error);
}

static S3Listing *parse_listing(const char *root, const void *data, size_t size, GError **error)
{
	g_autoptr(S3Listing) listing = listing_new();
	struct listing_scan state = {.listing = listing};
	struct s3_xml xml = {.root = root, .ended = listing_element, .data = &state};
	bool parsed = s3_xml_scan(data, size, &xml, error);

	if (state.entry)
		entry_free(state.entry);
	if (!parsed || (state.encoded && !decode_keys(listing, error)))
		return NULL;
	return g_steal_pointer(&listing);
}

S3Listing *s3_reply_objects(const void *data, size_t size, GError **error)
{
	g_autoptr(S3Listing) listing = parse_listing("ListBucketResult", data, size, error);

	if (listing && listing->truncated && !listing->token) {
		odr_fail(error, ODR_ERROR_REFUSED, "the server's listing cannot be continued");
		return NULL;
	}
	return g_steal_pointer(&listing);
}

S3Listing *s3_reply_versions(const void *data, size_t size, GError **error)
{
	g_autoptr(S3Listing) listing = parse_listing("ListVersionsResult", data, size, error);

	if (listing && listing->truncated && !listing->key_marker) {
		odr_fail(error, ODR_ERROR_REFUSED, "the server's listing cannot be continued");
		return NULL;
	}
	for (guint i = 0; listing && i < listing->entries->len; i++) {
		const struct s3_entry *entry = listing->entries->pdata[i];

		if (!entry->version) {
			odr_fail(error, ODR_ERROR_REFUSED,
				 "the server's listing has a version without an id");
			return NULL;
		}
	}
	return g_steal_pointer(&listing);
}

/* What became of several. */

struct deleted_scan {
	GPtrArray *all;
	struct s3_deleted *one; /* not yet ended */
};

static void deleted_free(void *data)
{
	struct s3_deleted *deleted = data;

	if (!deleted)
		return;
	g_free(deleted->key);
	g_free(deleted->version);
	g_free(deleted);
}

static bool deleted_end(struct deleted_scan *scan, bool failed, GError **error)
{
	struct s3_deleted *one = g_steal_pointer(&scan->one);

	if (!one || !one->key || scan->all->len == S3_ENTRIES_MAX) {
		deleted_free(one);
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server tells of a deletion without a key, or of too many");
	}
	one->failed = failed;
	make_plain(one->code);
	make_plain(one->message);
	g_ptr_array_add(scan->all, one);
	return true;
}

static void deleted_field(struct s3_deleted *one, const char *field, const char *text)
{
	if (strcmp(field, "Key") == 0)
		set_text(&one->key, text);
	else if (strcmp(field, "VersionId") == 0 && *text)
		set_text(&one->version, text);
	else if (strcmp(field, "Code") == 0)
		g_strlcpy(one->code, text, sizeof(one->code));
	else if (strcmp(field, "Message") == 0)
		g_strlcpy(one->message, text, sizeof(one->message));
}

static bool deleted_element(void *data, const char *path, const char *text, GError **error)
{
	static const char *const kinds[] = {"/Deleted", "/Error"};
	struct deleted_scan *scan = data;

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *rest = path + strlen(kinds[i]);

		if (!g_str_has_prefix(path, kinds[i]) || (*rest != '/' && *rest != '\0'))
			continue;
		if (*rest == '\0')
			return deleted_end(scan, i == 1, error);
		if (!scan->one)
			scan->one = g_new0(struct s3_deleted, 1);
		deleted_field(scan->one, rest + 1, text);
	}
	return true;
}

GPtrArray *s3_reply_deleted(const void *data, size_t size, GError **error)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(deleted_free);
	struct deleted_scan state = {.all = all};
	struct s3_xml xml = {.root = "DeleteResult", .ended = deleted_element, .data = &state};
	bool parsed = s3_xml_scan(data, size, &xml, error);

	deleted_free(state.one);
	return parsed ? g_steal_pointer(&all) : NULL;
}

/* Small documents. */

struct retention_scan {
	struct s3_retention retention;
	bool mode, date;
};

static bool retention_field(void *data, const char *path, const char *text, GError **error)
{
	struct retention_scan *scan = data;

	if (strcmp(path, "/Mode") == 0) {
		scan->retention.compliance = strcmp(text, "COMPLIANCE") == 0;
		scan->mode = scan->retention.compliance || strcmp(text, "GOVERNANCE") == 0;
	}
	if (strcmp(path, "/RetainUntilDate") == 0) {
		scan->date = true;
		return s3_time_parse(text, &scan->retention.until, error);
	}
	return true;
}

bool s3_reply_retention(const void *data, size_t size, struct s3_retention *retention,
			GError **error)
{
	struct retention_scan state = {0};
	struct s3_xml xml = {.root = "Retention", .ended = retention_field, .data = &state};

	if (!s3_xml_scan(data, size, &xml, error))
		return false;
	if (!state.mode || !state.date)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's answer names no mode or no date of the lock");
	*retention = state.retention;
	return true;
}

struct hold_scan {
	bool hold, status;
};

static bool hold_field(void *data, const char *path, const char *text, GError **error)
{
	struct hold_scan *scan = data;

	if (strcmp(path, "/Status") != 0)
		return true;
	scan->hold = strcmp(text, "ON") == 0;
	scan->status = scan->hold || strcmp(text, "OFF") == 0;
	return true;
}

bool s3_reply_hold(const void *data, size_t size, bool *hold, GError **error)
{
	struct hold_scan state = {0};
	struct s3_xml xml = {.root = "LegalHold", .ended = hold_field, .data = &state};

	if (!s3_xml_scan(data, size, &xml, error))
		return false;
	if (!state.status)
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's answer does not say whether there is a hold");
	*hold = state.hold;
	return true;
}

#define DAYS_MAX     36500
#define DAYS_OF_YEAR 365

static bool set_days(unsigned *days, const char *text, unsigned each, GError **error)
{
	guint64 count;

	if (!g_ascii_string_to_unsigned(text, 10, 1, DAYS_MAX / each, &count, NULL))
		return odr_fail(error, ODR_ERROR_REFUSED,
				"the server's answer has a bad number of days: '%.40s'", text);
	*days = (unsigned)count * each;
	return true;
}

static bool lock_field(void *data, const char *path, const char *text, GError **error)
{
	struct s3_lock_rule *rule = data;

	if (strcmp(path, "/ObjectLockEnabled") == 0)
		rule->enabled = strcmp(text, "Enabled") == 0;
	if (strcmp(path, "/Rule/DefaultRetention/Mode") == 0)
		rule->compliance = strcmp(text, "COMPLIANCE") == 0;
	if (strcmp(path, "/Rule/DefaultRetention/Days") == 0)
		return set_days(&rule->days, text, 1, error);
	if (strcmp(path, "/Rule/DefaultRetention/Years") == 0)
		return set_days(&rule->days, text, DAYS_OF_YEAR, error);
	return true;
}

bool s3_reply_lock(const void *data, size_t size, struct s3_lock_rule *rule, GError **error)
{
	struct s3_lock_rule found = {0};
	struct s3_xml xml = {
		.root = "ObjectLockConfiguration", .ended = lock_field, .data = &found};

	if (!s3_xml_scan(data, size, &xml, error))
		return false;
	*rule = found;
	return true;
}

static bool versioning_field(void *data, const char *path, const char *text, GError **error)
{
	enum s3_versioning *versioning = data;

	if (strcmp(path, "/Status") == 0)
		*versioning = strcmp(text, "Enabled") == 0     ? S3_VERSIONING_ENABLED
			      : strcmp(text, "Suspended") == 0 ? S3_VERSIONING_SUSPENDED
							       : S3_VERSIONING_NEVER;
	return true;
}

bool s3_reply_versioning(const void *data, size_t size, enum s3_versioning *versioning,
			 GError **error)
{
	enum s3_versioning found = S3_VERSIONING_NEVER;
	struct s3_xml xml = {
		.root = "VersioningConfiguration", .ended = versioning_field, .data = &found};

	if (!s3_xml_scan(data, size, &xml, error))
		return false;
	*versioning = found;
	return true;
}
