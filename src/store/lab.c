#include "store/lab.h"

#include "base/clock.h"
#include "base/error.h"

#include <string.h>

static bool concerns(struct store_lab *lab, enum store_lab_fault fault, const char *name)
{
	if (!lab || lab->fault != fault || !lab->part || !strstr(name, lab->part))
		return false;
	g_atomic_int_inc(&lab->met);
	return true;
}

bool store_lab_hides(struct store_lab *lab, const char *name)
{
	return concerns(lab, STORE_LAB_HIDE, name);
}

bool store_lab_allows(struct store_lab *lab, const char *name, GError **error)
{
	if (concerns(lab, STORE_LAB_REFUSE, name))
		return odr_fail(error, ODR_ERROR_AUTH, "in the lab the credential has expired");
	if (concerns(lab, STORE_LAB_SLOW, name))
		g_usleep(USEC_PER_SEC);
	return true;
}

bool store_lab_alters(struct store_lab *lab, const char *name)
{
	return concerns(lab, STORE_LAB_FLIP, name);
}

void store_lab_alter(void *bytes, gsize size)
{
	if (size > 0)
		((guint8 *)bytes)[size / 2] ^= 1;
}
