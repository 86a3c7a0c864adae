/*
 * mips: milliseconds for `work` on the host's processor: what the machine's programs of this name do
 * (bench/peers/rv32/), in C, by the same algorithms and of the same size. The checksum is the
 * programs' result.
 */
#include <stdint.h>

#include "../round.h"

#define	LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

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

static uint32_t
queens(void)
{
	return (place(0, 0, 0));
}

/* --- multiplications and strided loads --- */

static uint32_t
matmul(void)
{
	static uint32_t a[96][96], b[96][96];
	uint32_t result = 0;

	for (uint32_t i = 0; i < 96 * 96; i++) {
		a[i / 96][i % 96] = (7 * i + 1) & 255;
		b[i / 96][i % 96] = (13 * i + 5) & 255;
	}
	for (int row = 0; row < 96; row++)
		for (int column = 0; column < 96; column++) {
			uint32_t sum = 0;

			for (int k = 0; k < 96; k++)
				sum += a[row][k] * b[k][column];
			result = 31 * result + sum;
		}
	return (result);
}

/* --- unforeseeable branches --- */

static void
sift(uint32_t *words, uint32_t root, uint32_t end)
{
	uint32_t word = words[root], child;

	while ((child = 2 * root + 1) < end) {
		if (child + 1 < end && words[child] < words[child + 1])
			child++;
		if (word >= words[child])
			break;
		words[root] = words[child];
		root = child;
	}
	words[root] = word;
}

static uint32_t
heapsort_words(void)
{
	static uint32_t words[16384];
	uint32_t state = SHUFFLE_SEED, result = 0;

	for (uint32_t i = 0; i < LENGTH(words); i++)
		words[i] = xorshift32(&state);
	for (uint32_t root = LENGTH(words) / 2; root-- > 0;)
		sift(words, root, LENGTH(words));
	for (uint32_t end = LENGTH(words) - 1; end > 0; end--) {
		uint32_t largest = words[0];

		words[0] = words[end];
		words[end] = largest;
		sift(words, 0, end);
	}
	for (uint32_t i = 0; i < LENGTH(words); i++)
		result = 31 * result + words[i];
	return (result);
}

/* --- loads that wait for loads --- */

static uint32_t
list(void)
{
	static struct node { struct node *next; uint32_t value; } nodes[65536];
	const struct node *node = nodes;
	uint32_t sum = 0, odd = 0;

	for (uint32_t i = 0; i < LENGTH(nodes); i++) {
		uint32_t n = 29413 * i + 12345;

		nodes[i].next = &nodes[n % LENGTH(nodes)];
		nodes[i].value = n >> 7;
	}
	for (uint32_t i = 0; i < 16 * LENGTH(nodes); i++) {
		sum += node->value;
		odd += node->value & 1;
		node = node->next;
	}
	return (sum ^ odd);
}

/* --- probes of a table --- */

static uint32_t
hashtable(void)
{
	static uint32_t places[16384];
	uint32_t state = SHUFFLE_SEED, result = 0;

	memset(places, 0, sizeof(places));
	for (uint32_t key = 1; key <= 10000; key++) {
		uint32_t at = key * 2654435769u >> 18;

		for (; places[at] != 0; at = (at + 1) % LENGTH(places))
			result++;
		places[at] = key;
	}
	for (int i = 0; i < 200000; i++) {
		uint32_t key = xorshift32(&state) % 20000 + 1;
		uint32_t at = key * 2654435769u >> 18;

		for (; places[at] != key && places[at] != 0; at = (at + 1) % LENGTH(places))
			result++;
		if (places[at] == key)
			result = 31 * result + key;
	}
	return (result);
}

/* --- additions, rotations, exclusive ors --- */

static inline uint32_t
rotate(uint32_t x, int left)
{
	return (x << left | x >> (32 - left));
}

static uint32_t
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

