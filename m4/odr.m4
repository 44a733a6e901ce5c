# ODR_FLAG(VARIABLE, FLAG): append FLAG to VARIABLE when compiler and linker take it without a warning.
AC_DEFUN([ODR_FLAG], [
	AC_MSG_CHECKING([whether $CC takes $2])
	odr_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes]); $1="$$1 $2"],
		[AC_MSG_RESULT([no])])
	CFLAGS=$odr_save_CFLAGS
])

# --enable-sanitizers[=LIST]
AC_DEFUN([ODR_SANITIZERS], [
	AC_ARG_ENABLE([sanitizers],
		[AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
			[compile with sanitizers: thread, or a list; without LIST address,undefined])],
		[], [enable_sanitizers=no])
	AS_CASE([$enable_sanitizers],
		[no], [odr_sanitizers=none],
		[yes], [odr_sanitizers=address,undefined],
		[odr_sanitizers=$enable_sanitizers])
])

# --enable-fault-injection: the fault points of base/fault.h; builds with sanitizers have them anyway.
AC_DEFUN([ODR_FAULTS], [
	AC_ARG_ENABLE([fault-injection],
		[AS_HELP_STRING([--enable-fault-injection],
			[for tests: let ODR_FAULT plant faults (implied by --enable-sanitizers)])],
		[], [enable_fault_injection=no])
	AS_IF([test "x$enable_fault_injection" = xyes || test "x$odr_sanitizers" != xnone],
		[AC_DEFINE([ODR_FAULT_INJECTION], [1], [Define to let ODR_FAULT plant faults])])
])

# --enable-fuzzing: libFuzzer programs with clang; other compilers replay the corpus only.
AC_DEFUN([ODR_FUZZING], [
	AC_ARG_ENABLE([fuzzing],
		[AS_HELP_STRING([--enable-fuzzing],
			[build tests/fuzz with libFuzzer when CC is clang; otherwise they replay their corpus only])],
		[], [enable_fuzzing=no])
	odr_fuzzing=$enable_fuzzing
	AS_IF([test "x$odr_fuzzing" = xyes], [
		AC_MSG_CHECKING([whether $CC has libFuzzer])
		odr_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -fsanitize=fuzzer"
		AC_LINK_IFELSE([AC_LANG_SOURCE([[
			#include <stddef.h>
			int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
			int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
			{
				return data == NULL && size != 0;
			}]])],
			[AC_MSG_RESULT([yes])],
			[AC_MSG_RESULT([no]); odr_fuzzing=replay])
		CFLAGS=$odr_save_CFLAGS
	])
	AS_IF([test "x$odr_fuzzing" = xyes && test "x$odr_sanitizers" = xnone],
		[odr_sanitizers=address,undefined])
	AC_SUBST([FUZZER_LIBS], [-fsanitize=fuzzer])
	AM_CONDITIONAL([LIBFUZZER], [test "x$odr_fuzzing" = xyes])
])

