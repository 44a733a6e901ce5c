#include "cli/site/unlock.h"

#include "base/error.h"
#include "base/file.h"
#include "base/stop.h"
#include "cli/keys/kit.h"
#include "crypto/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSPHRASE_MAX	 1023
#define PASSPHRASE_LEAST 8
#define CREDENTIAL	 "odrbackup-passphrase"

void key_text_free(KeyText *text)
{
	if (!text)
		return;
	secret_wipe(text, strlen(text));
	g_free(text);
}

/* The systemd credential's file, if there is one. */
static char *credential_file(void)
{
	const char *directory = g_getenv("CREDENTIALS_DIRECTORY");
	g_autofree char *path = directory ? g_build_filename(directory, CREDENTIAL, NULL) : NULL;

	return path && g_file_test(path, G_FILE_TEST_EXISTS) ? g_steal_pointer(&path) : NULL;
}

bool passphrase_is_given(const struct arguments *arguments)
{
	g_autofree char *credential = credential_file();

	return arguments_text(arguments, "passphrase-file") || credential;
}

static char *take_first_line(const char *text, const char *path, GError **error)
{
	size_t length = strcspn(text, "\r\n");
	char *passphrase;

	if (length == 0 || text[length + strspn(text + length, "\r\n")] != '\0') {
		odr_fail(error, ODR_ERROR_AUTH, "'%s' does not hold one line with a passphrase",
			 path);
		return NULL;
	}
	passphrase = secret_new(length + 1);
	memcpy(passphrase, text, length);
	return passphrase;
}

/* named: --passphrase-file or its like; NULL: the credential. systemd guards its credentials itself, by mode
 * or by access list. */
static char *read_given(const char *named, GError **error)
{
	g_autofree char *credential = named ? NULL : credential_file();
	const char *path = named ? named : credential;
	g_autoptr(KeyText) text = NULL;

	if (!(named ? file_read_secret(path, PASSPHRASE_MAX, &text, error)
		    : file_read_text(path, PASSPHRASE_MAX, &text, error))) {
		odr_context(error, "cannot read the passphrase");
		return NULL;
	}
	return take_first_line(text, path, error);
}

/* poll, unlike read, ends when a signal comes. */
static bool read_line(int terminal, char *line, GError **error)
{
	for (size_t length = 0; length < PASSPHRASE_MAX;) {
		struct pollfd wait = {.fd = terminal, .events = POLLIN};
		int ready = poll(&wait, 1, -1);
		ssize_t got;

		if (!stop_check(error))
			return false;
		if (ready < 0 && errno == EINTR)
			continue;
		got = read(terminal, line + length, 1);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return odr_fail(error, ODR_ERROR_AUTH, "no passphrase was entered");
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	return odr_fail(error, ODR_ERROR_AUTH, "a passphrase has at most %d bytes", PASSPHRASE_MAX);
}

static void say(int terminal, const char *text)
{
	if (write(terminal, text, strlen(text)) < 0)
		return; /* what is asked for is then guessed from the silence */
}

static bool read_hidden(int terminal, const char *prompt, char *line, GError **error)
{
	struct termios before, silent;
	bool done;

	if (tcgetattr(terminal, &before) != 0)
		return odr_fail_errno(error, errno, "cannot set up the terminal");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	silent.c_lflag |= ICANON;
	if (tcsetattr(terminal, TCSAFLUSH, &silent) != 0)
		return odr_fail_errno(error, errno, "cannot set up the terminal");
	say(terminal, prompt);
	done = read_line(terminal, line, error);
	tcsetattr(terminal, TCSAFLUSH, &before);
	say(terminal, "\n");
	return done;
}

static char *ask(const struct arguments *arguments, const char *prompt, const char *what,
		 GError **error)
{
	int terminal = -1;
	char *line;

	if (!arguments_flag(arguments, "no-input"))
		terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0) {
		odr_fail(error, ODR_ERROR_AUTH,
			 "%s needs a passphrase, and there is nobody to ask; give "
			 "--passphrase-file FILE",
			 what);
		return NULL;
	}
	line = secret_new(PASSPHRASE_MAX + 1);
	if (!read_hidden(terminal, prompt, line, error)) {
		secret_free(line);
		line = NULL;
	}
	close(terminal);
	return line;
}

char *passphrase_ask_terminal(void *data, const char *what, GError **error)
{
	struct passphrase_source *source = data;
	g_autofree char *prompt = g_strdup_printf("Passphrase of %s: ", what);

	source->used = true;
	if (passphrase_is_given(source->arguments))
		return read_given(arguments_text(source->arguments, "passphrase-file"), error);
	return ask(source->arguments, prompt, what, error);
}

