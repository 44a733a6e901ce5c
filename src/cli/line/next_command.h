#ifndef ODR_CLI_LINE_NEXT_COMMAND_H
#define ODR_CLI_LINE_NEXT_COMMAND_H

#include "cli/line/arguments.h"

/* A command line that can be typed after this one as it is printed: "odrbackup", those options of this one that say
 * where configuration and keys are, then the words (NULL-terminated), quoted for a shell where they need it. g_free. */
char *next_command(const struct arguments *arguments, const char *const *words);

#endif
