/* store/file/folder.c: opens the file store's folders, makes those in .gate again that somebody
 * removed, and looks for free room. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "options/options.h"
#include "store/file/private.h"

static bool
is_removed(int folder)
{
	struct stat st;

	return fstat(folder, &st) == 0 && st.st_nlink == 0;
}

int
gate_store_file_check(const struct gate_store_file_dir *dir, struct gate_error *error)
{
	struct stat st;

	if (fstat(dir->records, &st) == 0 && st.st_nlink > 0)
		return 1;
	return gate_fail(error, GATE_ESTORE,
	    "store file:%s: the folder was removed; make it and start again", dir->path);
}

int
gate_store_file_open_folder(int parent, const char *name, bool *made)
{
	*made = mkdirat(parent, name, 0700) == 0;
	if (!*made && errno != EEXIST)
		return -1;
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- made again ---- */

/* Makes a removed folder again, under the descriptor of the old one, which other threads may be
 * using. Returns 1 if it did, 0 if the folder was not removed, or -1 with errno set. */
static int
remake(struct gate_store_file_dir *dir, int parent, const char *name, int folder)
{
	bool made;
	int fresh, result;

	if (!is_removed(folder))
		return 0;
	fresh = gate_store_file_open_folder(parent, name, &made);
	if (fresh < 0)
		return -1;
	result = dup3(fresh, folder, O_CLOEXEC) < 0 ? -1 : 1;
	close(fresh);
	if (made)
		gate_log(GATE_LOG_WARN, "folder-made-again", "store", dir->path, "folder", name,
		    "error", "somebody removed it: a cleaner of old files must leave it alone",
		    NULL);
	if (made && folder == dir->users)
		dir->index_all(dir); /* before anybody looks for a user's sessions */
	return result;
}

bool
gate_store_file_remade(struct gate_store_file_dir *dir)
{
	const struct {
		int parent;
		const char *name;
		int folder;
	} folders[] = {{dir->records, ".gate", dir->side}, {dir->side, "tmp", dir->tmp},
	    {dir->side, "bump", dir->bumps}, {dir->side, "user", dir->users}};
	bool any = false;

	if (errno != ENOENT || is_removed(dir->records))
		return false;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		int result = remake(dir, folders[i].parent, folders[i].name, folders[i].folder);

		if (result < 0)
			return false;
		any |= result == 1;
	}
	errno = ENOENT;
	return any;
}

/* ---- room ---- */

#define RESERVE_SHARE 10 /* a small file system: keep at most a tenth of it free */
#define INODES_SHARE 100 /* keep a hundredth of the inodes free */
#define LITTLE 4 /* below a quarter of what is kept free, strangers may not even try passwords */

/* Returns the value of `crowded`: 0, 1 or 2. */
static int
crowd_of(const struct statvfs *fs, int64_t reserve)
{
	uint64_t unit = fs->f_frsize, share = fs->f_blocks / RESERVE_SHARE * unit;
	uint64_t bytes = (uint64_t)reserve < share ? (uint64_t)reserve : share;
	uint64_t files = fs->f_files / INODES_SHARE; /* 0: the file system doesn't count them */

	if (fs->f_bavail * unit >= bytes && fs->f_favail >= files)
		return 0;
	return fs->f_bavail * unit < bytes / LITTLE || fs->f_favail < files / LITTLE ? 2 : 1;
}

/* The first call in each second looks; the others return its result. */
int
gate_store_file_room(void *store, const struct gate_options *options, struct gate_error *error)
{
	struct gate_store_file_dir *dir = store;
	int64_t second = gate_clock_monotonic() / 1000;
	struct statvfs fs;

	if (options->store_reserve == 0)
		return 2;
	if (atomic_exchange(&dir->looked, second) != second && fstatvfs(dir->records, &fs) == 0)
		dir->crowded = crowd_of(&fs, options->store_reserve);
	if (dir->crowded == 0)
		return 2;
	gate_fail(error, GATE_ESTORE,
	    "store file:%s: only what store_reserve keeps free is left, so strangers are refused: "
	    "make room",
	    dir->path);
	return 2 - dir->crowded;
}
