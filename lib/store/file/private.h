/* store/file/private.h: what the files of the file store share: records, and what lies beside them. */
#ifndef GATE_STORE_FILE_PRIVATE_H
#define GATE_STORE_FILE_PRIVATE_H

#include <dirent.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "gate.h"
#include "crypto/id.h"
#include "crypto/sign.h"

#define GATE_STORE_FILE_NAME_MAX (128 + 6) /* id.json and a NUL */
#define GATE_STORE_FILE_PAD                                                                        \
	256 /* our records are padded to a multiple, so that they keep their size */

struct gate_store_file_dir {
	int records, side, tmp, bumps, users; /* open: PATH, PATH/.gate; tmp/, bump/, user/ in it */
	bool sync;
	int64_t deadline; /* ms that a call without a record may wait for a lock */
	int64_t ttl;
	atomic_bool plain_rename; /* the file system knows no RENAME_EXCHANGE */
	char *path, *user_member;
	void (*index_all)(struct gate_store_file_dir *); /* when user/ had to be made again */
	atomic_int_least64_t clock;  /* of the wall less CLOCK_BOOTTIME, as believed; 0: unknown */
	atomic_int_least64_t looked; /* the second in which there was a look at the room */
	atomic_int crowded; /* what it found: 0 enough, 1 less than the reserve, 2 little */
};

struct gate_store_file_was { /* what a record's file held, and the file itself, still open */
	int fd;
	dev_t device;
	ino_t inode;
	size_t length;
	char bytes[];
};

/* ---- store/file/folder.c: the folders ---- */

/* Makes it if need be. A descriptor, yours; -1 with errno. */
int gate_store_file_open_folder(int parent, const char *name, bool *made);
/* Nothing is found in a folder that was removed: that is a failure, and no session's end. 1, -1. */
int gate_store_file_check(const struct gate_store_file_dir *, struct gate_error *);
/* After a call in .gate that failed: was its folder removed, as cleaners of /tmp do? Makes again
 * what is missing. True: try once more; false, with errno: that was not it, or it can't be made. */
bool gate_store_file_remade(struct gate_store_file_dir *);

/* ---- store/file/read.c ---- */

/* Reads id's file under LOCK_SH, which it gives back. 1: *was is yours; 0: there is none;
 * GATE_UNREADABLE: it is no regular file, larger than a record may be, or not ours to read (logged,
 * *was NULL); -1. */
int gate_store_file_read(struct gate_store_file_dir *, const char *id, int64_t deadline,
    struct gate_store_file_was **was, struct gate_error *);
/* Fills the record in. 1; 0: malformed; -1. */
int gate_store_file_parse(const struct gate_store_file_was *, struct gate_record *);
/* -1, with the store's name, what and errno as the error. */
int gate_store_file_fail(const struct gate_store_file_dir *, const char *what, struct gate_error *);

/* ---- store/file/record.c: as in struct gate_store ---- */

int gate_store_file_load(void *, const char *id, struct gate_record *, struct gate_error *);
void gate_store_file_release(struct gate_record *);
int gate_store_file_create(void *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_file_update(void *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_file_touch(void *, const char *id, struct gate_record *, struct gate_error *);
int gate_store_file_remove(void *, const char *id, struct gate_record *, struct gate_error *);
/* Unlinks the file unless it changed since it was read, and does not sync the folder. 1;
 * GATE_CONFLICT: changed or gone; -1. */
int gate_store_file_unlink(struct gate_store_file_dir *, const char *id,
    struct gate_store_file_was *, int64_t deadline, struct gate_error *);
void gate_store_file_free_was(struct gate_store_file_was *);

/* store/file/kind.c */
enum gate_store_file_kind {
	GATE_STORE_FILE_SESSION, /* holds a `cookie` object, whatever stands behind it */
	GATE_STORE_FILE_BLANK,
	GATE_STORE_FILE_TORN, /* the beginning of an object */
	GATE_STORE_FILE_OTHER /* is not ours, nor Node's */
};
enum gate_store_file_kind gate_store_file_kind_of(const char *text, size_t length);
/* Is it one, empty or torn? Of a file that can't be read as a record. */
bool gate_store_file_begins_as_session(const struct gate_store_file_dir *, const char *name);
void gate_store_file_log(struct gate_store_file_dir *, const char *event, const char *id,
    const char *text); /* shows the beginning of the id only */

/* flock, tried every millisecond until the deadline. 0 or -1 with errno. */
int gate_store_file_lock(int fd, int operation, int64_t deadline);

/* store/file/swap.c. Takes the file's lock. 1: name still is what was read; GATE_CONFLICT: it is
 * not, or not any more; -1 with errno. Whoever waits for a turn, too, waits for that first. */
int gate_store_file_claim(struct gate_store_file_dir *, const char *name,
    const struct gate_store_file_was *, int64_t deadline);
/* The three that write: 1; put_new 0: the name is taken, others GATE_CONFLICT; -1 with errno.
 * Those that claim what was read leave the lock to the caller. */
int gate_store_file_put_new(
    struct gate_store_file_dir *, const char *name, const char *text, size_t length);
int gate_store_file_replace(struct gate_store_file_dir *, const char *name, const char *text,
    size_t length, const struct gate_record *);
int gate_store_file_overwrite(struct gate_store_file_dir *, const char *name, const char *text,
    const struct gate_record *); /* text has the length of what was read */

/* Of a record's file. */
void gate_store_file_name(char name[GATE_STORE_FILE_NAME_MAX], const char *id);
/* The id in a name that ends in .json. 1; 0: the name is no record's. */
int gate_store_file_id(const char *name, char id[GATE_ID_MAX + 1]);

DIR *gate_store_file_listing(int folder); /* of its own; NULL with errno */
int64_t gate_store_file_modified(const struct stat *);

/* ---- store/file/index.c ---- */

/* Opens the folder of the user's ids; make: makes it where there is none. A descriptor, yours; -1 with
 * errno. */
int gate_store_file_open_user(struct gate_store_file_dir *, const char *user, bool make);
/* Puts the id into it. 0 or -1 with errno. */
int gate_store_file_index(struct gate_store_file_dir *, const char *user, const char *id);
/* Is somebody logged in by it whose list does not name it, or was it ended some time? */
bool gate_store_file_is_stray(
    struct gate_store_file_dir *, const char *id, const struct gate_record *);
/* Is that because somebody ends it just now? It is dead, and his to remove: a renewal goes by whether
 * it found what it had read. */
bool gate_store_file_is_ending(
    struct gate_store_file_dir *, const char *id, const struct gate_record *);
void gate_store_file_unindex(struct gate_store_file_dir *, const char *user, const char *id);
void gate_store_file_index_all(struct gate_store_file_dir *); /* whoever is logged in */
void gate_store_file_sweep_users(struct gate_store_file_dir *);

/* store/file/counter.c. Removes those that are over, and those over the limit. */
void gate_store_file_sweep_counters(struct gate_store_file_dir *);

/* store/file/clock.c. 1; -1: the host's clock is not to be believed. */
int gate_store_file_look_at_clock(struct gate_store_file_dir *, struct gate_error *);
void gate_store_file_sweep_clocks(struct gate_store_file_dir *);
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
