/* Programs that go through arrays. */
#include "works.h"

/* --- multiplications and strided loads --- */

uint32_t
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

uint32_t
heapsort_words(void)
{
	static uint32_t words[16384];
	uint32_t state = RANDOM_SEED, result = 0;

	for (uint32_t i = 0; i < LENGTH(words); i++)
		words[i] = next_random(&state);
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

uint32_t
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

uint32_t
hashtable(void)
{
	static uint32_t places[16384];
	uint32_t state = RANDOM_SEED, result = 0;

	memset(places, 0, sizeof(places));
	for (uint32_t key = 1; key <= 10000; key++) {
		uint32_t at = key * 2654435769u >> 18;

		for (; places[at] != 0; at = (at + 1) % LENGTH(places))
			result++;
		places[at] = key;
	}
	for (int i = 0; i < 200000; i++) {
		uint32_t key = next_random(&state) % 20000 + 1;
		uint32_t at = key * 2654435769u >> 18;

		for (; places[at] != key && places[at] != 0; at = (at + 1) % LENGTH(places))
			result++;
		if (places[at] == key)
			result = 31 * result + key;
	}
	return (result);
}

/* --- loads of bytes --- */

uint32_t
life(void)
{
	static uint8_t boards[2][64][64];
	uint8_t (*now)[64] = boards[0], (*next)[64] = boards[1], (*old)[64];
	uint32_t state = RANDOM_SEED, result = 0;

	for (int i = 0; i < 64 * 64; i++)
		now[i / 64][i % 64] = next_random(&state) >> 31;
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

uint32_t
distance(void)
{
	static uint8_t one[LETTERS], other[LETTERS];
	static uint32_t costs[LETTERS + 1];
	uint32_t state = RANDOM_SEED, before = 0;

	for (int i = 0; i < LETTERS; i++)
		one[i] = next_random(&state) >> 30;
	for (int i = 0; i < LETTERS; i++)
		other[i] = next_random(&state) >> 30;
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
