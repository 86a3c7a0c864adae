/* All programs by their names. */
#include "works.h"

static const struct work works[] = {
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
	{ "sha256", sha256 },
	{ "closures", closures },
	{ "objects", objects },
	{ "tree", tree },
	{ "sorting", sorting },
	{ "records", records },
	{ "parsing", parsing },
	{ "packing", packing },
};

const struct work *
find_work(const char *name)
{
	for (unsigned i = 0; i < LENGTH(works); i++)
		if (strcmp(works[i].name, name) == 0)
			return (&works[i]);
	return (NULL);
}
