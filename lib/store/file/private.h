/* store/file/private.h: what the files of the file store share. */
#ifndef GATE_STORE_FILE_PRIVATE_H
#define GATE_STORE_FILE_PRIVATE_H

#include <dirent.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "gate.h"
#include "crypto/id.h"
#include "crypto/sign.h"

#define GATE_STORE_FILE_NAME_MAX (128 + 6) /* bytes of "ID.json" with its NUL */
/* gate pads its own records to a multiple of this many bytes, so that most keep their size. */
#define GATE_STORE_FILE_PAD 256

struct gate_store_file_dir {
	int records, side, tmp, bumps, users; /* open: PATH, PATH/.gate; in it tmp/, bump/, user/ */
	bool sync;                            /* fsync what was written (option file_sync) */
	int64_t deadline;         /* ms that a call without a record may wait for a lock */
	int64_t ttl;              /* ms that a record lives whose cookie has no lifetime */
	atomic_bool plain_rename; /* the file system has no RENAME_EXCHANGE, and the log says so */
	char *path, *user_member;
	void (*index_all)(struct gate_store_file_dir *); /* called when user/ was made again */
	atomic_int_least64_t clock;  /* ms: the believed time less CLOCK_BOOTTIME; 0: unknown */
	atomic_int_least64_t looked; /* s of CLOCK_MONOTONIC: when free room was last looked at */
	atomic_int crowded; /* the result: 0 enough, 1 less than the reserve, 2 very little */
};

struct gate_store_file_was { /* what a record's file held, and the file itself, still open */
	int fd;
	dev_t device;
	ino_t inode;
	size_t length;
	char bytes[];
};

/* ---- store/file/folder.c: the folders ---- */

/* Opens a folder, and makes it if it is not there; *made says whether it did. Returns the
 * descriptor, which is yours, or -1 with errno set. */
int gate_store_file_open_folder(int parent, const char *name, bool *made);
/* Returns 1 if the records' folder is there, or -1 with the error set if somebody removed it: then
 * a record that is not found must not count as an ended session. */
int gate_store_file_check(const struct gate_store_file_dir *, struct gate_error *);
/* Call this after a call in .gate failed, with its errno. Makes folders again that somebody
 * removed, as cleaners of /tmp do. Returns true if it made any: try the call once more. Returns
 * false with errno set if none was missing, or one can't be made. */
bool gate_store_file_remade(struct gate_store_file_dir *);

/* ---- store/file/read.c ---- */

/* Reads the record's file under LOCK_SH, and unlocks it. Returns 1 with *was set, which is yours; 0
 * if there is no such file; GATE_UNREADABLE, and logs it, if the file is not a regular one, is
 * larger than a record may be, or gate may not read and write it; -1 with the error set. *was is
 * NULL unless it returns 1. deadline is in ms of CLOCK_MONOTONIC, here and below. */
int gate_store_file_read(struct gate_store_file_dir *, const char *id, int64_t deadline,
    struct gate_store_file_was **was, struct gate_error *);
/* Fills in the record from what was read. Returns 1, 0 if it is malformed, or -1 if memory ran
 * out. */
int gate_store_file_parse(const struct gate_store_file_was *, struct gate_record *);
/* Sets the error to the store's name, `what` and errno. Returns -1. */
int gate_store_file_fail(const struct gate_store_file_dir *, const char *what, struct gate_error *);

/* ---- store/file/record.c: as in struct gate_store ---- */

