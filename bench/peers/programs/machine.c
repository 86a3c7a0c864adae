/*
 * The programs on our machine: `main NAME` does the work as often as the host has written into `repeats`, tells it that
 * the round is over, and begins the next when the machine runs on.
 */
#include <kthread_machine.h>

#include "works.h"

volatile uint32_t repeats, result;

int
main(int argc, char **argv)
{
	const struct work *work = argc > 1 ? find_work(argv[1]) : NULL;

	if (work == NULL) {
		puts("There is no such work.");
		return (2);
	}
	for (;;) {
		for (uint32_t left = repeats; left > 0; left--)
			result = work->run();
		sys_thread_report(1);
	}
}
