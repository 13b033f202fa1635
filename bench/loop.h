/* loop.h: runs a loop in as many threads and processes as gate has, and adds up its operations. */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOP_THREADS_MAX 64

/* Runs `count` threads. Each gets its number, from 0, and returns how many operations it did.
 * Returns their sum. */
static inline size_t
loop_in_threads(int count, void *(*loop)(void *number))
{
	pthread_t threads[LOOP_THREADS_MAX];
	size_t total = 0;

	for (int i = 0; i < count; i++)
		pthread_create(&threads[i], NULL, loop, (void *)(uintptr_t)i);
	for (int i = 0; i < count; i++) {
		void *done;

		pthread_join(threads[i], &done);
		total += (size_t)(uintptr_t)done;
	}
	return total;
}

/* Runs `work` in `count` processes. Returns the sum of their results; one that exits adds
 * nothing. */
static inline size_t
loop_in_processes(int count, size_t (*work)(void *data), void *data)
{
	size_t total = 0, part;
	int pipes[2];

	if (pipe(pipes) < 0)
		exit(1);
	for (int i = 0; i < count; i++)
		if (fork() == 0) {
			part = work(data);
			_exit(write(pipes[1], &part, sizeof part) != sizeof part);
		}
	close(pipes[1]);
	for (int i = 0; i < count; i++)
		if (read(pipes[0], &part, sizeof part) == sizeof part)
			total += part;
	close(pipes[0]);
	while (wait(NULL) > 0)
		;
	return total;
}

#endif
