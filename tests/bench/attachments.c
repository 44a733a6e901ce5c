/*
 * attachments FOLDER COUNT SEED MEDIAN
 *
 * Writes COUNT files as Odoo keeps attachments: FOLDER/xx/<SHA-1 of the content>, and prints a line for each:
 *   xx/<SHA-1> <tab> size
 * Sizes are log-normal with this median, a mean of about six times as much, 64 bytes to 64 MiB. Of the files 55 % are
 * noise, like images and archives; 30 % text, like HTML, XML and CSV; 15 % both in turn, like PDF. They are one day to
 * three years old. The same seed makes the same content.
 */
#include <fcntl.h>
#include <math.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SIZE_MIN       64
#define SIZE_MAX_BYTES ((size_t)64 << 20)
#define MEAN_TO_MEDIAN 6.0
#define NOISE_SHARE    0.55
#define TEXT_SHARE     0.30
#define TEXT_SIZE_MIN  256 /* so that no two are the same */
#define DAY	       86400L
#define WORDS	       6000
#define WORD_ROOM      16
#define DIGEST_HEX     (2 * SHA_DIGEST_LENGTH + 1)

static uint64_t state;
static char words[WORDS][WORD_ROOM];

/* splitmix64 */
static uint64_t draw(void)
{
	uint64_t value = (state += 0x9E3779B97F4A7C15);

	value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
	value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
	return value ^ (value >> 31);
}

/* Between 0 and 1, and neither. */
static double draw_share(void)
{
	return ((double)(draw() >> 11) + 0.5) / 9007199254740992.0;
}

static double draw_normal(void)
{
	double radius = sqrt(-2 * log(draw_share()));

	return radius * cos(2 * M_PI * draw_share());
}

static size_t draw_size(double median)
{
	double size = median * exp(sqrt(2 * log(MEAN_TO_MEDIAN)) * draw_normal());

	if (size < SIZE_MIN)
		return SIZE_MIN;
	return size > (double)SIZE_MAX_BYTES ? SIZE_MAX_BYTES : (size_t)size;
}

/* One vocabulary for every seed. */
static void make_words(void)
{
	static const char *const syllables[] = {"ba", "co", "de", "fi", "gu", "la", "me",  "ni",
						"or", "pa", "re", "si", "ta", "un", "ver", "zel"};

	state = 42;
	for (int i = 0; i < WORDS; i++) {
		char *end = words[i];

		for (uint64_t left = 1 + draw() % 4; left > 0; left--)
			end = stpcpy(end, syllables[draw() % 16]);
	}
}

/* How much of room it took. */
__attribute__((format(printf, 3, 4))) static size_t print(char *data, size_t room,
							  const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(data, room, format, arguments);
	va_end(arguments);
	return length < 0 || (size_t)length >= room ? 0 : (size_t)length;
}

/* Few words are frequent, most are rare; between them markup and numbers. */
static void fill_text(char *data, size_t size)
{
	size_t used = 0;

	while (used + 2 * WORD_ROOM + 32 < size) {
		const char *word = words[(int)(WORDS * pow(draw_share(), 3))];
		uint64_t drawn = draw();

		switch (drawn % 32) {
		case 0:
			used += print(data + used, size - used, "<td class=\"%s\">%u.%02u</td>\n",
				      word, (unsigned)(drawn >> 40) % 100000,
				      (unsigned)(drawn >> 20) % 100);
			break;
		case 1:
			used += print(data + used, size - used, "</p>\n<p id=\"%x\">",
				      (unsigned)(drawn >> 32));
			break;
		default:
			used += print(data + used, size - used, "%s ", word);
		}
	}
	memset(data + used, '\n', size - used);
}

static void fill_noise(char *data, size_t size)
{
	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t drawn = draw();

		memcpy(data + at, &drawn, size - at < sizeof(drawn) ? size - at : sizeof(drawn));
	}
}

static void fill_both(char *data, size_t size)
{
	static const size_t lengths[] = {4096, 28672};

	for (size_t at = 0, part = 0, length; at < size; at += length, part++) {
		length = size - at < lengths[part % 2] ? size - at : lengths[part % 2];
		(part % 2 ? fill_noise : fill_text)(data + at, length);
	}
}

static void fill(char *data, size_t size)
{
	double share = draw_share();

	if (share < NOISE_SHARE || size < TEXT_SIZE_MIN)
		fill_noise(data, size);
	else if (share < NOISE_SHARE + TEXT_SHARE)
		fill_text(data, size);
	else
		fill_both(data, size);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void name_of(const char *data, size_t size, char hex[DIGEST_HEX])
{
	unsigned char digest[SHA_DIGEST_LENGTH];

	SHA1((const unsigned char *)data, size, digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void write_file(int folder, const char *name, const char *data, size_t size)
{
	time_t written = time(NULL) - DAY - (long)(draw_share() * 3 * 365 * (double)DAY);
	struct timespec times[2] = {{.tv_sec = written}, {.tv_sec = written}};
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(name);
	for (size_t done = 0; done < size;) {
		ssize_t wrote = write(fd, data + done, size - done);

		if (wrote < 0)
			die(name);
		done += (size_t)wrote;
	}
	futimens(fd, times);
	close(fd);
}

static int open_folder(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY);

	if (folder < 0)
		die(path);
	for (int i = 0; i < 256; i++) {
		char name[3];

		snprintf(name, sizeof(name), "%02x", i);
		mkdirat(folder, name, 0755);
	}
	return folder;
}

int main(int argc, char **argv)
{
	char *data = malloc(SIZE_MAX_BYTES);

	if (argc != 5 || !data) {
		fprintf(stderr, "usage: attachments FOLDER COUNT SEED MEDIAN\n");
		return 2;
	}
	umask(022);
	int folder = open_folder(argv[1]);

	make_words();
	state = strtoull(argv[3], NULL, 10) * 0x9E3779B97F4A7C15;
	for (long left = strtol(argv[2], NULL, 10); left > 0; left--) {
		size_t size = draw_size(strtod(argv[4], NULL));
		char hex[DIGEST_HEX], name[DIGEST_HEX + 3];

		fill(data, size);
		name_of(data, size, hex);
		snprintf(name, sizeof(name), "%.2s/%s", hex, hex);
		write_file(folder, name, data, size);
		printf("%s\t%zu\n", name, size);
	}
	free(data);
	return 0;
}
