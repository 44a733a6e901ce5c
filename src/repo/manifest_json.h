#ifndef ODR_REPO_MANIFEST_JSON_H
#define ODR_REPO_MANIFEST_JSON_H

#include "repo/manifest.h"

/*
 * The text of a manifest's two parts (odrbackup-format(7) lists the members): compact JSON with sorted
 * keys. Times are integers, microseconds since 1970 (…_us); positions are text as PostgreSQL prints
 * them; digests are hex; text that is not UTF-8 stands in hex under its name and "_hex". Members that a
 * reader does not know are ignored, unless "critical" names a feature. The parsers are in manifest.h.
 */
char *manifest_public_print(const Manifest *manifest, const uint8_t service_id[SERVICE_ID_SIZE]);
char *manifest_sealed_print(const Manifest *manifest);

#endif
