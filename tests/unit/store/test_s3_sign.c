#include "store/s3_sign.h"

#include <string.h>

/* The examples of Amazon's documentation, "Signature Calculations for the Authorization Header". */
#define EMPTY	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WELCOME "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
#define HOST	"examplebucket.s3.amazonaws.com"
#define DATE	"20130524T000000Z"

static const struct example {
	const char *name, *method, *path, *query, *payload, *signature;
	struct http_header headers[5];
} examples[] = {
	{"get",
	 "GET",
	 "/test.txt",
	 "",
	 EMPTY,
	 "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
	 {{"host", HOST},
	  {"range", "bytes=0-9"},
	  {"x-amz-content-sha256", EMPTY},
	  {"x-amz-date", DATE}}},
	{"put",
	 "PUT",
	 "/test%24file.text",
	 "",
	 WELCOME,
	 "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
	 {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
	  {"host", HOST},
	  {"x-amz-content-sha256", WELCOME},
	  {"x-amz-date", DATE},
	  {"x-amz-storage-class", "REDUCED_REDUNDANCY"}}},
	{"lifecycle",
	 "GET",
	 "/",
	 "lifecycle=",
	 EMPTY,
	 "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
	 {{"host", HOST}, {"x-amz-content-sha256", EMPTY}, {"x-amz-date", DATE}}},
	{"list",
	 "GET",
	 "/",
	 "max-keys=2&prefix=J",
	 EMPTY,
	 "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	 {{"host", HOST}, {"x-amz-content-sha256", EMPTY}, {"x-amz-date", DATE}}},
};

static void test_example(gconstpointer data)
{
	const struct example *example = data;
	struct s3_signing signing = {
		.method = example->method,
		.path = example->path,
		.query = example->query,
		.headers = example->headers,
		.payload = example->payload,
		.access = "AKIAIOSFODNN7EXAMPLE",
		.secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
		.region = "us-east-1",
	};

	while (signing.header_count < G_N_ELEMENTS(example->headers) &&
	       example->headers[signing.header_count].name)
		signing.header_count++;
	g_assert_true(clock_parse("2013-05-24T00:00:00Z", &signing.time, NULL));

	g_autofree char *authorization = s3_sign(&signing);
	g_autofree char *ending = g_strconcat(", Signature=", example->signature, NULL);

	g_assert_true(g_str_has_prefix(authorization,
				       "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/"
				       "us-east-1/s3/aws4_request, SignedHeaders="));
	g_assert_true(g_str_has_suffix(authorization, ending));
}

static void test_encoding(void)
{
	g_autofree char *path = s3_encode_path("a b/+%~ü(*)'!=&?#:@");
	g_autofree char *value = s3_encode_value("a/b");

	g_assert_cmpstr(path, ==, "a%20b/%2B%25~%C3%BC%28%2A%29%27%21%3D%26%3F%23%3A%40");
	g_assert_cmpstr(value, ==, "a%2Fb");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		g_autofree char *path =
			g_strconcat("/store/s3-sign/published-example/", examples[i].name, NULL);

		g_test_add_data_func(path, &examples[i], test_example);
	}
	g_test_add_func("/store/s3-sign/encodes-once-as-it-is-signed", test_encoding);
	return g_test_run();
}
