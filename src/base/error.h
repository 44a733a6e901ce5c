#ifndef ODR_BASE_ERROR_H
#define ODR_BASE_ERROR_H

#include <glib.h>
#include <stdbool.h>

/*
 * One way to fail: return false (or NULL) and set GError **error, the last parameter. The code says
 * what the caller can do about it, the message is a sentence for the user. Outputs are touched only
 * on success.
 */
enum odr_error {
	ODR_ERROR_SYSTEM,	  /* the operating system or a library failed: exit 1 */
	ODR_ERROR_EXISTS,	  /* something of that name is there already: exit 1 */
	ODR_ERROR_USAGE,	  /* command line or configuration: exit 2 */
	ODR_ERROR_PARTIAL,	  /* done in part: exit 3 */
	ODR_ERROR_FAILED,	  /* a verification, restore or check failed: exit 4 */
	ODR_ERROR_REFUSED,	  /* a guard, lock or approval forbids it: exit 6 */
	ODR_ERROR_NOT_FOUND,	  /* no such object, set, WAL: exit 7 */
	ODR_ERROR_SOURCE_DAMAGED, /* the set is published, damage of the source is recorded: exit 9 */
	ODR_ERROR_UNREACHABLE,	  /* repository or server missing: exit 10 */
	ODR_ERROR_BUSY,		  /* a lock is held by another run: exit 11 */
	ODR_ERROR_AUTH,		  /* wrong or missing key or credential: exit 12 */
	ODR_ERROR_CORRUPT,	  /* corruption or tampering: exit 13 */
	ODR_ERROR_NO_SPACE,	  /* exit 14 */
	ODR_ERROR_TRANSIENT,	  /* try again: exit 75 */
	ODR_ERROR_STOPPED,	  /* SIGINT or SIGTERM: exit 130 or 143 */
};

#define ODR_ERROR (odr_error_quark())
GQuark odr_error_quark(void);

/* GLib makes a lock for errors when the first one is made. Who starts threads calls this before, so that these do not make it
 * at once. */
void odr_error_prepare(void);

/* Sets *error and returns false. */
bool odr_fail(GError **error, enum odr_error code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* As odr_fail, with ": " and the text of errnum appended; the code follows errnum (ENOENT: not
 * found, EEXIST: exists, ENOSPC and EDQUOT: no space, EACCES and EPERM: auth, else system). */
bool odr_fail_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Puts "format: " in front of the message of *error (if set). Returns false. */
bool odr_context(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* True if error is of this domain with this code. error may be NULL (false). */
bool odr_error_is(const GError *error, enum odr_error code);

/* The documented exit status of an error; NULL is 0. */
int odr_error_exit_status(const GError *error);

/* Another program, in the C locale, says that there was no room; said may be NULL. */
bool odr_says_no_space(const char *said);

#endif
