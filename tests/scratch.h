/* scratch.h: a scratch folder for a test, and a count of open descriptors. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define SCRATCH "/tmp/gate-test.XXXXXX" /* a template for mkdtemp(3) */

static inline void
make_scratch(char path[sizeof SCRATCH])
{
	snprintf(path, sizeof SCRATCH, "%s", SCRATCH);
	if (mkdtemp(path) == NULL) {
		perror("mkdtemp");
		exit(1);
	}
}

static inline void
drop_scratch(const char *path)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", path);
	if (system(command) != 0)
		printf("# %s remains\n", path);
}

static inline int
count_descriptors(void)
{
	DIR *listing = opendir("/proc/self/fd");
	int count = 0;

	while (listing != NULL && readdir(listing) != NULL)
		count++;
	if (listing != NULL)
		closedir(listing);
	return count;
}

#endif
