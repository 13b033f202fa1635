/* test_store_file_fault.c: a disk that is full, read-only, not ours or gone, and no descriptors. */
#include "config.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "records.h"

#define NOBODY 65534

static struct fixture f;

/* More than the padding of "1" holds, so that the record must be written anew. */
static const char wide[] = "\"................................................................"
			   "................................................................"
			   "................................................................\"";

struct answers { /* of a store in trouble */
	int load, update_in_place, update, create, bump, remove, well;
	struct gate_error error; /* of the update */
};

/* Returns what the store answers while the trouble lasts. Prints nothing, since that may fail, too.
 * The record "fault" holds 1, and "gone" anything. */
static struct answers
ask(void)
{
	struct answers a = {0};
	struct gate_record record = blank(gate_clock_wall()), other = record;
	struct gate_error error = {0};
	struct gate_bump bump;

	a.load = gate_store_load(&f.link, "fault", NULL, &record, &error);
	a.update_in_place = a.update = a.load;
	if (a.load == 1)
		a.update = change(&f.link, "fault", &record, wide, &a.error);
	gate_store_release(&f.link, &record);
	if (a.load == 1 && gate_store_load(&f.link, "fault", NULL, &record, &error) == 1)
		a.update_in_place = change(&f.link, "fault", &record, "2", &error);
	gate_store_release(&f.link, &record);
	gate_record_set(&other, "n", "3");
	stamp(&other, HOUR);
	a.create = gate_store_create(&f.link, "new", &other, &error);
	gate_store_release(&f.link, &other);
	a.bump = gate_store_bump(&f.link, "a key that was never bumped", 1, HOUR, &bump, &error);
	a.remove = gate_store_remove(&f.link, "gone", NULL, &error);
	a.well = gate_store_try(&f.link, &f.options, &error) == NULL ? 1 : -1;
	return a;
}

/* As answered, each in one letter: 1, 0, c (conflict), - (failed). */
static void
answered(const struct answers *a, const char *wanted, const char *what)
{
	const int answers[] = {
	    a->load, a->update_in_place, a->update, a->create, a->bump, a->remove, a->well};
	char got[sizeof answers / sizeof *answers + 1] = "";

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		got[i] = answers[i] == 1          ? '1'
		    : answers[i] == 0             ? '0'
		    : answers[i] == GATE_CONFLICT ? 'c'
						  : '-';
	is(got, wanted, what);
	if (a->error.code != GATE_OK)
		printf("# %s\n", a->error.text);
}

static bool
begin(const char *url, const char *sync)
{
	if (!ok(open_fixture(&f, url, sync) == 0, "open %s, file_sync %s", url, sync)) {
		printf("# %s\n", f.error.text);
		return false;
	}
	put(&f.link, "fault", "1");
	put(&f.link, "gone", "1");
	return true;
}

static void
end(const char *path)
{
	close_fixture(&f);
	remove_tree(AT_FDCWD, path);
}

/* ---- limits ---- */

static void
test_file_size(const char *sync)
{
	struct rlimit old, none = {0};
	struct answers a;

	if (!begin("file:limited", sync))
		return;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	none.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &none);
	a = ask();
	setrlimit(RLIMIT_FSIZE, &old);
	answered(&a, "1----1-", "no byte may be written: writes fail, reads and removals go on");
	ok(strstr(a.error.text, "too large") != NULL, "and the error says why");
	is(stored(&f.link, "fault"), "1", "the record is what it was");
	is(stored(&f.link, "new"), "gone", "what could not be made is not there");
	ok(set(&f.link, "fault", wide) == 1, "and then it can be written again");
	end("limited");
}

static void
test_descriptors(void)
{
	struct rlimit old, none;
	struct answers a;

	if (!begin("file:limited", "no"))
		return;
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	a = ask();
	setrlimit(RLIMIT_NOFILE, &old);
	answered(&a, "-------", "no descriptor is free: every call fails");
	is(stored(&f.link, "fault"), "1", "the record is what it was");
	end("limited");
}

/* ---- somebody else's ---- */

