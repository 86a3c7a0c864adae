/*
 * The programs on our machine: `main NAME` does the work as often as the host has written into `repeats`, which is 0
 * again then, and tells the host that it waits. (The machine stops some time after that.)
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
		while (repeats == 0)
			sys_thread_report(1);
		for (; repeats > 0; repeats--)
			result = work->run();
	}
}
