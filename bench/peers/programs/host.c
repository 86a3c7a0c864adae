/* The programs on a processor with a C library and an operating system, or what plays that (qemu's user mode). */
#include "../round.h"
#include "works.h"

int
main(int argc, char **argv)
{
	const struct work *work = NULL;
	long ops;

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "work=", 5) == 0)
			work = find_work(argv[i] + 5);
	if (work == NULL)
		fail("There is no such work.");
	ready();
	while (next_round(&ops)) {
		double start = now_ns();
		uint32_t checksum = 0;

		for (long i = 0; i < ops; i++)
			checksum = work->run();
		printf("{\"time\":%.6f,\"checksum\":%u}\n", (now_ns() - start) / ops / 1e6, checksum);
	}
	return (0);
}