static void
test_permissions(void)
{
	struct gate_record record;
	struct gate_error error = {0};
	struct answers a;
	uid_t me = geteuid();
	int loaded;

	if (!begin("file:theirs", "no"))
		return;
	if (chmod(scratch, 0755) < 0 || chmod("theirs/fault.json", 0) < 0 ||
	    chmod("theirs", 0) < 0 || seteuid(me ? me : NOBODY) < 0)
		exit(2);
	loaded = gate_store_load(
	    &f.link, "fault", 0, (record = blank(gate_clock_wall()), &record), &error);
	ok(seteuid(me) == 0 && loaded == -1 && strstr(error.text, "ermission denied") != NULL,
	    "a folder that we may not enter: an error, not the end of a session");
	if (chmod("theirs", 0755) < 0 || seteuid(me ? me : NOBODY) < 0)
		exit(2);
	loaded = gate_store_load(
	    &f.link, "fault", 0, (record = blank(gate_clock_wall()), &record), &error);
	ok(seteuid(me) == 0 && loaded == GATE_UNREADABLE,
	    "a record that we may not read: it is there, and left as it is");
	printf("# %s\n", error.text);
	if (chmod("theirs/fault.json", 0666) < 0 || chmod("theirs", 0555) < 0 ||
	    chmod("theirs/.gate", 0555) < 0 || chmod("theirs/.gate/tmp", 0555) < 0 ||
	    chmod("theirs/.gate/bump", 0555) < 0 || chmod("theirs/gone.json", 0666) < 0 ||
	    seteuid(me ? me : NOBODY) < 0)
		exit(2);
	a = ask();
	if (seteuid(me) < 0)
		exit(2);
	answered(&a, "11-----", "a folder that we may not write: only what is written in place");
	is(stored(&f.link, "fault"), "2", "and that is written");
	close_fixture(&f);
	if (me != 0)
		ok(true, "opening # SKIP only root can become somebody else");
	else if (seteuid(NOBODY) == 0) {
		loaded = open_fixture(&f, "file:theirs/deeper", "no");
		ok(seteuid(me) == 0 && loaded == -1 && f.error.code == GATE_ESTORE,
		    "a store that can't be made can't be opened");
		printf("# %s\n", f.error.text);
		close_fixture(&f);
	}
	chmod("theirs", 0755);
	remove_tree(AT_FDCWD, "theirs");
}

static void
test_removed(void)
{
	struct gate_record record;
	struct gate_error error = {0};
	struct answers a;

	if (!begin("file:removed", "no"))
		return;
	get(&f.link, "fault", &record);
	remove_tree(AT_FDCWD, "removed");
	ok(change(&f.link, "fault", &record, "2", &error) == GATE_CONFLICT,
	    "the folder was removed: conflict in the middle of it");
	gate_store_release(&f.link, &record);
	a = ask();
	answered(&a, "-------", "and then every call fails, so that nobody is logged out");
	ok(mkdir("removed", 0700) == 0 && get(&f.link, "fault", &record) == -1,
	    "a new one of that name is another one");
	end("removed");
}

/* ---- folders beside the records ---- */

/* Of somebody who is logged in. */
static int
put_of(struct gate_store_link *link, const char *id, const char *user)
{
	const struct gate_record_login login = {user, "192.0.2.1", NULL, gate_clock_wall(), 0};
	struct gate_cookie_attributes cookie = {.path = "/"};
	struct gate_record_policy policy = {.cookie = &cookie, .max_age = HOUR, .login = &login};
	struct gate_record record = blank(gate_clock_wall());
	struct gate_error error = {0};
	int result = -1;

	record.expires = record.now + HOUR;
	if (gate_record_stamp(&record, &policy, record.expires, record.now) == 0)
		result = gate_store_create(link, id, &record, &error);
	gate_store_release(link, &record);
	return result;
}

static int
count_visit(void *count, const char *id, struct gate_record *record)
{
	(void)id;
	(void)record;
	++*(int *)count;
	return 1;
}

static int
sessions_of(struct gate_store_link *link, const char *user)
{
	struct gate_error error = {0};
	int count = 0, result = link->table->each(link->store, user, count_visit, &count, &error);

	return result == 1 ? count : -1;
}

/* Somebody removes the folder; `other` opened the store as well, as another worker does. */
static void
test_missing(const char *folder, const char *sync)
{
	struct gate_store_link other;
	struct gate_error error = {0};
	struct gate_bump bump = {0};
	struct answers a;
	char path[64];

	if (!begin("file:cleaned", sync) || connect_store(&other, &f.options, &error) < 0)
		return;
	put_of(&f.link, "hers", "alice");
	snprintf(path, sizeof path, "cleaned/%s", folder);
	remove_tree(AT_FDCWD, path);
	ok(sessions_of(&other, "alice") == 1, "%s was removed: a user's session is still found",
	    folder);
	remove_tree(AT_FDCWD, path);
	a = ask();
	answered(&a, "1111111", "it is made again by whoever needs it");
	ok(sessions_of(&f.link, "alice") == 1, "a user's session is found");
	gate_store_bump(&f.link, "tries", 1, HOUR, &bump, &error);
	gate_store_bump(&other, "tries", 0, HOUR, &bump, &error);
	ok(bump.count == 1, "another worker reads the counter that this one made");
	ok(put_of(&other, "too", "alice") == 1 && sessions_of(&f.link, "alice") == 2 &&
		gate_store_try(&other, &f.options, &error) == NULL,
	    "and all is well with it");
	gate_store_close(&other);
	remove_tree(AT_FDCWD, path);
	ok(connect_store(&other, &f.options, &error) == 0 && sessions_of(&other, "alice") == 2,
	    "a program that starts without it finds them too");
	remove_tree(AT_FDCWD, path);
	f.options.sweep_interval = 0;
	ok(f.link.table->sweep(f.link.store, &f.options, &error) == 0 && access(path, F_OK) == 0,
	    "a sweep makes it again, needed or not");
	gate_store_close(&other);
	end("cleaned");
}

