/* gate_group.c: gate group: lists and changes who is in which group. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "gate_command.h"
#include "user/groups.h"
#include "user/user.h"

struct job {
	struct gate_options options;
	struct gate_error error;
	struct gate_groups_edit edit;
};

static int
list(struct job *job)
{
	struct gate_groups *groups = gate_groups_open(job->options.groups, &job->error);
	struct gate_buffer text = {0};
	int result = groups != NULL ? gate_groups_print(groups, &text, &job->error) : -1;

	if (result == 0)
		fputs(gate_buffer_text(&text), stdout);
	gate_buffer_release(&text);
	gate_groups_close(groups);
	return result;
}

/* ---- changes ---- */

/* Warns of members who can't log in, as nobody has made them users: often that is a typing
 * error. */
static void
warn_of_unknown(struct job *job)
{
	struct gate_users *users = NULL;
	struct gate_error error = {0};
	char hash[GATE_HASH_MAX];
	int known = 1;

	if (*job->options.users == '\0')
		return;
	users = gate_users_open(job->options.users, &error);
	if (users != NULL)
		gate_users_set_timeouts(users, &job->options);
	for (size_t i = 0; users != NULL && i < job->edit.count && known >= 0; i++) {
		const char *name = job->edit.members[i].name;

		known = gate_users_find(users, name, hash, &error);
		if (known == 0)
			fprintf(
			    stderr, "gate: warning: there is no user %s: gate user add\n", name);
	}
	if (users == NULL || known < 0)
		fprintf(
		    stderr, "gate: warning: it was not checked who is a user: %s\n", error.text);
	explicit_bzero(hash, sizeof hash);
	gate_users_close(users);
}

static int
add(struct job *job)
{
	const char *path = job->options.groups;
	bool makes = access(path, F_OK) < 0;
	int result;

	if (makes && gate_command_check_folder(path, &job->error) < 0)
		return -1;
	result = gate_groups_change(path, &job->edit, &job->error);
	if (result < 0)
		return -1;
	for (size_t i = 0; i < job->edit.count; i++)
		printf("%s is in %s%s\n", job->edit.members[i].name, job->edit.group,
		    job->edit.members[i].there ? " already" : "");
	if (makes)
		gate_command_say_owner(path);
	warn_of_unknown(job);
	return 0;
}

static int
remove_users(struct job *job)
{
	const struct gate_groups_edit *edit = &job->edit;
	int result;

	job->edit.remove = true;
	result = gate_groups_change(job->options.groups, &job->edit, &job->error);
	if (result < 0)
		return -1;
	for (size_t i = 0; i < edit->count; i++) {
		const char *name = edit->members[i].name;

		if (result > 0)
			printf("%s is no longer in %s\n", name, edit->group);
		else if (!edit->members[i].there)
			return gate_fail(&job->error, GATE_EOPTION,
			    "%.60s is not in %.60s: nobody was removed", name, edit->group);
	}
	return 0;
}

/* ---- the command line ---- */

static const struct {
	const char *name;
	int (*run)(struct job *);
	bool named;
} jobs[] = {{"list", list, false}, {"add", add, true}, {"remove", remove_users, true}};

#define JOBS (sizeof jobs / sizeof *jobs)

/* Does this word of the command line belong to the options? A name may begin with one dash. */
static bool
is_option(const char *word)
{
	return strncmp(word, "--", 2) == 0 || strcmp(word, "-c") == 0;
}

/* Takes group and users, which stand before all options. Returns how many words these are: 0, if
 * one is missing; -1: no memory. */
static int
take_names(struct job *job, int argc, char **argv)
{
	int words = 0;

	while (words < argc && !is_option(argv[words]))
		words++;
	if (words < 2)
		return 0;
	job->edit.group = argv[0];
	job->edit.count = (size_t)words - 1;
	job->edit.members = calloc(job->edit.count, sizeof *job->edit.members);
	for (size_t i = 0; job->edit.members != NULL && i < job->edit.count; i++)
		job->edit.members[i].name = argv[i + 1];
	return job->edit.members != NULL ? words : -1;
}

/* Checks the names before anything is made. */
static int
check(struct job *job)
{
	const char *group = job->edit.group, *why;

	if (*job->options.groups == '\0')
		return gate_fail(&job->error, GATE_EOPTION,
		    "no groups: say groups = FILE in gate.conf, or --groups=FILE");
	if (group == NULL)
		return 0;
	why = gate_group_name_refusal(group, strlen(group));
	if (why != NULL)
		return gate_fail(&job->error, GATE_EOPTION, "the group's name %s", why);
	for (size_t i = 0; i < job->edit.count; i++) {
		const char *name = job->edit.members[i].name;

		why = gate_group_member_refusal(name, strlen(name));
		if (why != NULL)
			return gate_fail(&job->error, GATE_EOPTION, "the user's name %s", why);
	}
	return 0;
}

int
gate_command_group(int argc, char **argv)
{
	struct job job = {.edit = {.group = NULL}};
	int taken = 0, result = -1;
	size_t i = 0;

	while (argc > 1 && i < JOBS && strcmp(jobs[i].name, argv[1]) != 0)
		i++;
	if (argc < 2 || i == JOBS)
		return gate_command_usage("gate group needs list, add or remove%s%.40s",
		    argc > 1 ? ", not " : "", argc > 1 ? argv[1] : "");
	if (jobs[i].named && (taken = take_names(&job, argc - 2, argv + 2)) == 0)
		return gate_command_usage(
		    "gate group %s needs a group and users, before all that begins with --",
		    argv[1]);
	if (taken < 0)
		gate_fail(&job.error, GATE_EMEMORY, "out of memory");
	else if (gate_command_options(
		     &job.options, argc - 1 - taken, argv + 1 + taken, &job.error) == 0 &&
	    check(&job) == 0 &&
	    gate_command_become_owner_around(job.options.groups, &job.error) == 0)
		result = jobs[i].run(&job);
	free(job.edit.members);
	gate_options_release(&job.options);
	return result < 0 ? gate_command_fail(&job.error) : GATE_COMMAND_DONE;
}
