/* Programs that interpret: they jump or call where their data say. */
#include "works.h"

/* --- a jump through a table for each operation --- */

enum { OP_SET, OP_ADD, OP_SUB, OP_MUL, OP_AND, OP_COPY, OP_JUMP_IF, OP_JUMP_LESS, OP_HALT };

#define	WORD(op, a, b, number)	((op) | (a) << 8 | (b) << 12 | (uint32_t)(number) << 16)

uint32_t
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

/* --- expressions as functions that call functions --- */

struct expression {
	uint32_t (*value)(const struct expression *, const uint32_t *variables);
	const struct expression *left, *right;
	uint32_t number;
};

static uint32_t
value_of_number(const struct expression *e, const uint32_t *variables)
{
	(void)variables;
	return (e->number);
}

static uint32_t
value_of_variable(const struct expression *e, const uint32_t *variables)
{
	return (variables[e->number]);
}

static uint32_t
value_of_sum(const struct expression *e, const uint32_t *variables)
{
	return (e->left->value(e->left, variables) + e->right->value(e->right, variables));
}

static uint32_t
value_of_product(const struct expression *e, const uint32_t *variables)
{
	return (e->left->value(e->left, variables) * e->right->value(e->right, variables));
}

static uint32_t
value_of_both(const struct expression *e, const uint32_t *variables)
{
	return (e->left->value(e->left, variables) ^ e->right->value(e->right, variables));
}

static uint32_t
value_of_choice(const struct expression *e, const uint32_t *variables)
{
	const struct expression *chosen = variables[e->number] & 1 ? e->left : e->right;

	return (chosen->value(chosen, variables));
}

static const struct expression *
make_expression(struct expression **free_one, uint32_t *state, int depth)
{
	static uint32_t (*const inner[])(const struct expression *, const uint32_t *) = {
		value_of_sum, value_of_product, value_of_both, value_of_choice,
	};
	struct expression *e = (*free_one)++;
	uint32_t random = next_random(state);

	e->number = random >> 8 & 7;
	if (depth == 0) {
		e->value = random & 1 ? value_of_variable : value_of_number;
		e->left = e->right = NULL;
	} else {
		e->value = inner[random >> 16 & 3];
		e->left = make_expression(free_one, state, depth - 1);
		e->right = make_expression(free_one, state, depth - 1);
	}
	return (e);
}

uint32_t
closures(void)
{
	static struct expression expressions[512];
	struct expression *free_one = expressions;
	uint32_t state = RANDOM_SEED, result = 0, variables[8];
	const struct expression *root = make_expression(&free_one, &state, 8);

	for (int i = 0; i < 2000; i++) {
		for (int v = 0; v < 8; v++)
			variables[v] = next_random(&state);
		result = 31 * result + root->value(root, variables);
	}
	return (result);
}

/* --- objects of several classes, with tables of functions --- */

struct shape;

struct class {
	uint32_t (*area)(const struct shape *);
	void (*grow)(struct shape *, uint32_t by);
	int (*contains)(const struct shape *, int32_t x, int32_t y);
};

struct shape {
	const struct class *class;
	int32_t x, y;
	uint32_t width, height;
};

static uint32_t
box_area(const struct shape *s)
{
	return (s->width * s->height);
}

static uint32_t
disc_area(const struct shape *s)
{
	return (355 * s->width * s->width / 113);
}

static uint32_t
triangle_area(const struct shape *s)
{
	return (s->width * s->height / 2);
}

static void
box_grow(struct shape *s, uint32_t by)
{
	s->width = (s->width + by) & 1023;
	s->height = (s->height + 2 * by) & 1023;
}

static void
disc_grow(struct shape *s, uint32_t by)
{
	s->width = (s->width + by) & 1023;
}

static int
box_contains(const struct shape *s, int32_t x, int32_t y)
{
	return ((uint32_t)(x - s->x) < s->width && (uint32_t)(y - s->y) < s->height);
}

static int
disc_contains(const struct shape *s, int32_t x, int32_t y)
{
	int32_t dx = x - s->x, dy = y - s->y;

	return ((uint32_t)(dx * dx + dy * dy) < s->width * s->width);
}

static int
triangle_contains(const struct shape *s, int32_t x, int32_t y)
{
	return (box_contains(s, x, y) &&
	    (uint32_t)(x - s->x) * s->height + (uint32_t)(y - s->y) * s->width < s->width * s->height);
}

uint32_t
objects(void)
{
	static const struct class classes[] = {
		{ box_area, box_grow, box_contains },
		{ disc_area, disc_grow, disc_contains },
		{ triangle_area, box_grow, triangle_contains },
	};
	static struct shape shapes[1024];
	uint32_t state = RANDOM_SEED, result = 0;

	for (unsigned i = 0; i < LENGTH(shapes); i++) {
		uint32_t random = next_random(&state);

		shapes[i].class = &classes[random % LENGTH(classes)];
		shapes[i].x = random >> 8 & 1023;
		shapes[i].y = random >> 18 & 1023;
		shapes[i].width = random >> 3 & 255;
		shapes[i].height = random >> 11 & 255;
	}
	for (int round = 0; round < 100; round++) {
		int32_t x = next_random(&state) & 1023, y = next_random(&state) & 1023;

		for (unsigned i = 0; i < LENGTH(shapes); i++) {
			struct shape *s = &shapes[i];

			if (s->class->contains(s, x, y))
				s->class->grow(s, round);
			result += s->class->area(s);
		}
	}
	return (result);
}
