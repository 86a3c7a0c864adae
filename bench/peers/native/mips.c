/*
 * mips: milliseconds for `work` on the host's processor: what the machine's RV32IMA programs do,
 * in C, by the same algorithms and of the same size.
 */
#include <stdint.h>

#include "../round.h"

#define	FIB_N		27
#define	SIEVE_LIMIT	1000000
#define	CRC_BYTES	1000000
#define	COUNT		10000000

/* The Fibonacci number by plain recursion: calls and returns. */
static unsigned __attribute__((noinline))
fib(unsigned n)
{
	return (n < 2 ? n : fib(n - 1) + fib(n - 2));
}

/* The primes below SIEVE_LIMIT, counted by Eratosthenes' sieve of bytes: stores, and loads. */
static unsigned
sieve(void)
{
	static uint8_t composite[SIEVE_LIMIT];
	unsigned primes = 0;

	memset(composite, 0, sizeof(composite));
	for (unsigned i = 2; i < SIEVE_LIMIT; i++) {
		if (composite[i])
			continue;
		primes++;
		for (unsigned j = 2 * i; j < SIEVE_LIMIT; j += i)
			composite[j] = 1;
	}
	return (primes);
}

/* CRC-32 of the bytes 0, 1, ... 255, 0, ..., a table look-up a byte. */
static uint32_t
crc32(void)
{
	static uint32_t table[256];
	static uint8_t bytes[CRC_BYTES];
	uint32_t crc = 0xffffffffu;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[i] = c;
	}
	for (unsigned i = 0; i < CRC_BYTES; i++)
		bytes[i] = i;
	for (unsigned i = 0; i < CRC_BYTES; i++)
		crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
	return (~crc);
}

/* An empty loop: one addition and one branch a turn, which the compiler must not remove. */
static unsigned
count(void)
{
	unsigned n = 0;

	while (n < COUNT) {
		n++;
		__asm__ volatile("" : "+r"(n));
	}
	return (n);
}

static unsigned
run(int argc, char **argv)
{
	if (arg_is(argc, argv, "work", "fib"))
		return (fib(FIB_N));
	if (arg_is(argc, argv, "work", "sieve"))
		return (sieve());
	if (arg_is(argc, argv, "work", "crc32"))
		return (crc32());
	return (count());
}

int
main(int argc, char **argv)
{
	long ops;

	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		unsigned result = 0;

		for (long i = 0; i < ops; i++)
			result = run(argc, argv);
		printf("{\"time\":%.6f,\"result\":%u}\n", (now_ns() - start) / ops / 1e6, result);
	}
	return (0);
}