# WARNING_CFLAGS, HARDENING_CFLAGS, HARDENING_LDFLAGS, SANITIZER_FLAGS; the fortify level goes into config.h.
AC_DEFUN([ODR_COMPILER_FLAGS], [
	AC_ARG_ENABLE([werror],
		[AS_HELP_STRING([--enable-werror], [treat warnings as errors])],
		[], [enable_werror=no])
	odr_werror=$enable_werror

	ODR_FLAG([STANDARD_CFLAGS], [-std=gnu17])
	AS_IF([test -z "$STANDARD_CFLAGS"], [AC_MSG_ERROR([$CC does not know -std=gnu17])])
	AC_SUBST([STANDARD_CFLAGS])

	m4_foreach_w([flag], [
		-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
		-Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wmissing-declarations
		-Wvla -Wformat=2 -Wpointer-arith -Wwrite-strings -Wundef -Wredundant-decls -Wnested-externs
		-Wcast-align -Wdate-time -Wimplicit-fallthrough -Winit-self -Wduplicated-cond -Wlogical-op
		-Werror=implicit-function-declaration -Werror=incompatible-pointer-types -Werror=int-conversion
		-Werror=return-type
	], [ODR_FLAG([WARNING_CFLAGS], m4_defn([flag]))])
	AS_IF([test "x$odr_werror" = xyes], [WARNING_CFLAGS="$WARNING_CFLAGS -Werror"])
	AC_SUBST([WARNING_CFLAGS])

	ODR_FLAG([HARDENING_CFLAGS], [-fstack-protector-strong])
	ODR_FLAG([HARDENING_CFLAGS], [-fno-common])
	ODR_FLAG([HARDENING_CFLAGS], [-fPIE])
	m4_foreach_w([flag], [-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack],
		[ODR_FLAG([HARDENING_LDFLAGS], m4_defn([flag]))])

	SANITIZER_FLAGS=
	AS_IF([test "x$odr_sanitizers" != xnone], [
		ODR_FLAG([SANITIZER_FLAGS], [-fsanitize=$odr_sanitizers])
		AS_IF([test -z "$SANITIZER_FLAGS"],
			[AC_MSG_ERROR([$CC cannot compile with -fsanitize=$odr_sanitizers])])
		ODR_FLAG([SANITIZER_FLAGS], [-fno-omit-frame-pointer])
		ODR_FLAG([SANITIZER_FLAGS], [-fno-sanitize-recover=all])
		AC_DEFINE([ODR_SANITIZED], [1], [Define when compiled with sanitizers])
	])
	AS_IF([test "x$odr_fuzzing" = xyes], [SANITIZER_FLAGS="$SANITIZER_FLAGS -fsanitize=fuzzer-no-link"])
	AC_SUBST([HARDENING_CFLAGS])
	AC_SUBST([HARDENING_LDFLAGS])
	AC_SUBST([SANITIZER_FLAGS])

	AH_BOTTOM([
/* config.h is the first thing the compiler reads (-include), so this reaches the system headers. */
#if defined __OPTIMIZE__ && !defined _FORTIFY_SOURCE && !defined ODR_SANITIZED
# define _FORTIFY_SOURCE 2
#endif
])
])

# ODR_LIBRARY(PREFIX, MODULE, DEBIAN-PACKAGE)
AC_DEFUN([ODR_LIBRARY], [
	PKG_CHECK_MODULES([$1], [$2], [], [
		odr_missing="$odr_missing
    $2 (Debian: $3)"
		odr_missing_packages="$odr_missing_packages $3"
	])
])

# Every missing library is named before configure gives up.
AC_DEFUN([ODR_LIBRARIES], [
	m4_pattern_forbid([^PKG_CHECK_])
	PKG_PROG_PKG_CONFIG([0.29])
	AS_IF([test -z "$PKG_CONFIG"], [AC_MSG_ERROR([pkg-config is missing: apt-get install pkg-config])])
	odr_missing=
	odr_missing_packages=
	ODR_LIBRARY([GLIB], [glib-2.0 >= 2.66], [libglib2.0-dev])
	ODR_LIBRARY([LIBPQ], [libpq >= 13], [libpq-dev])
	ODR_LIBRARY([ZSTD], [libzstd >= 1.4.8], [libzstd-dev])
	ODR_LIBRARY([ARCHIVE], [libarchive >= 3.4], [libarchive-dev])
	ODR_LIBRARY([SODIUM], [libsodium >= 1.0.18], [libsodium-dev])
	ODR_LIBRARY([CRYPTO], [libcrypto >= 3.0], [libssl-dev])
	ODR_LIBRARY([XXHASH], [libxxhash >= 0.8.0], [libxxhash-dev])
	ODR_LIBRARY([SQLITE], [sqlite3 >= 3.34], [libsqlite3-dev])
	ODR_LIBRARY([CURL], [libcurl >= 7.88], [libcurl4-openssl-dev])
	ODR_LIBRARY([JANSSON], [jansson >= 2.13], [libjansson-dev])
	AS_IF([test -n "$odr_missing"], [AC_MSG_ERROR([libraries are missing:$odr_missing
  On Debian: apt-get install$odr_missing_packages])])
])