static uint32_t
gcd(void)
{
	uint32_t state = SHUFFLE_SEED, sum = 0;

	for (int i = 0; i < 200000; i++) {
		uint32_t both = xorshift32(&state), a = both >> 16, b = both & 0xffff;

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

static uint32_t
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

static uint32_t
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

/* --- loads of bytes --- */

static uint32_t
life(void)
{
	static uint8_t boards[2][64][64];
	uint8_t (*now)[64] = boards[0], (*next)[64] = boards[1], (*old)[64];
	uint32_t state = SHUFFLE_SEED, result = 0;

	for (int i = 0; i < 64 * 64; i++)
		now[i / 64][i % 64] = xorshift32(&state) >> 31;
	for (int generation = 0; generation < 30; generation++) {
		for (int y = 0; y < 64; y++) {
			const uint8_t *above = now[(y + 63) % 64], *row = now[y];
			const uint8_t *below = now[(y + 1) % 64];

			for (int x = 0; x < 64; x++) {
				int l = (x + 63) % 64, r = (x + 1) % 64;
				int around = above[l] + above[x] + above[r] + row[l] + row[r] +
				    below[l] + below[x] + below[r];

				next[y][x] = (around | row[x]) == 3;
			}
		}
		old = now;
		now = next;
		next = old;
	}
	for (int i = 0; i < 64 * 64; i++)
		result = 31 * result + now[i / 64][i % 64];
	return (result);
}

/* --- the least of three --- */

#define	LETTERS		700

static uint32_t
distance(void)
{
	static uint8_t one[LETTERS], other[LETTERS];
	static uint32_t costs[LETTERS + 1];
	uint32_t state = SHUFFLE_SEED, before = 0;

	for (int i = 0; i < LETTERS; i++)
		one[i] = xorshift32(&state) >> 30;
	for (int i = 0; i < LETTERS; i++)
		other[i] = xorshift32(&state) >> 30;
	for (int i = 0; i <= LETTERS; i++)
		costs[i] = i;
	for (int i = 0; i < LETTERS; i++) {
		uint32_t diagonal = costs[0];

		before = costs[0] = i + 1;
		for (int j = 0; j < LETTERS; j++) {
			uint32_t above = costs[j + 1];

			if (one[i] == other[j])
				before = diagonal;
			else {
				if (diagonal < before)
					before = diagonal;
				if (above < before)
					before = above;
				before++;
			}
			costs[j + 1] = before;
			diagonal = above;
		}
	}
	return (before);
}

/* --- a jump through a table for each operation --- */

enum { OP_SET, OP_ADD, OP_SUB, OP_MUL, OP_AND, OP_COPY, OP_JUMP_IF, OP_JUMP_LESS, OP_HALT };

#define	WORD(op, a, b, number)	((op) | (a) << 8 | (b) << 12 | (uint32_t)(number) << 16)

static uint32_t
vm(void)
{
	static const uint32_t code[] = {
		WORD(OP_SET, 2, 0, 50000),
		WORD(OP_SET, 3, 0, 1),
		WORD(OP_SET, 4, 0, 181),
		WORD(OP_SET, 5, 0, 12345),
		WORD(OP_MUL, 1, 4, 0),
		WORD(OP_ADD, 1, 2, 0),
		WORD(OP_COPY, 6, 1, 0),
		WORD(OP_AND, 6, 5, 0),
		WORD(OP_JUMP_LESS, 6, 5, 1),
		WORD(OP_SUB, 1, 3, 0),
		WORD(OP_SUB, 2, 3, 0),
		WORD(OP_JUMP_IF, 2, 0, -8),
		WORD(OP_HALT, 1, 0, 0),
	};
	uint32_t registers[16] = { 0 };

	for (const uint32_t *pc = code;;) {
		uint32_t word = *pc++;
		uint32_t *a = &registers[word >> 8 & 15], b = registers[word >> 12 & 15];
		int32_t offset = (int32_t)word >> 16;

		switch (word & 255) {
		case OP_SET:
			*a = word >> 16;
			break;
		case OP_ADD:
			*a += b;
			break;
		case OP_SUB:
			*a -= b;
			break;
		case OP_MUL:
			*a *= b;
			break;
		case OP_AND:
			*a &= b;
			break;
		case OP_COPY:
			*a = b;
			break;
		case OP_JUMP_IF:
			pc += *a != 0 ? offset : 0;
			break;
		case OP_JUMP_LESS:
			pc += *a < b ? offset : 0;
			break;
		case OP_HALT:
			return (*a);
		}
	}
}

/* --- rounds --- */

static const struct work {
	const char *name;
	uint32_t (*run)(void);
} works[] = {
	{ "queens", queens },
	{ "matmul", matmul },
	{ "heapsort", heapsort_words },
	{ "list", list },
	{ "hashtable", hashtable },
	{ "cipher", cipher },
	{ "gcd", gcd },
	{ "collatz", collatz },
	{ "mandelbrot", mandelbrot },
	{ "life", life },
	{ "distance", distance },
	{ "vm", vm },
};

int
main(int argc, char **argv)
{
	const struct work *work = NULL;
	long ops;

	for (unsigned i = 0; i < LENGTH(works); i++)
		if (arg_is(argc, argv, "work", works[i].name))
			work = &works[i];
	if (work == NULL)
		fail("There is no such work.");
	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		uint32_t (*volatile run)(void) = work->run;	/* to be called each time */
		uint32_t checksum = 0;

		for (long i = 0; i < ops; i++)
			checksum = run();
		printf("{\"time\":%.6f,\"checksum\":%u}\n", (now_ns() - start) / ops / 1e6, checksum);
	}
	return (0);
}
