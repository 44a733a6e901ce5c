#include "base/error.h"

#include "base/stop.h"

#include <errno.h>
#include <signal.h>

G_DEFINE_QUARK(odr_error, odr_error)

static const int exit_status[] = {
	[ODR_ERROR_SYSTEM] = 1,	   [ODR_ERROR_EXISTS] = 1,	   [ODR_ERROR_USAGE] = 2,
	[ODR_ERROR_PARTIAL] = 3,   [ODR_ERROR_FAILED] = 4,	   [ODR_ERROR_REFUSED] = 6,
	[ODR_ERROR_NOT_FOUND] = 7, [ODR_ERROR_SOURCE_DAMAGED] = 9, [ODR_ERROR_UNREACHABLE] = 10,
	[ODR_ERROR_BUSY] = 11,	   [ODR_ERROR_AUTH] = 12,	   [ODR_ERROR_CORRUPT] = 13,
	[ODR_ERROR_NO_SPACE] = 14, [ODR_ERROR_TRANSIENT] = 75,	   [ODR_ERROR_STOPPED] = 130,
};

bool odr_fail(GError **error, enum odr_error code, const char *format, ...)
{
	va_list arguments;

	if (!error)
		return false;
	va_start(arguments, format);
	g_propagate_error(error, g_error_new_valist(ODR_ERROR, (gint)code, format, arguments));
	va_end(arguments);
	return false;
}

static enum odr_error code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return ODR_ERROR_NOT_FOUND;
	case EEXIST:
		return ODR_ERROR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return ODR_ERROR_NO_SPACE;
	case EACCES:
	case EPERM:
		return ODR_ERROR_AUTH;
	default:
		return ODR_ERROR_SYSTEM;
	}
}

bool odr_fail_errno(GError **error, int errnum, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return odr_fail(error, code_of_errno(errnum), "%s: %s", message, g_strerror(errnum));
}

bool odr_context(GError **error, const char *format, ...)
{
	g_autofree char *context = NULL;
	va_list arguments;

	va_start(arguments, format);
	context = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_prefix_error(error, "%s: ", context);
	return false;
}

bool odr_error_is(const GError *error, enum odr_error code)
{
	return g_error_matches(error, ODR_ERROR, (gint)code);
}

int odr_error_exit_status(const GError *error)
{
	if (!error)
		return 0;
	if (error->domain != ODR_ERROR || error->code < 0 ||
	    (size_t)error->code >= G_N_ELEMENTS(exit_status))
		return 1;
	if (error->code == ODR_ERROR_STOPPED && stop_signal() == SIGTERM)
		return 128 + SIGTERM;
	return exit_status[error->code];
}

void odr_error_prepare(void)
{
	g_error_free(g_error_new_literal(ODR_ERROR, ODR_ERROR_SYSTEM, ""));
}

bool odr_says_no_space(const char *said)
{
	return said && strstr(said, "No space left on device");
}
