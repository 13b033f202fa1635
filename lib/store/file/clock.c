/* store/file/clock.c: decides which time the file store believes. A clock that is set ahead must
 * not end all sessions: so it is compared with its earlier readings, by CLOCK_BOOTTIME, and with
 * the clock of the file system, which may be another host's. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/file/private.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define NOTE_SIZE 96                      /* bytes of the file: "offset doubted since" */
#define NOTE_AGE (30 * INT64_C(86400000)) /* ms after which a note is of no use */
#define MOVED 1000   /* ms that the offset may move before the note is written again */
#define PATIENCE 100 /* ms to wait for the lock */

/* Writes the name of the note for this boot of this host: each boot has a CLOCK_BOOTTIME of its
 * own. */
static void
name_of(char name[64])
{
	char id[37] = "";
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, id, sizeof id - 1) : 0;

	if (fd >= 0)
		close(fd);
	id[n > 0 ? n : 0] = '\0';
	snprintf(name, 64, "clock.%.36s", n > 0 ? id : "unknown");
}

static void
read_note(int fd, struct gate_clock_watch *watch)
{
	char text[NOTE_SIZE + 1] = "";

	if (pread(fd, text, NOTE_SIZE, 0) <= 0 ||
	    sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &watch->offset, &watch->doubted,
		&watch->since) != 3)
		*watch = (struct gate_clock_watch){0};
	*watch = (struct gate_clock_watch){gate_clock_bound(watch->offset),
	    gate_clock_bound(watch->doubted), gate_clock_bound(watch->since)};
}

/* A failure is ignored: a later call writes the note. */
static void
write_note(int fd, const struct gate_clock_watch *watch)
{
	char text[NOTE_SIZE + 1];

	snprintf(text, sizeof text, "%-30" PRId64 " %-30" PRId64 " %-32" PRId64 "\n", watch->offset,
	    watch->doubted, watch->since);
	if (pwrite(fd, text, NOTE_SIZE, 0) < 0)
		return;
}

/* Reads the file system's clock by setting the file's time to now. */
static int
ask_file_system(int fd, int64_t *wall)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	struct stat st;

	if (futimens(fd, times) < 0 || fstat(fd, &st) < 0)
		return -1;
	*wall = gate_store_file_modified(&st);
	return 0;
}

static int
doubt(const struct gate_store_file_dir *dir, int64_t wall, int64_t boot, struct gate_error *error)
{
	int64_t off = wall - (dir->clock + boot);

	return gate_fail(error, GATE_ESTORE,
	    "store file:%s: the clock is %lld s %s: nothing is swept until it is right, or has "
	    "stood so for an hour",
	    dir->path, (long long)(off < 0 ? -off : off) / 1000, off < 0 ? "behind" : "ahead");
}

int
gate_store_file_look_at_clock(struct gate_store_file_dir *dir, struct gate_error *error)
{
	struct gate_clock_watch watch, before;
	int64_t there, here, boot;
	bool believed = true;
	char name[64];
	int fd;

	name_of(name);
	do {
		fd = openat(dir->side, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	} while (fd < 0 && gate_store_file_remade(dir));
	if (fd < 0)
		return 1; /* nothing to compare the clock with */
	if (gate_store_file_lock(fd, LOCK_EX, gate_clock_monotonic() + PATIENCE) == 0 &&
	    ask_file_system(fd, &there) == 0) {
		boot = gate_clock_boot();
		read_note(fd, &watch);
		before = watch;
		believed = gate_clock_believe(&watch, there, boot);
		if (before.doubted != 0 && believed)
			gate_log(GATE_LOG_WARN, "clock-believed", "store", dir->path, "why",
			    before.offset - watch.offset > GATE_CLOCK_APART ||
				    watch.offset - before.offset > GATE_CLOCK_APART
				? "it has stood for an hour"
				: "it is right again",
			    NULL);
		if (before.doubted != watch.doubted || before.offset - watch.offset > MOVED ||
		    watch.offset - before.offset > MOVED)
			write_note(fd, &watch);
		dir->clock = watch.offset;
	}
	close(fd);
	boot = gate_clock_boot();
	here = gate_clock_wall();
	if (!believed)
		return doubt(dir, there, boot, error);
	if (dir->clock != 0 &&
	    (here - dir->clock - boot > GATE_CLOCK_APART ||
		dir->clock + boot - here > GATE_CLOCK_APART))
		return doubt(dir, here, boot, error);
	return 1;
}

/* Removes the notes of earlier boots, and of hosts that are gone. */
void
gate_store_file_sweep_clocks(struct gate_store_file_dir *dir)
{
	DIR *listing = gate_store_file_listing(dir->side);
	struct dirent *entry;
	struct stat st;

	while (listing != NULL && (entry = readdir(listing)) != NULL)
		if (strncmp(entry->d_name, "clock.", 6) == 0 &&
		    fstatat(dir->side, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    gate_store_file_modified(&st) < gate_clock_wall() - NOTE_AGE)
			unlinkat(dir->side, entry->d_name, 0);
	if (listing != NULL)
		closedir(listing);
}

int
gate_store_file_time(void *store, int64_t *now, struct gate_error *error)
{
	const struct gate_store_file_dir *dir = store;

	(void)error;
	*now = dir->clock != 0 ? dir->clock + gate_clock_boot() : gate_clock_wall();
	return 1;
}
