/* replay.c: runs a fuzz target over the files of its corpus, where there is no libFuzzer. */
#include "config.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	size_t size;
	FILE *file;
	long end;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) < 0 || (end = ftell(file)) < 0)
		return -1;
	rewind(file);
	data = malloc((size_t)end + 1); /* exactly so long: a sanitizer sees a byte too far */
	size = data != NULL ? fread(data, 1, (size_t)end, file) : 0;
	fclose(file);
	if (data != NULL)
		LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

/* replay FOLDER: how many files it ran, on standard output. */
int
main(int argc, char **argv)
{
	DIR *folder = argc > 1 ? opendir(argv[1]) : NULL;
	struct dirent *entry;
	int count = 0;

	if (folder == NULL) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.' && replay(argv[1], entry->d_name) == 0)
			count++;
	closedir(folder);
	printf("%d\n", count);
	return 0;
}
