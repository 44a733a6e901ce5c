/* Collectors that are told what to take: files, the output of a command. */
#include "collect/collector.h"

#include "base/error.h"

#include <string.h>

bool files_collect(struct collection *collection, GError **error)
{
	if (!collection->settings->paths)
		return odr_fail(error, ODR_ERROR_USAGE, "a collector of files needs paths=");
	return collection_files(collection, collection->settings->paths, COLLECTION_CONFIGURED,
				NULL, error);
}

bool command_collect(struct collection *collection, GError **error)
{
	const char *const *command = collection->settings->command;
	g_autofree char *line = command ? g_strjoinv(" ", (char **)command) : g_strdup("");
	g_autofree char *source = mask_text(&collection->mask, line, strlen(line), NULL);

	if (!command)
		return odr_fail(error, ODR_ERROR_USAGE, "a collector of a command needs command=");
	if (!tool_exists(command[0]))
		return collection_absent(collection, "there is no program '%s'", command[0]);
	return tool_item(collection, &(struct tool){.argv = command},
			 &(struct collection_item){.path = "output", .source = source}, error);
}
