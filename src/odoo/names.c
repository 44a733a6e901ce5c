#include "odoo/names.h"

#include "base/bytes.h"

#include <string.h>

#define FOLDER_SHORT	2
#define FOLDER_OLD	3
#define NAME_MAX_LENGTH 255

bool odoo_folder_valid(const char *name)
{
	size_t length = strlen(name);

	return (length == FOLDER_SHORT || length == FOLDER_OLD) && hex_is_digits(name, length);
}

bool odoo_file_valid(const char *folder, const char *name, uint8_t sha1[SHA1_SIZE])
{
	return odoo_folder_valid(folder) && strncmp(name, folder, strlen(folder)) == 0 &&
	       hex_decode(name, sha1, SHA1_SIZE);
}

bool odoo_database_usual(const char *name)
{
	size_t length = strlen(name);

	if (length < 2 || !odoo_database_possible(name) || !g_ascii_isalnum(name[0]))
		return false;
	for (const char *at = name; *at; at++)
		if (!g_ascii_isalnum(*at) && !strchr("_.-", *at))
			return false;
	return true;
}

bool odoo_database_possible(const char *name)
{
	return name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strlen(name) <= NAME_MAX_LENGTH;
}
