/* Programs that live on the C library: memory, strings, formatting, sorting. */
#include "works.h"

/* --- memory, and pointers into it --- */

struct leaf {
	struct leaf *smaller, *larger;
	uint32_t key, count;
};

static uint32_t
walk(struct leaf *leaf, uint32_t depth)
{
	uint32_t sum;

	if (leaf == NULL)
		return (0);
	sum = walk(leaf->smaller, depth + 1) + depth * leaf->key * leaf->count;
	sum = 31 * sum + walk(leaf->larger, depth + 1);
	free(leaf);
	return (sum);
}

uint32_t
tree(void)
{
	struct leaf *root = NULL;
	uint32_t state = RANDOM_SEED;

	for (int i = 0; i < 8000; i++) {
		uint32_t key = next_random(&state) >> 18;
		struct leaf **at = &root;

		while (*at != NULL && (*at)->key != key)
			at = key < (*at)->key ? &(*at)->smaller : &(*at)->larger;
		if (*at == NULL) {
			*at = malloc(sizeof(**at));
			(*at)->smaller = (*at)->larger = NULL;
			(*at)->key = key;
			(*at)->count = 0;
		}
		(*at)->count++;
	}
	return (walk(root, 1));
}

/* --- qsort and bsearch of what pointers lead to --- */

struct person {
	char name[12];
	uint32_t age, number;
};

static int
by_age(const void *one, const void *other)
{
	const struct person *a = *(const struct person *const *)one;
	const struct person *b = *(const struct person *const *)other;

	if (a->age != b->age)
		return (a->age < b->age ? -1 : 1);
	return (a->number < b->number ? -1 : a->number > b->number);
}

static int
by_name(const void *one, const void *other)
{
	const struct person *a = *(const struct person *const *)one;
	const struct person *b = *(const struct person *const *)other;
	int order = strcmp(a->name, b->name);

	return (order != 0 ? order : by_age(one, other));
}

uint32_t
sorting(void)
{
	static struct person people[2000];
	static struct person *order[LENGTH(people)];
	uint32_t state = RANDOM_SEED, result = 0;

	for (unsigned i = 0; i < LENGTH(people); i++) {
		for (int letter = 0; letter < 5; letter++)
			people[i].name[letter] = 'a' + (next_random(&state) >> 30);
		people[i].name[5] = '\0';
		people[i].age = next_random(&state) % 90;
		people[i].number = i;
		order[i] = &people[i];
	}
	qsort(order, LENGTH(order), sizeof(order[0]), by_age);
	for (unsigned i = 0; i < LENGTH(order); i++)
		result = 31 * result + order[i]->number;
	qsort(order, LENGTH(order), sizeof(order[0]), by_name);
	for (unsigned i = 0; i < LENGTH(people); i++) {
		const struct person *wanted = &people[i];
		struct person **found = bsearch(&wanted, order, LENGTH(order), sizeof(order[0]), by_name);

		result = 31 * result + (uint32_t)(found - order);
	}
	return (result);
}

/* --- lines that are formatted, kept, taken apart --- */

uint32_t
records(void)
{
	static const char *const kinds[] = { "disk", "network", "clock", "terminal", "memory" };
	char *lines[400];
	uint32_t state = RANDOM_SEED, result = 0;

	for (unsigned i = 0; i < LENGTH(lines); i++) {
		char line[96];
		uint32_t random = next_random(&state);

		snprintf(line, sizeof(line), "%s%u: level=%d at 0x%08x by %-8s %c", kinds[random % 5],
		    (unsigned)(random >> 4 & 7), (int)(random >> 8 & 255) - 128, (unsigned)random,
		    kinds[(random >> 3) % 5], (int)('A' + random % 26));
		lines[i] = malloc(strlen(line) + 1);
		strcpy(lines[i], line);
	}
	for (unsigned i = 0; i < LENGTH(lines); i++) {
		const char *level = strstr(lines[i], "level="), *at = strchr(lines[i], 'x');

		result = 31 * result + (uint32_t)strtol(level + 6, NULL, 10);
		result ^= (uint32_t)strtoul(at + 1, NULL, 16);
		if (strncmp(lines[i], "disk", 4) == 0)
			result += strlen(lines[i]);
		free(lines[i]);
	}
	return (result);
}

/* --- a text with nested lists: recursive descent --- */

struct text {
	const char *at;
	uint32_t depth, result;
};

