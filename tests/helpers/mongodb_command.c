/* mongodb_command.c: sends commands to a MongoDB server, which has no shell where there is none. */
#include "config.h"

#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: mongodb_command URI COMMAND...\n"
    "each a JSON document for the URI's database; prints the answers, a line each; 1: one failed\n";

static void
run(mongoc_client_t *client, const char *json)
{
	const char *database = mongoc_uri_get_database(mongoc_client_get_uri(client));
	bson_error_t error;
	bson_t *command = bson_new_from_json((const uint8_t *)json, -1, &error), reply;
	char *text;

	if (command == NULL ||
	    !mongoc_client_command_simple(client, database, command, NULL, &reply, &error)) {
		fprintf(stderr, "mongodb_command: %s\n", error.message);
		exit(1);
	}
	text = bson_as_relaxed_extended_json(&reply, NULL);
	puts(text);
	bson_free(text);
	bson_destroy(&reply);
	bson_destroy(command);
}

int
main(int argc, char **argv)
{
	mongoc_client_t *client;

	if (argc < 3) {
		fputs(usage, stderr);
		return 2;
	}
	mongoc_init();
	client = mongoc_client_new(argv[1]);
	if (client == NULL || mongoc_uri_get_database(mongoc_client_get_uri(client)) == NULL) {
		fputs(usage, stderr);
		return 2;
	}
	mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	for (int i = 2; i < argc; i++)
		run(client, argv[i]);
	mongoc_client_destroy(client);
	mongoc_cleanup();
	return 0;
}
