#include "http/answer.h"

#include <string.h>

static HttpAnswer *answer_of(const char *const *lines)
{
	HttpAnswer *answer = http_answer_new();

	for (; *lines; lines++)
		http_answer_take_line(answer, *lines, strlen(*lines));
	return answer;
}

static void test_head(void)
{
	static const char *const lines[] = {
		"HTTP/1.1 206 Partial Content\r\n",
		"Content-Length: 12\r\n",
		"ETag:\"x\"\r\n",
		"X-Amz-Version-Id:  a:b \r\n",
		"X-Amz-Version-Id: last\r\n",
		"Date: Tue, 24 Nov 2026 08:00:00 GMT\r\n",
		"Set-Cookie: session_id=a; HttpOnly\r\n",
		"set-cookie: lang=en\r\n",
		"no header\r\n",
		"\r\n",
		NULL,
	};
	g_autoptr(HttpAnswer) answer = answer_of(lines);

	g_assert_cmpuint(answer->status, ==, 206);
	g_assert_true(http_answer_successful(answer));
	g_assert_cmpint(answer->length, ==, 12);
	g_assert_cmpint(answer->date, ==, 1795507200 * USEC_PER_SEC);
	g_assert_cmpstr(http_answer_header(answer, "etag"), ==, "\"x\"");
	g_assert_cmpstr(http_answer_header(answer, "x-amz-version-id"), ==, "last");
	g_assert_null(http_answer_header(answer, "ETag"));
	g_assert_cmpuint(answer->cookies->len, ==, 2);
	g_assert_cmpstr(answer->cookies->pdata[0], ==, "session_id=a; HttpOnly");
	g_assert_cmpstr(answer->cookies->pdata[1], ==, "lang=en");
	http_answer_clear(answer);
	g_assert_cmpuint(answer->cookies->len, ==, 0);
	g_assert_cmpuint(answer->status, ==, 0);
	g_assert_cmpint(answer->length, ==, -1);
	g_assert_null(http_answer_header(answer, "etag"));
}

static void test_interim(void)
{
	static const char *const lines[] = {
		"HTTP/1.1 100 Continue\r\n",
		"Content-Length: 5\r\n",
		"Server: one\r\n",
		"\r\n",
		"HTTP/1.1 204 \r\n",
		"Connection: close\r\n",
		NULL,
	};
	g_autoptr(HttpAnswer) answer = answer_of(lines);

	g_assert_cmpuint(answer->status, ==, 204);
	g_assert_cmpint(answer->length, ==, -1);
	g_assert_null(http_answer_header(answer, "server"));
	g_assert_cmpstr(http_answer_header(answer, "connection"), ==, "close");
}

static void test_lies(void)
{
	static const struct {
		const char *line;
		int64_t length;
		usec_t date;
	} rows[] = {
		{"Content-Length: -5", -1, 0},
		{"Content-Length: 12 or so", -1, 0},
		{"Content-Length: 99999999999999999999", -1, 0},
		{"Content-Length: 9223372036854775807", G_MAXINT64, 0},
		{"Date: today", -1, 0},
		{"Date: Tue, 24 Nov 2000000000 08:00:00 GMT", -1, 0},
		{"Date: Fri, 31 Dec 9999 23:59:59 GMT", -1, 253402300799 * USEC_PER_SEC},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *const lines[] = {rows[i].line, NULL};
		g_autoptr(HttpAnswer) answer = answer_of(lines);

		g_test_message("%s", rows[i].line);
		g_assert_cmpint(answer->length, ==, rows[i].length);
		g_assert_cmpint(answer->date, ==, rows[i].date);
	}
}

static void test_retry_after(void)
{
	static const struct {
		const char *date, *line;
		usec_t asked;
	} rows[] = {
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT", "Server: none", 0},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT", "Retry-After: 7", 7 * USEC_PER_SEC},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT", "Retry-After: 0", 0},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT", "Retry-After: 99999999999999999999",
		 USEC_PER_DAY},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT", "Retry-After: soon", 0},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT", "Retry-After: -7", 0},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT",
		 "Retry-After: Tue, 24 Nov 2026 08:02:00 GMT", 2 * USEC_PER_MIN},
		{"Date: Tue, 24 Nov 2026 08:00:00 GMT",
		 "Retry-After: Tue, 24 Nov 2026 07:00:00 GMT", 0},
		{"Server: none", "Retry-After: Tue, 24 Nov 2026 08:02:00 GMT", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *const lines[] = {rows[i].date, rows[i].line, NULL};
		g_autoptr(HttpAnswer) answer = answer_of(lines);

		g_test_message("%s", rows[i].line);
		g_assert_cmpint(http_answer_retry_after(answer), ==, rows[i].asked);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/http/answer/reads-a-head", test_head);
	g_test_add_func("/http/answer/begins-anew-after-an-interim-answer", test_interim);
	g_test_add_func("/http/answer/believes-no-impossible-length-or-date", test_lies);
	g_test_add_func("/http/answer/tells-when-to-ask-again", test_retry_after);
	return g_test_run();
}
