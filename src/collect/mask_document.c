/* Documents of one text, as of YAML, and which of them have a Secret of Kubernetes. */
#include "collect/mask.h"

#include <string.h>

bool mask_document_begins(const char *start, const char *end)
{
	return end - start >= 3 && strncmp(start, "---", 3) == 0;
}

/* "kind: Secret", "- kind: 'Secret'", "\"kind\": \"Secret\",": with neither quotes nor what else there may be. */
static bool says_secret(const char *start, const char *end)
{
	g_autofree char *line = g_strndup(start, (gsize)(end - start));
	const char *kind = g_strdelimit(line, "\"',{}[]\t\r", ' ');

	while ((kind = strstr(kind, "kind")) != NULL) {
		kind += strlen("kind");
		kind += strspn(kind, " ");
		if (*kind != ':')
			continue;
		kind += 1 + strspn(kind + 1, " ");
		if (g_str_has_prefix(kind, "Secret") && (kind[6] == ' ' || kind[6] == '\0'))
			return true;
	}
	return false;
}

bool mask_document_has_secret(const char *at)
{
	for (bool first = true; *at; first = false) {
		const char *end = strchrnul(at, '\n');

		if (!first && mask_document_begins(at, end))
			return false;
		if (says_secret(at, end))
			return true;
		at = end + (*end != '\0');
	}
	return false;
}
