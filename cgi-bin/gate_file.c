/* gate_file.c: files that the command changes for an administrator: whose they are, and become. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "gate_command.h"

int
gate_command_become_owner_around(const char *path, struct gate_error *error)
{
	char *real = realpath(path, NULL), *folder = gate_command_folder_of(path),
	     *real_folder = gate_command_folder_of(real != NULL ? real : path);
	int result = -1;

	if (folder == NULL || real_folder == NULL)
		gate_fail(error, GATE_EMEMORY, "out of memory");
	else if (gate_command_become_owner_of(folder, error) == 0)
		result = gate_command_become_owner_of(real_folder, error);
	free(real);
	free(folder);
	free(real_folder);
	return result;
}

int
gate_command_check_folder(const char *path, struct gate_error *error)
{
	char *folder = gate_command_folder_of(path);
	int result = 0;

	if (folder == NULL)
		result = gate_fail(error, GATE_EMEMORY, "out of memory");
	else if (access(folder, W_OK | X_OK) < 0)
		result = gate_fail_errno(
		    error, GATE_ESYSTEM, "%.100s can't be made: %.60s", path, folder);
	free(folder);
	return result;
}

/* Root still runs this only if root owns the folder: then the new file is root's, too. */
void
gate_command_say_owner(const char *path)
{
	if (geteuid() == 0)
		fprintf(stderr, "next: make the user that gate runs as the owner of %s\n", path);
}
