#include "base/journal.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static const struct {
	const char *event, *id;
} ids[] = {
	{"audit.torn", "dd4ab61a8b714f9eb515788695d8085f"},
	{"drill.abandoned", "889cf0cccfe64001aeeeb5796226a202"},
	{"drill.closed", "95fd453163f2473997b1a8a70a684719"},
	{"incident.opened", "d467784805b84fefbc2f6c9546760a85"},
	{"object.hidden", "5c732b1f134b4612952754e97ea3bc83"},
	{"object.replaced", "41d5c9c62139472aa39a731f352931a8"},
	{"restore.ended", "a5960d1e89b04365be36c759ef54b18c"},
	{"run.failed", "f98cec390f62446d96a129615aae1751"},
	{"set.published", "62592621dcda43f1a4cb924ffc503277"},
	{"unit.failed", "7a60932acbad4a229effbf84970986be"},
	{"wal.archived", "5ff56e28258b436c9ff46d9590294860"},
	{"wal.failed", "a852b7c9a77d4fd1b0cadff14f8d1ddb"},
};

int journal_open(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void journal_add(GString *entry, const char *name, const char *value)
{
	if (!value)
		return;
	g_string_append_printf(entry, "%s=", name);
	for (const char *at = value; *at; at++)
		g_string_append_c(entry, g_ascii_iscntrl(*at) ? ' ' : *at);
	g_string_append_c(entry, '\n');
}

const char *journal_message_id(const char *event)
{
	for (size_t i = 0; event && i < G_N_ELEMENTS(ids); i++)
		if (strcmp(ids[i].event, event) == 0)
			return ids[i].id;
	return NULL;
}

/* By the path each time: a journal that was started again listens at another socket of that name. */
bool journal_send(int fd, const char *path, const GString *entry)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >= sizeof(address.sun_path))
		return false;
	return sendto(fd, entry->str, entry->len, MSG_NOSIGNAL, (const struct sockaddr *)&address,
		      sizeof(address)) == (ssize_t)entry->len;
}
