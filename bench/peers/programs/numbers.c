/* Programs that compute, with little or no memory. */
#include "works.h"

/* --- recursion --- */

#define	COLUMNS		2047u		/* eleven bits */

static uint32_t
place(uint32_t columns, uint32_t left, uint32_t right)
{
	uint32_t ways = 0;
	uint32_t open = COLUMNS & ~(columns | left | right);

	if (columns == COLUMNS)
		return (1);
	while (open != 0) {
		uint32_t bit = open & -open;

		open ^= bit;
		ways += place(columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return (ways);
}

uint32_t
queens(void)
{
	return (place(0, 0, 0));
}

/* --- additions, rotations, exclusive ors --- */

static inline uint32_t
rotate(uint32_t x, int left)
{
	return (x << left | x >> (32 - left));
}

uint32_t
cipher(void)
{
	static uint32_t keys[27], rest[30] = { 0x0b0a0908, 0x13121110, 0x1b1a1918 };
	uint32_t y = 0x7475432d, x = 0x3b726574, key = 0x03020100;

	for (uint32_t i = 0; i < LENGTH(keys); i++) {
		keys[i] = key;
		rest[i + 3] = (rotate(rest[i], 24) + key) ^ i;
		key = rotate(key, 3) ^ rest[i + 3];
	}
	for (uint32_t block = 20000; block > 0; block--) {
		y ^= block;
		for (uint32_t i = 0; i < LENGTH(keys); i++) {
			x = (rotate(x, 24) + y) ^ keys[i];
			y = rotate(y, 3) ^ x;
		}
	}
	return (y);
}

/* --- divisions --- */

uint32_t
gcd(void)
{
	uint32_t state = RANDOM_SEED, sum = 0;

	for (int i = 0; i < 200000; i++) {
		uint32_t both = next_random(&state), a = both >> 16, b = both & 0xffff;

		while (b != 0) {
			uint32_t rest = a % b;

			a = b;
			b = rest;
		}
		sum += a;
	}
	return (sum);
}

/* --- a branch for each number --- */

uint32_t
collatz(void)
{
	uint32_t longest = 0, begin = 0;

	for (uint32_t i = 1; i < 20000; i++) {
		uint32_t steps = 0;

		for (uint32_t n = i; n != 1; steps++)
			n = n & 1 ? 3 * n + 1 : n >> 1;
		if (steps > longest) {
			longest = steps;
			begin = i;
		}
	}
	return (begin + (longest << 16));
}

/* --- long multiplications --- */

/* The upper half of the product: from twice 28 bits behind the point to 24. */
static inline int32_t
mulh(int32_t a, int32_t b)
{
	return ((int64_t)a * b >> 32);
}

uint32_t
mandelbrot(void)
{
	uint32_t result = 0, ci = 0xf0000000;

	for (int line = 0; line < 64; line++, ci += 0x00800000) {
		uint32_t cr = 0xe0000000;

		for (int point = 0; point < 96; point++, cr += 0x00800000) {
			uint32_t zr = 0, zi = 0, left = 100;

			do {
				uint32_t rr = mulh(zr, zr), ii = mulh(zi, zi);

				if ((int32_t)(rr + ii) >= 0x04000000)
					break;
				zi = ((uint32_t)mulh(zr, zi) << 5) + ci;
				zr = ((rr - ii) << 4) + cr;
			} while (--left != 0);
			result = 31 * result + left;
		}
	}
	return (result);
}

/* --- a hash: rotations, and more values than registers --- */

static const uint32_t rounds[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void
sha256_block(uint32_t state[8], const uint8_t *bytes)
{
	uint32_t words[64], s[8];

	for (int i = 0; i < 16; i++)
		words[i] = (uint32_t)bytes[4 * i] << 24 | bytes[4 * i + 1] << 16 |
		    bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] +
		    (rotate(a, 25) ^ rotate(a, 14) ^ a >> 3) +
		    (rotate(b, 15) ^ rotate(b, 13) ^ b >> 10);
	}
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i++) {
		uint32_t one = s[7] + (rotate(s[4], 26) ^ rotate(s[4], 21) ^ rotate(s[4], 7)) +
		    ((s[4] & s[5]) ^ (~s[4] & s[6])) + rounds[i] + words[i];
		uint32_t two = (rotate(s[0], 30) ^ rotate(s[0], 19) ^ rotate(s[0], 10)) +
		    ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));

		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += one;
		s[0] = one + two;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

uint32_t
sha256(void)
{
	uint32_t state[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	uint8_t bytes[64] = { 0 };

	for (int block = 0; block < 800; block++) {
		for (int i = 0; i < 64; i++)
			bytes[i] ^= state[i % 8] >> (i / 8);
		sha256_block(state, bytes);
	}
	return (state[0] ^ state[7]);
}