static char *ask_twice(const struct arguments *arguments, const char *what, GError **error)
{
	g_autofree char *first = g_strdup_printf("New passphrase of %s: ", what);
	g_autofree char *second = g_strdup("The same again: ");
	char *passphrase = ask(arguments, first, what, error);
	char *again = passphrase ? ask(arguments, second, what, error) : NULL;
	bool same = passphrase && again && strcmp(passphrase, again) == 0;

	if (again && !same)
		odr_fail(error, ODR_ERROR_USAGE, "the two passphrases differ; nothing was written");
	secret_free(again);
	if (!same) {
		secret_free(passphrase);
		return NULL;
	}
	return passphrase;
}

bool passphrase_choose(const struct arguments *arguments, const char *what, char **passphrase,
		       GError **error)
{
	const char *file = arguments_text(arguments, "new-passphrase-file");
	char *chosen;

	*passphrase = NULL;
	if (file && arguments_flag(arguments, "unprotected"))
		return odr_fail(error, ODR_ERROR_USAGE,
				"--new-passphrase-file and --unprotected exclude each other");
	if (arguments_flag(arguments, "unprotected"))
		return true;
	if (!file)
		file = arguments_text(arguments, "passphrase-file");
	chosen = file || passphrase_is_given(arguments) ? read_given(file, error)
							: ask_twice(arguments, what, error);
	if (chosen && strlen(chosen) < PASSPHRASE_LEAST) {
		secret_free(chosen);
		return odr_fail(error, ODR_ERROR_USAGE,
				"a passphrase has at least %d bytes; several words are best",
				PASSPHRASE_LEAST);
	}
	*passphrase = chosen;
	return chosen != NULL;
}

bool key_text_read(const char *path, KeyText **text, GError **error)
{
	g_autoptr(KeyText) any = NULL;

	if (!file_read_text(path, KEY_TEXT_MAX, &any, error))
		return false;
	/* A file that a passphrase protects may lie on a medium without modes. */
	if (strstr(any, "protection=none"))
		return file_read_secret(path, KEY_TEXT_MAX, text, error);
	*text = g_steal_pointer(&any);
	return true;
}

/* A key file that is not there is a missing key, not a missing object. */
static bool fail_to_read(const char *what, GError **error)
{
	if (error && odr_error_is(*error, ODR_ERROR_NOT_FOUND))
		(*error)->code = ODR_ERROR_AUTH;
	return odr_context(error, "cannot read the %s", what);
}

/* The text of a key file; of a recovery kit, the member of it that is wanted. */
static bool read_member(const char *path, const char *what, bool owner, KeyText **text,
			GError **error)
{
	g_autoptr(KeyText) whole = NULL;
	g_autoptr(Kit) kit = NULL;

	if (!key_text_read(path, &whole, error))
		return fail_to_read(what, error);
	if (!kit_is(whole)) {
		*text = g_steal_pointer(&whole);
		return true;
	}
	kit = kit_parse(whole, path, error);
	if (!kit)
		return false;
	*text = owner ? g_steal_pointer(&kit->owner) : g_steal_pointer(&kit->identity);
	return true;
}

OwnerKey *unlock_owner(struct passphrase_source *source, const char *path, GError **error)
{
	struct key_unlock unlock = {passphrase_ask_terminal, source};
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!read_member(path, "owner key", true, &text, error))
		return NULL;
	return owner_key_parse(text, what, &unlock, error);
}

Identity *unlock_identity(struct passphrase_source *source, const char *path, GError **error)
{
	struct key_unlock unlock = {passphrase_ask_terminal, source};
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!read_member(path, "identity", false, &text, error))
		return NULL;
	return identity_parse(text, what, &unlock, error);
}

EvidenceKey *unlock_evidence(struct passphrase_source *source, const char *path, GError **error)
{
	struct key_unlock unlock = {passphrase_ask_terminal, source};
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!key_text_read(path, &text, error)) {
		fail_to_read("evidence key", error);
		return NULL;
	}
	return evidence_key_parse(text, what, &unlock, error);
}

Bundle *unlock_bundle(const char *path, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!file_read_secret(path, KEY_TEXT_MAX, &text, error)) {
		fail_to_read("writer bundle", error);
		return NULL;
	}
	return bundle_parse(text, what, error);
}

bool unlock_service(const char *path, struct key_service *service, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	return read_member(path, "key", true, &text, error) &&
	       key_service_read(text, what, service, error);
}

bool unlock_bundle_service(const char *path, struct key_service *service, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!file_read_secret(path, KEY_TEXT_MAX, &text, error))
		return fail_to_read("writer bundle", error);
	return key_service_read(text, what, service, error);
}

struct recipient *unlock_recipient(const char *path, struct key_service *service, GError **error)
{
	g_autofree char *what = g_strdup_printf("'%s'", path);
	g_autoptr(KeyText) text = NULL;

	if (!read_member(path, "recipient", false, &text, error))
		return NULL;
	return recipient_parse(text, what, service, error);
}