# --with-libs3: the second driver of buckets. It is not linked: what is found here is loaded by name when a repository is
# of that type. Two versions are known, told apart by the functions' arguments.
AC_DEFUN([ODR_LIBS3], [
	AC_ARG_WITH([libs3],
		[AS_HELP_STRING([--without-libs3], [leave out repositories of type libs3])],
		[], [with_libs3=check])
	odr_libs3=no
	AS_IF([test "x$with_libs3" != xno], [AC_CHECK_HEADER([libs3.h], [ODR_LIBS3_VERSION], [odr_libs3_why="there is no libs3.h"])])
	AS_IF([test "x$odr_libs3" = xno && test "x$with_libs3" = xyes],
		[AC_MSG_ERROR([no libs3: $odr_libs3_why (Debian: libs3-dev)])])
	AS_IF([test "x$odr_libs3" = xno && test "x$with_libs3" != xno],
		[AC_MSG_NOTICE([without repositories of type libs3: $odr_libs3_why (Debian: libs3-dev)])])
	AM_CONDITIONAL([LIBS3], [test "x$odr_libs3" != xno])
])

AC_DEFUN([ODR_LIBS3_VERSION], [
	AC_CHECK_TOOL([READELF], [readelf])
	AC_MSG_CHECKING([for a version of libs3 that is known])
	odr_libs3_api=
	ODR_LIBS3_CALLS([2], [])
	ODR_LIBS3_CALLS([4], [0,])
	AC_MSG_RESULT([${odr_libs3_api:-no}])
	AS_IF([test -z "$odr_libs3_api"], [odr_libs3_why="libs3.h is of a version that odrbackup does not know"], [
		AC_CHECK_MEMBER([S3BucketContext.authRegion],
			[AC_DEFINE([LIBS3_REGIONS], [1], [Define where libs3 signs by version 4, and knows session tokens])],
			[], [[#include <libs3.h>]])
		AC_MSG_CHECKING([for the name of the shared libs3])
		odr_save_LIBS=$LIBS
		LIBS="-ls3 $LIBS"
		odr_libs3_soname=
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <libs3.h>]], [[return S3_initialize("", S3_INIT_ALL, 0);]])],
			[odr_libs3_soname=`$READELF -d conftest$EXEEXT | tr -d '@<:@@:>@' | $SED -n 's/.*NEEDED.* \(libs3.*\)/\1/p'`])
		LIBS=$odr_save_LIBS
		AC_MSG_RESULT([${odr_libs3_soname:-none}])
		AS_IF([test -n "$odr_libs3_soname"], [
			AC_DEFINE_UNQUOTED([LIBS3_SONAME], ["$odr_libs3_soname"], [What is loaded for repositories of type libs3])
			odr_libs3=$odr_libs3_soname
		], [odr_libs3_why="libs3 is no shared library here"])
	])
])

# ODR_LIBS3_CALLS(VERSION, ARGUMENT): whether its functions are called so.
AC_DEFUN([ODR_LIBS3_CALLS], [
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <libs3.h>]], [[
			S3BucketContext bucket = {.hostName = "", .uriStyle = S3UriStylePath, .secretAccessKey = ""};
			S3PutProperties put = {.md5 = "", .expires = -1};
			S3RequestContext *context = 0;
			int remaining;
			S3_put_object(&bucket, "", (uint64_t)0, &put, context, $2 (const S3PutObjectHandler *)0, (void *)0);
			S3_get_object(&bucket, "", (const S3GetConditions *)0, (uint64_t)0, (uint64_t)0, context, $2
				(const S3GetObjectHandler *)0, (void *)0);
			S3_head_object(&bucket, "", context, $2 (const S3ResponseHandler *)0, (void *)0);
			S3_delete_object(&bucket, "", context, $2 (const S3ResponseHandler *)0, (void *)0);
			S3_list_bucket(&bucket, "", "", "", 1, context, $2 (const S3ListBucketHandler *)0, (void *)0);
			return S3_runonce_request_context(context, &remaining);]])],
		[odr_libs3_api=$1
		m4_ifval([$2], [AC_DEFINE([LIBS3_TIMEOUTS], [1], [Define where the functions of libs3 take a timeout])])])
])
