/* gate_shm.c: no file of libmongoc's stays in /dev/shm.
 *
 * The driver makes one as soon as a program that is linked with it starts, also where sessions are files,
 * and before main could say that it should not. The command becomes the user who owns a store, and may not
 * remove it then. So in the command the driver counts in memory that has no name. */
#include "config.h"

#include <sys/mman.h>

int
shm_open(const char *name, int flags, mode_t mode)
{
	(void)flags;
	(void)mode;
	return memfd_create(name, MFD_CLOEXEC);
}

int
shm_unlink(const char *name)
{
	(void)name;
	return 0;
}