static void
parse_value(struct text *text)
{
	switch (*text->at) {
	case '[':
		text->depth++;
		text->at++;
		while (*text->at != ']') {
			parse_value(text);
			if (*text->at == ',')
				text->at++;
		}
		text->at++;
		text->depth--;
		break;
	case '"':
		for (text->at++; *text->at != '"'; text->at++)
			text->result = 33 * text->result ^ (uint8_t)*text->at;
		text->at++;
		break;
	default: {
		uint32_t number = 0;

		for (; *text->at >= '0' && *text->at <= '9'; text->at++)
			number = 10 * number + (*text->at - '0');
		text->result += number * text->depth;
		break;
	}
	}
}

uint32_t
parsing(void)
{
	static char bytes[16384];
	uint32_t state = RANDOM_SEED, depth = 0;
	size_t length = 0;
	struct text text;

	bytes[length++] = '[';
	while (length < sizeof(bytes) - 64) {
		uint32_t random = next_random(&state);

		if ((random & 7) == 0 && depth < 10) {
			bytes[length++] = '[';
			depth++;
			continue;
		}
		if ((random & 7) == 1 && depth > 0) {
			bytes[length++] = ']';
			depth--;
		} else if (random & 1)
			for (uint32_t number = random >> 4 | 1; number != 0; number /= 16)
				bytes[length++] = '0' + number % 10;
		else {
			bytes[length++] = '"';
			for (uint32_t letters = random >> 28; letters > 0; letters--)
				bytes[length++] = 'a' + (next_random(&state) >> 28);
			bytes[length++] = '"';
		}
		bytes[length++] = ',';
	}
	while (depth-- > 0)
		bytes[length++] = ']';
	bytes[length++] = ']';
	bytes[length] = '\0';
	text.result = 0;
	for (int i = 0; i < 10; i++) {
		text.at = bytes;
		text.depth = 1;
		parse_value(&text);
	}
	return (text.result);
}

/* --- earlier bytes found again, copied back --- */

#define	PLAIN_BYTES	16384u
#define	MATCH_MIN	4u
#define	MATCH_MAX	67u

static uint32_t
hash_of(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return (word * 2654435761u >> 22);
}

static size_t
pack(uint8_t *to, const uint8_t *from, size_t bytes)
{
	uint16_t last[1024];
	size_t length = 0, at = 0;

	memset(last, 0, sizeof(last));
	while (at < bytes) {
		size_t match = 0;

		if (at + MATCH_MAX < bytes) {
			uint16_t *slot = &last[hash_of(from + at)];
			size_t candidate = *slot;

			if (candidate < at)
				while (match < MATCH_MAX && from[candidate + match] == from[at + match])
					match++;
			*slot = (uint16_t)at;
			if (match >= MATCH_MIN) {
				to[length++] = 1;
				to[length++] = (uint8_t)(candidate >> 8);
				to[length++] = (uint8_t)candidate;
				to[length++] = (uint8_t)match;
				at += match;
				continue;
			}
		}
		to[length++] = 0;
		to[length++] = from[at++];
	}
	return (length);
}

static size_t
unpack(uint8_t *to, const uint8_t *from, size_t bytes)
{
	size_t length = 0;

	for (size_t at = 0; at < bytes;) {
		if (from[at] == 0) {
			to[length++] = from[at + 1];
			at += 2;
			continue;
		}
		size_t candidate = (size_t)from[at + 1] << 8 | from[at + 2];

		for (unsigned i = 0; i < from[at + 3]; i++)
			to[length + i] = to[candidate + i];
		length += from[at + 3];
		at += 4;
	}
	return (length);
}

uint32_t
packing(void)
{
	static const char *const words[] = { "thread ", "sleeps ", "on ", "a ", "channel ", "and ", "wakes ", "\n" };
	static uint8_t plain[PLAIN_BYTES], packed[2 * PLAIN_BYTES], again[PLAIN_BYTES];
	uint32_t state = RANDOM_SEED;
	size_t length = 0, bytes;

	while (length < PLAIN_BYTES) {
		const char *word = words[next_random(&state) >> 29];
		size_t letters = strlen(word);

		if (letters > PLAIN_BYTES - length)
			letters = PLAIN_BYTES - length;
		memcpy(plain + length, word, letters);
		length += letters;
	}
	bytes = pack(packed, plain, PLAIN_BYTES);
	if (unpack(again, packed, bytes) != PLAIN_BYTES || memcmp(plain, again, PLAIN_BYTES) != 0)
		return (0);
	return ((uint32_t)bytes);
}
