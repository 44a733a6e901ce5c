/* What a program prints: credential_process of AWS. */
#include "base/error.h"
#include "base/process.h"
#include "crypto/secret.h"
#include "store/s3_source.h"

#include <string.h>

#define OUTPUT_MAX ((size_t)64 << 10)
#define TIMEOUT	   (60 * USEC_PER_SEC)

/* What it prints goes into guarded memory, and nowhere else. */
struct output {
	const char *program;
	char *text;
	size_t size;
};

static bool take_output(void *data, const void *bytes, size_t size, GError **error)
{
	struct output *output = data;

	if (size > OUTPUT_MAX - output->size)
		return odr_fail(error, ODR_ERROR_AUTH, "'%s' prints more than %zu bytes",
				output->program, OUTPUT_MAX);
	memcpy(output->text + output->size, bytes, size);
	output->size += size;
	return true;
}

static bool run(char **words, struct output *output, GError **error)
{
	struct process_result result = {0};
	const struct process_request request = {
		.argv = (const char *const *)words,
		.timeout_us = TIMEOUT,
		.output = take_output,
		.output_data = output,
	};
	bool done;

	output->program = words[0];
	done = process_run(&request, &result, error);
	if (done && result.timed_out)
		done = odr_fail(error, ODR_ERROR_TRANSIENT, "'%s' was still running after 60 s",
				words[0]);
	else if (done && result.status != 0)
		done = odr_fail(error, ODR_ERROR_AUTH, "'%s' ended with status %d", words[0],
				result.status);
	process_result_clear(&result);
	return done;
}

static bool split(const char *command, char ***words, GError **error)
{
	return g_shell_parse_argv(command, NULL, words, NULL) ||
	       odr_fail(error, ODR_ERROR_USAGE, "credential-process= is no command line: '%s'",
			command);
}

static bool check_process(const struct s3_source_settings *settings, GError **error)
{
	g_auto(GStrv) words = NULL;

	return split(settings->process, &words, error);
}

static bool read_process(const struct s3_source_settings *settings, struct s3_keys *keys,
			 usec_t *given_at, GError **error)
{
	struct output output = {.text = secret_new(OUTPUT_MAX)};
	g_auto(GStrv) words = NULL;
	bool done = split(settings->process, &words, error) && run(words, &output, error) &&
		    s3_keys_parse_json(S3_KEYS_OF_PROCESS, output.text, output.size, keys, error);

	secret_free(output.text);
	return done;
}

const struct s3_source s3_source_process = {.name = "process",
					    .what = "the program '%s'",
					    .check = check_process,
					    .read = read_process};
