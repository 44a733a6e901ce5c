#ifndef ODR_PG_RECOVERY_H
#define ODR_PG_RECOVERY_H

#include "base/clock.h"
#include "pg/wal.h"

/* Recovery settings per version (POSTGRES.md 8). Pure text work. */
enum recovery_type {
	RECOVERY_DEFAULT, /* to the end of the archive */
	RECOVERY_IMMEDIATE,
	RECOVERY_TIME,
	RECOVERY_NAME,
	RECOVERY_LSN,
	RECOVERY_XID,
	RECOVERY_STANDBY,
};
enum recovery_action { RECOVERY_PAUSE, RECOVERY_PROMOTE, RECOVERY_SHUTDOWN };
struct recovery_settings {
	int major;
	enum recovery_type type;
	usec_t time;
	const char *name;
	lsn_t lsn;
	const char *xid; /* decimal digits */
	bool exclusive;
	enum recovery_action action;
	uint32_t timeline; /* 0: latest */
	bool timeline_current;
	const char *restore_command;
	const char *recovery_end_command; /* NULL: none */
};
/* postgresql.auto.conf without its older recovery settings and with ours at the end, which also blank
 * what postgresql.conf may still say of recovery. g_free. */
char *recovery_auto_conf(const char *auto_conf, const struct recovery_settings *settings);
const char *recovery_signal_file(enum recovery_type type); /* recovery.signal or standby.signal */
bool recovery_type_parse(const char *text, enum recovery_type *type);
const char *recovery_type_name(enum recovery_type type);
/* One value for postgresql.conf: in single quotes; these and backslashes doubled inside, newline and
 * carriage return as escapes. g_free. */
char *recovery_quote(const char *value);

#endif