int gate_store_file_load(void *, const char *id, struct gate_record *, struct gate_error *);
void gate_store_file_release(struct gate_record *);
int gate_store_file_create(void *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_file_update(void *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_file_touch(void *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_file_remove(void *, const char *id, struct gate_record *, struct gate_error *);
/* Removes the file if it still is what was read; does not sync the folder. Returns 1, GATE_CONFLICT
 * if the file changed or is gone, or -1 with the error set. */
int gate_store_file_unlink(struct gate_store_file_dir *, const char *id,
    struct gate_store_file_was *, int64_t deadline, struct gate_error *);
void gate_store_file_free_was(struct gate_store_file_was *);

/* ---- store/file/kind.c ---- */

/* What a file in the folder is, from its content. */
enum gate_store_file_kind {
	GATE_STORE_FILE_SESSION, /* has a `cookie` object, even if the rest is torn */
	GATE_STORE_FILE_BLANK,   /* empty, or only white space and NULs */
	GATE_STORE_FILE_TORN,    /* the beginning of an object without a `cookie` */
	GATE_STORE_FILE_OTHER    /* neither gate's nor Node's */
};
enum gate_store_file_kind gate_store_file_kind_of(const char *text, size_t length);
/* Returns true if the first 1 MiB of the file are a session, or blank. For files that are larger
 * than a record may be. */
bool gate_store_file_begins_as_session(const struct gate_store_file_dir *, const char *name);
/* Logs a warning about a record. */
void gate_store_file_log(struct gate_store_file_dir *, const char *event, const char *id,
    const char *text); /* shows only the first 8 characters of id */

/* Calls flock every millisecond, at least once, until it succeeds or the deadline is over. Returns
 * 0, or -1 with errno set (ETIMEDOUT: the deadline is over). */
int gate_store_file_lock(int fd, int operation, int64_t deadline);

/* ---- store/file/swap.c ---- */

/* Takes LOCK_EX of the file that was read, and leaves the unlocking to the caller. Returns 1 if
 * `name` still is this file with this content, GATE_CONFLICT if not, or -1 with errno set. A caller
 * that also waits for its turn in the queue waits for the turn first, then for the lock. */
int gate_store_file_claim(struct gate_store_file_dir *, const char *name,
    const struct gate_store_file_was *, int64_t deadline);
/* Makes a new file of the record. Returns 1, 0 if the name is taken, or -1 with errno set. */
int gate_store_file_put_new(
    struct gate_store_file_dir *, const char *name, const char *text, size_t length);
/* Both write text only if the file still is what was read (record->was): replace puts a new file in
 * its place, overwrite writes into the file itself. Both return 1, GATE_CONFLICT if the file
 * changed or is gone, or -1 with errno set. Both leave the file locked. */
int gate_store_file_replace(struct gate_store_file_dir *, const char *name, const char *text,
    size_t length, const struct gate_record *);
int gate_store_file_overwrite(struct gate_store_file_dir *, const char *name, const char *text,
    const struct gate_record *); /* text has the length of what was read */

/* Writes the name of a record's file, ID.json. */
void gate_store_file_name(char name[GATE_STORE_FILE_NAME_MAX], const char *id);
/* Copies the id out of a file's name. Returns 1, or 0 if the name is not a valid id and .json. */
int gate_store_file_id(const char *name, char id[GATE_ID_MAX + 1]);

/* Opens a listing of the folder, by a descriptor of its own: closedir leaves `folder` open. Returns
 * it, which is yours, or NULL with errno set. */
DIR *gate_store_file_listing(int folder);
int64_t gate_store_file_modified(const struct stat *); /* ms since 1970 */

/* ---- store/file/index.c ---- */

/* Opens the folder with the ids of the user's sessions; with `make` true, makes it if it is not
 * there. Returns the descriptor, which is yours, or -1 with errno set. */
int gate_store_file_open_user(struct gate_store_file_dir *, const char *user, bool make);
/* Puts the id into the user's folder. Returns 0, or -1 with errno set. */
int gate_store_file_index(struct gate_store_file_dir *, const char *user, const char *id);
/* Returns true if the record has a user, and either the user's folder does not list the id or a
 * counter marks the id as ended, even a counter that has expired and is not swept yet. */
bool gate_store_file_is_stray(
    struct gate_store_file_dir *, const char *id, const struct gate_record *);
/* Returns true if a stray record is just being ended: its user's folder still lists it, and the
 * mark is younger than GATE_ENDING_TIME. It then counts as gone, but only the process that ends it
 * may remove it: a renewal succeeds only if it can remove the record that it read. */
bool gate_store_file_is_ending(
    struct gate_store_file_dir *, const char *id, const struct gate_record *);
/* Takes the id out of the user's folder; a failure is ignored. */
void gate_store_file_unindex(struct gate_store_file_dir *, const char *user, const char *id);
/* Puts each record that has a user into the user's folder. */
void gate_store_file_index_all(struct gate_store_file_dir *);
/* Removes ids whose record is gone, and empty folders. */
void gate_store_file_sweep_users(struct gate_store_file_dir *);

/* ---- store/file/counter.c ---- */

/* Removes counters that have expired. Beyond a million, removes those that expire next. */
void gate_store_file_sweep_counters(struct gate_store_file_dir *);

/* ---- store/file/clock.c ---- */

/* Compares this host's clock with its earlier readings and with the file system's clock. Returns 1,
 * or -1 with the error set if the clock was set and can't be believed yet. */
int gate_store_file_look_at_clock(struct gate_store_file_dir *, struct gate_error *);
void gate_store_file_sweep_clocks(struct gate_store_file_dir *); /* removes old notes */

/* ---- other functions of struct gate_store ---- */

int gate_store_file_time(void *, int64_t *now, struct gate_error *);
int gate_store_file_room(void *, const struct gate_options *, struct gate_error *);
int gate_store_file_bump(void *, const char *key, int64_t add, int64_t lifetime, struct gate_bump *,
    struct gate_error *);
int gate_store_file_each(
    void *, const char *user, gate_store_visit *, void *data, struct gate_error *);
int gate_store_file_newest(
    void *, const char *user, int most, gate_store_visit *, void *data, struct gate_error *);
int gate_store_file_sweep(void *, const struct gate_options *, struct gate_error *);
/* store/file/check.c: `check` of struct gate_store. */
int gate_store_file_report(void *, gate_check_report *, void *data, struct gate_error *);

#endif
