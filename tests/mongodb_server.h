/* mongodb_server.h: starts a MongoDB server for a test program; it ends with the program. */
#ifndef MONGODB_SERVER_H
#define MONGODB_SERVER_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MONGODB_URI_MAX 256

/* Runs tests/mongodb-server, and copies the first line it prints to uri. Returns 1, or 0 if no
 * server is installed. If a server fails to start, ends the program. */
static inline int
run_mongodb_server(char uri[MONGODB_URI_MAX], const char *arguments)
{
	const char *source = getenv("top_srcdir");
	char command[1024];
	FILE *pipe;
	int status;

	uri[0] = '\0';
	snprintf(command, sizeof command, "%s/tests/mongodb-server --parent %d %s",
	    source != NULL ? source : ".", (int)getpid(), arguments);
	fflush(stdout);
	pipe = popen(command, "r");
	if (pipe == NULL || (fgets(uri, MONGODB_URI_MAX, pipe) == NULL && ferror(pipe)))
		exit(2);
	status = pclose(pipe);
	uri[strcspn(uri, "\n")] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return 0;
	if (status != 0) {
		printf("Bail out! tests/mongodb-server: status %d\n", status);
		exit(2);
	}
	return 1;
}

/* Writes the URL of a database of this process, with `options` after the '?'. The server is started
 * once per program. Returns 1, or 0 if there is none. */
static inline int
mongodb_url(char url[MONGODB_URI_MAX], const char *options)
{
	static char uri[MONGODB_URI_MAX];
	static long start;
	size_t place;

	if (start == 0)
		start = (long)time(NULL);
	if (uri[0] == '\0' && run_mongodb_server(uri, "") == 0)
		return 0;
	place = strcspn(uri, "?"); /* TEST_MONGODB_URI may have options */
	snprintf(url, MONGODB_URI_MAX, "%.*s%sgate_test_%d_%ld%s%s%s", (int)place, uri,
	    place > 0 && uri[place - 1] == '/' ? "" : "/", (int)getpid(), start,
	    uri[place] != '\0' || options[0] != '\0' ? "?" : "",
	    uri[place] != '\0' ? uri + place + 1 : "", options);
	return 1;
}

#endif
