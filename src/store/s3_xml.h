#ifndef ODR_STORE_S3_XML_H
#define ODR_STORE_S3_XML_H

#include "base/clock.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * One pass over a document: every element that ends is told, with its text and the path to it below the
 * root ("/Contents/Key"; the root itself is ""). Depth and text have ceilings; no entity but the five of
 * XML is known. REFUSED where it is none, or has another root.
 */
struct s3_xml {
	const char *root;
	bool (*ended)(void *data, const char *path, const char *text, GError **error);
	void *data;
};
bool s3_xml_scan(const void *data, size_t size, const struct s3_xml *xml, GError **error);

/* RFC 3339, with more decimals than we count by. REFUSED. */
bool s3_time_parse(const char *text, usec_t *time, GError **error);

#endif