/* ---- a disk of its own ---- */

/* Mounts that nobody else sees, and that go with this process. */
static bool
own_mounts(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 && mkdir("disk", 0755) == 0 &&
	    mount("none", "disk", "tmpfs", 0, "size=128k,mode=755") == 0;
}

static void
fill_disk(void)
{
	static const char block[4096];
	int fd = open("disk/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	while (write(fd, block, sizeof block) > 0)
		;
	close(fd);
}

static void
test_full(const char *sync)
{
	struct gate_options options;
	struct gate_error error = {0};
	struct answers a;
	char id[32];

	if (!begin("file:disk/full", sync))
		return;
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof id, "expired-%d", i);
		put_at(&f.link, id, "1", gate_clock_wall() - 3 * HOUR, HOUR);
	}
	fill_disk();
	a = ask();
	answered(&a, strcmp(sync, "yes") == 0 ? "1----1-" : "11---1-",
	    "the disk is full: only what is written in place");
	ok(strstr(a.error.text, "No space left") != NULL, "and the error says why");
	is(stored(&f.link, "fault"), strcmp(sync, "yes") == 0 ? "1" : "2", "the record is whole");
	is(stored(&f.link, "new"), "gone", "what could not be made is not there");
	ok(put(&f.link, "fault", "1") < 1, "nor anything else");
	fill_disk();
	options = f.options;
	options.sweep_interval = 0;
	ok(f.link.table->sweep(f.link.store, &options, &error) == 5, "a full disk can be swept");
	ok(set(&f.link, "fault", wide) == 1, "and then written to");
	end("disk/full");
	unlink("disk/filler");
}

static void
test_read_only(void)
{
	struct answers a;

	if (!begin("file:disk/frozen", "no"))
		return;
	if (mount("none", "disk", NULL, MS_REMOUNT | MS_RDONLY, NULL) < 0)
		exit(2);
	a = ask();
	if (mount("none", "disk", NULL, MS_REMOUNT, "size=128k") < 0)
		exit(2);
	answered(&a, "-------", "a read-only disk: every call fails");
	is(stored(&f.link, "fault"), "1", "the record is what it was");
	end("disk/frozen");
}

/* ---- a file system that can't exchange: the kernel refuses renameat2 with flags ---- */

static bool
refuse_flags(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct plain { /* what the store answers without exchange */
	bool tried;
	int create, again, update, conflict, gone;
};

static int
use_plain_renames(int number, void *data)
{
	struct plain *p = data;
	struct gate_record record;
	struct gate_error error = {0};

	(void)number;
	p->tried = refuse_flags();
	if (!p->tried)
		return 0;
	p->create = put(&f.link, "plain", "1");
	p->again = put(&f.link, "plain", "2");
	p->update = set(&f.link, "plain", wide);
	get(&f.link, "plain", &record);
	set(&f.link, "plain", "3");
	p->conflict = change(&f.link, "plain", &record, "4", &error);
	gate_store_release(&f.link, &record);
	get(&f.link, "fault", &record);
	unlink("plain/fault.json");
	p->gone = change(&f.link, "fault", &record, wide, &error);
	gate_store_release(&f.link, &record);
	return 0;
}

static void
test_plain_renames(const char *sync)
{
	struct plain *p = shared_memory(sizeof *p);
	struct gate_record record;

	if (!begin("file:plain", sync))
		return;
	ok(in_processes(1, use_plain_renames, p), "a file system that can't exchange");
	if (!p->tried) {
		ok(true, "plain renames # SKIP the kernel has no system call filter");
	} else {
		ok(p->create == 1 && p->again == 0,
		    "create: by a link, and never over another one");
		ok(p->update == 1, "update: renamed over");
		ok(p->conflict == GATE_CONFLICT && p->gone == GATE_CONFLICT,
		    "changed or gone: conflict");
		is(stored(&f.link, "plain"), "3", "what was written is there");
		ok(get(&f.link, "fault", &record) == 0, "what was gone is");
		ok(rmdir("plain/.gate/tmp") == 0, "and nothing is left aside");
	}
	munmap(p, sizeof *p);
	end("plain");
}

int
main(void)
{
	static const char *const syncs[] = {"no", "yes"};
	bool mounts;

	enter_scratch();
	mounts = own_mounts();
	for (size_t i = 0; i < 2; i++) {
		test_file_size(syncs[i]);
		test_plain_renames(syncs[i]);
		if (mounts)
			test_full(syncs[i]);
	}
	test_descriptors();
	test_permissions();
	test_removed();
	for (size_t i = 0; i < 2; i++) {
		test_missing(".gate", syncs[i]);
		test_missing(".gate/tmp", syncs[i]);
		test_missing(".gate/bump", syncs[i]);
		test_missing(".gate/user", syncs[i]);
	}
	if (mounts)
		test_read_only();
	else
		ok(true, "a full and a read-only disk # SKIP only root can mount one");
	if (mounts)
		umount2("disk", MNT_DETACH);
	leave_scratch();
	return done();
}
