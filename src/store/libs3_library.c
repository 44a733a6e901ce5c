#include "store/libs3_library.h"

#include "base/error.h"
#include "base/pool.h"
#include "base/thread.h"

#include <dlfcn.h>
#include <unistd.h>

static struct once once = {ONCE_INIT};
static struct libs3_library library;
static struct mutex *beginning;
static char *trouble; /* why it cannot be used; NULL: it can */

/* A process that forked must not write into its parent's connections. */
struct context {
	S3RequestContext *context;
	pid_t owner;
};
static struct thread_slot slot;

static void context_free(void *data)
{
	struct context *context = data;

	if (context->context && context->owner == getpid())
		library.context_destroy(context->context);
	g_free(context);
}

static bool find_functions(void *handle)
{
	const struct {
		const char *name;
		void **at;
	} functions[] = {
		{"S3_initialize", (void **)&library.initialize},
		{"S3_get_status_name", (void **)&library.status_name},
		{"S3_create_request_context", (void **)&library.context_create},
		{"S3_destroy_request_context", (void **)&library.context_destroy},
		{"S3_get_request_context_fdsets", (void **)&library.context_fdsets},
		{"S3_get_request_context_timeout", (void **)&library.context_timeout},
		{"S3_runonce_request_context", (void **)&library.context_run},
		{"S3_put_object", (void **)&library.put},
		{"S3_get_object", (void **)&library.get},
		{"S3_head_object", (void **)&library.head},
		{"S3_delete_object", (void **)&library.delete},
		{"S3_list_bucket", (void **)&library.list},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
		*functions[i].at = dlsym(handle, functions[i].name);
		if (*functions[i].at)
			continue;
		trouble = g_strdup_printf("%s has no %s", LIBS3_SONAME, functions[i].name);
		return false;
	}
	return true;
}

static void load(void)
{
	void *handle = dlopen(LIBS3_SONAME, RTLD_NOW | RTLD_LOCAL);

	thread_slot_make(&slot, context_free);
	beginning = mutex_new();
	if (!handle)
		trouble = g_strdup_printf("%s cannot be loaded (Debian: libs3-2): %s", LIBS3_SONAME,
					  dlerror());
	else if (find_functions(handle) &&
		 library.initialize("odrbackup", S3_INIT_ALL, NULL) != S3StatusOK)
		trouble = g_strdup_printf("%s does not start", LIBS3_SONAME);
}

const struct libs3_library *libs3_library(GError **error)
{
	once_run(&once, load);
	if (!trouble)
		return &library;
	odr_fail(error, ODR_ERROR_USAGE, "%s", trouble);
	return NULL;
}

void libs3_begin(void)
{
	mutex_lock(beginning);
}

void libs3_begun(void)
{
	mutex_unlock(beginning);
}

static struct context *own(void)
{
	struct context *context = thread_slot_get(&slot);

	if (context)
		return context;
	context = g_new0(struct context, 1);
	thread_slot_set(&slot, context);
	return context;
}

S3RequestContext *libs3_context(GError **error)
{
	struct context *context = own();

	if (context->context && context->owner == getpid())
		return context->context;
	context->owner = getpid();
	if (library.context_create(&context->context) == S3StatusOK)
		return context->context;
	context->context = NULL;
	odr_fail(error, ODR_ERROR_SYSTEM, "libs3 makes no context for requests");
	return NULL;
}

void libs3_context_end(void)
{
	struct context *context = own();

	if (context->context)
		library.context_destroy(context->context);
	context->context = NULL;
}
