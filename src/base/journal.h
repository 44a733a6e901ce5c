#ifndef ODR_BASE_JOURNAL_H
#define ODR_BASE_JOURNAL_H

#include <glib.h>
#include <stdbool.h>

/*
 * The journal of systemd, in its own protocol: each entry is a datagram of lines NAME=value to a socket that has a
 * path (systemd.journal-fields(7) has the names that are everybody's).
 */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int journal_open(void); /* -1: there is none */

/* value NULL: nothing is added. It becomes one line. */
void journal_add(GString *entry, const char *name, const char *value);
/* MESSAGE_ID of an event that people wait for, by which they find and catalog it; NULL: it has none. */
const char *journal_message_id(const char *event);
/* False where the journal is gone, or takes nothing so large. */
bool journal_send(int fd, const char *path, const GString *entry);

#endif
