#include "crypto/folder_key.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fscrypt.h>
#include <sodium.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE   (10 * USEC_PER_SEC)
#define LOOK_EVERY 50000

/* Its name and its content are as unreadable as all others. */
#define SIGN "readable"

static int open_folder(const char *folder)
{
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- what the kernel has ------------------------------------------------------------------------- */

struct policy {
	struct fscrypt_get_policy_ex_arg argument;
	int number; /* 0, or errno: ENODATA where there is none */
};

static struct policy policy_of(const char *folder)
{
	struct policy policy = {.argument = {.policy_size = sizeof(policy.argument.policy)}};
	int fd = open_folder(folder);

	if (fd < 0 || ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &policy.argument) != 0)
		policy.number = errno;
	if (fd >= 0)
		close(fd);
	return policy;
}

bool folder_key_possible(const char *parent, GError **error)
{
	struct policy policy = policy_of(parent);

	if (policy.number == ENODATA)
		return true;
	if (policy.number == 0)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"'%s' is encrypted already, with a key that is not the drill's; name "
			"a folder that is not",
			parent);
	if (policy.number == EOPNOTSUPP || policy.number == ENOTTY)
		return odr_fail(
			error, ODR_ERROR_REFUSED,
			"the file system of '%s' encrypts no folders; name one of ext4 or f2fs that "
			"does: tune2fs -O encrypt DEVICE, and a kernel with CONFIG_FS_ENCRYPTION",
			parent);
	return odr_fail_errno(error, policy.number, "cannot look at '%s'", parent);
}

bool folder_key_of(const char *folder, char name[FOLDER_KEY_NAME_SIZE])
{
	struct policy policy = policy_of(folder);

	if (policy.number != 0 || policy.argument.policy.version != FSCRYPT_POLICY_V2)
		return false;

	g_autofree char *hex = hex_encode(policy.argument.policy.v2.master_key_identifier,
					  FSCRYPT_KEY_IDENTIFIER_SIZE);

	g_strlcpy(name, hex, FOLDER_KEY_NAME_SIZE);
	return true;
}

/* ---- making -------------------------------------------------------------------------------------- */

/* The key is in guarded memory until the kernel has it, and then nowhere else. */
static bool give_key(int fd, uint8_t identifier[FSCRYPT_KEY_IDENTIFIER_SIZE])
{
	struct fscrypt_add_key_arg *argument = secret_new(sizeof(*argument) + FSCRYPT_MAX_KEY_SIZE);
	int number = 0;

	argument->key_spec.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	argument->raw_size = FSCRYPT_MAX_KEY_SIZE;
	randombytes_buf(argument->raw, FSCRYPT_MAX_KEY_SIZE);
	if (ioctl(fd, FS_IOC_ADD_ENCRYPTION_KEY, argument) != 0)
		number = errno;
	memcpy(identifier, argument->key_spec.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	secret_free(argument);
	errno = number;
	return number == 0;
}

static bool seal(int fd, char name[FOLDER_KEY_NAME_SIZE])
{
	struct fscrypt_policy_v2 policy = {.version = FSCRYPT_POLICY_V2,
					   .contents_encryption_mode = FSCRYPT_MODE_AES_256_XTS,
					   .filenames_encryption_mode = FSCRYPT_MODE_AES_256_CTS,
					   .flags = FSCRYPT_POLICY_FLAGS_PAD_32};

	if (!give_key(fd, policy.master_key_identifier))
		return false;

	g_autofree char *hex =
		hex_encode(policy.master_key_identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);

	g_strlcpy(name, hex, FOLDER_KEY_NAME_SIZE);
	return ioctl(fd, FS_IOC_SET_ENCRYPTION_POLICY, &policy) == 0;
}

static bool put_sign(int fd)
{
	int sign = openat(fd, SIGN, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool written = sign >= 0 && write(sign, SIGN, strlen(SIGN)) == (ssize_t)strlen(SIGN);

	if (sign >= 0)
		close(sign);
	return written;
}

bool folder_key_make(const char *folder, char name[FOLDER_KEY_NAME_SIZE], GError **error)
{
	int fd;
	bool done;

	*name = '\0';
	if (mkdir(folder, 0700) != 0)
		return odr_fail_errno(error, errno, "cannot make '%s'", folder);
	fd = open_folder(folder);
	done = fd >= 0 && seal(fd, name) && put_sign(fd);
	if (!done)
		odr_fail_errno(error, errno, "cannot encrypt '%s'", folder);
	if (fd >= 0)
		close(fd);
	return done;
}

/* ---- taking it away ------------------------------------------------------------------------------ */

static struct fscrypt_key_specifier specifier_of(const char *name)
{
	struct fscrypt_key_specifier specifier = {.type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER};

	hex_decode(name, specifier.u.identifier, FSCRYPT_KEY_IDENTIFIER_SIZE);
	return specifier;
}

/* Who may take away those of all users does. False with errno. */
static bool take_away(int fd, const char *name)
{
	struct fscrypt_remove_key_arg argument = {.key_spec = specifier_of(name)};

	return ioctl(fd, FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS, &argument) == 0 ||
	       errno == ENOKEY ||
	       (errno == EACCES &&
		(ioctl(fd, FS_IOC_REMOVE_ENCRYPTION_KEY, &argument) == 0 || errno == ENOKEY));
}

static bool is_absent(int fd, const char *name)
{
	struct fscrypt_get_key_status_arg argument = {.key_spec = specifier_of(name)};

	return ioctl(fd, FS_IOC_GET_ENCRYPTION_KEY_STATUS, &argument) == 0 &&
	       argument.status == FSCRYPT_KEY_STATUS_ABSENT;
}

bool folder_key_remove(const char *parent, const char name[FOLDER_KEY_NAME_SIZE], GError **error)
{
	usec_t end = clock_monotonic() + PATIENCE;
	int fd = open_folder(parent);
	int number = fd < 0 ? errno : 0;
	bool gone = false;

	while (number == 0 && !gone) {
		if (!take_away(fd, name))
			number = errno;
		gone = is_absent(fd, name);
		if (!gone && clock_monotonic() >= end)
			break;
		if (!gone)
			g_usleep(LOOK_EVERY);
	}
	if (fd >= 0)
		close(fd);
	if (gone)
		return true;
	if (number != 0)
		return odr_fail_errno(error, number, "cannot take key %s of '%s' from the kernel",
				      name, parent);
	return odr_fail(
		error, ODR_ERROR_BUSY,
		"the kernel still has key %s of '%s': files of it are open, or another user "
		"gave it, too",
		name, parent);
}

bool folder_key_reads(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, SIGN, NULL);
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) && strcmp(text, SIGN) == 0;
}
