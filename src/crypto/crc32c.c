#include "crypto/digest.h"

#include "base/thread.h"

#include <glib.h>
#include <string.h>
#if defined __x86_64__
# include <nmmintrin.h>
#elif defined __ARM_FEATURE_CRC32
# include <arm_acle.h>
#endif

/* Polynomials over GF(2) modulo Castagnoli's, bits reflected: bit 31 is the coefficient of x^0. */
#define POLYNOMIAL 0x82f63b78

static uint32_t times_x(uint32_t a)
{
	return (a >> 1) ^ (POLYNOMIAL & -(a & 1));
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a; a <<= 1, b = times_x(b))
		product ^= b & -(a >> 31);
	return product;
}

/* x^(2^k); x^(2^31) is x again. */
#define POWERS 31
static const uint32_t powers[POWERS] = {
	0x40000000, 0x20000000, 0x08000000, 0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c,
	0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16,
	0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc, 0xfe7740e6, 0xf946610b,
	0x3c204f8f, 0x538586e3, 0x59726915, 0x734d5309, 0xbc1ac763, 0x7d0722cc, 0xd289cabe,
	0xe94ca9bc, 0x05b74f3f, 0xa51e1f42};

/* What length zero bytes do to a state: it is multiplied by x^(8 * length). */
static uint32_t shift(uint32_t state, uint64_t length)
{
	for (unsigned k = 3; length; length >>= 1, k++)
		if (length & 1)
			state = multiply(powers[k % POWERS], state);
	return state;
}

static uint64_t load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return GUINT64_FROM_LE(value);
}

/* Eight bytes at a step: tables[n][byte] is what the byte does to a state n bytes later. */
static uint32_t tables[8][256];
static struct once tables_once = {ONCE_INIT};

static void tables_make(void)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		tables[0][byte] = multiply(powers[3], byte);
		for (unsigned n = 1; n < 8; n++)
			tables[n][byte] = multiply(powers[3], tables[n - 1][byte]);
	}
}

uint32_t crc32c_update_portable(uint32_t state, const void *data, size_t size)
{
	const uint8_t *at = data;

	once_run(&tables_once, tables_make);
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word = load64(at) ^ state;

		state = 0;
		for (unsigned n = 0; n < 8; n++)
			state ^= tables[7 - n][word >> (8 * n) & 0xff];
	}
	for (; size; at++, size--)
		state = tables[0][(state ^ *at) & 0xff] ^ (state >> 8);
	return state;
}

#if defined __x86_64__ || defined __ARM_FEATURE_CRC32

# if defined __x86_64__
#  define HARDWARE	   __attribute__((target("sse4.2")))
#  define STEP(state, at)  ((uint32_t)_mm_crc32_u64(state, load64(at)))
#  define STEP1(state, at) _mm_crc32_u8(state, *(at))
# else
#  define HARDWARE
#  define STEP(state, at)  __crc32cd(state, load64(at))
#  define STEP1(state, at) __crc32cb(state, *(at))
# endif

/* The instruction takes three cycles, but one can begin in each: three lanes, then joined. */
# define LANE 4096

HARDWARE static uint32_t update_hardware(uint32_t state, const uint8_t *at, size_t size)
{
	for (; size >= 3 * LANE; at += 3 * LANE, size -= 3 * LANE) {
		uint32_t second = 0, third = 0;

		for (const uint8_t *a = at; a < at + LANE; a += 8) {
			state = STEP(state, a);
			second = STEP(second, a + LANE);
			third = STEP(third, a + 2 * LANE);
		}
		second ^= shift(state, LANE);
		state = third ^ shift(second, LANE);
	}
	for (; size >= 8; at += 8, size -= 8)
		state = STEP(state, at);
	for (; size; at++, size--)
		state = STEP1(state, at);
	return state;
}

#endif

uint32_t crc32c_update(uint32_t state, const void *data, size_t size)
{
#if defined __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return update_hardware(state, data, size);
#elif defined __ARM_FEATURE_CRC32
	return update_hardware(state, data, size);
#endif
	return crc32c_update_portable(state, data, size);
}

uint32_t crc32c_init(void)
{
	return UINT32_MAX;
}

uint32_t crc32c_value(uint32_t state)
{
	return ~state;
}
