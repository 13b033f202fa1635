/* server/mongoc.h: libmongoc, loaded at run time, when the first option names MongoDB.
 * Other programs never load it: on loading, it makes a file in /dev/shm. */
#ifndef GATE_SERVER_MONGOC_H
#define GATE_SERVER_MONGOC_H

#include <mongoc/mongoc.h>

#include "gate.h"

/* The functions that gate calls: gate_mongoc.cursor_next is mongoc_cursor_next. */
#define GATE_MONGOC_FUNCTIONS(X)                                                                   \
	X(client_command_simple)                                                                   \
	X(client_destroy)                                                                          \
	X(client_get_collection)                                                                   \
	X(client_new_from_uri_with_error)                                                          \
	X(client_pool_destroy)                                                                     \
	X(client_pool_new_with_error)                                                              \
	X(client_pool_pop)                                                                         \
	X(client_pool_push)                                                                        \
	X(client_pool_set_error_api)                                                               \
	X(client_read_command_with_opts)                                                           \
	X(client_set_error_api)                                                                    \
	X(client_set_stream_initiator)                                                             \
	X(client_write_command_with_opts)                                                          \
	X(collection_delete_many)                                                                  \
	X(collection_delete_one)                                                                   \
	X(collection_destroy)                                                                      \
	X(collection_estimated_document_count)                                                     \
	X(collection_find_and_modify_with_opts)                                                    \
	X(collection_find_with_opts)                                                               \
	X(collection_insert_one)                                                                   \
	X(collection_replace_one)                                                                  \
	X(collection_update_many)                                                                  \
	X(collection_update_one)                                                                   \
	X(cursor_destroy)                                                                          \
	X(cursor_error)                                                                            \
	X(cursor_more)                                                                             \
	X(cursor_next)                                                                             \
	X(find_and_modify_opts_destroy)                                                            \
	X(find_and_modify_opts_new)                                                                \
	X(find_and_modify_opts_set_flags)                                                          \
	X(find_and_modify_opts_set_update)                                                         \
	X(init)                                                                                    \
	X(log_set_handler)                                                                         \
	X(read_concern_destroy)                                                                    \
	X(read_concern_is_default)                                                                 \
	X(read_concern_new)                                                                        \
	X(read_prefs_destroy)                                                                      \
	X(read_prefs_get_mode)                                                                     \
	X(read_prefs_new)                                                                          \
	X(stream_buffered_new)                                                                     \
	X(stream_destroy)                                                                          \
	X(stream_tls_handshake_block)                                                              \
	X(stream_tls_new_with_hostname)                                                            \
	X(uri_copy)                                                                                \
	X(uri_destroy)                                                                             \
	X(uri_get_appname)                                                                         \
	X(uri_get_database)                                                                        \
	X(uri_get_hosts)                                                                           \
	X(uri_get_option_as_bool)                                                                  \
	X(uri_get_option_as_int32)                                                                 \
	X(uri_get_option_as_utf8)                                                                  \
	X(uri_get_read_concern)                                                                    \
	X(uri_get_read_prefs_t)                                                                    \
	X(uri_get_srv_hostname)                                                                    \
	X(uri_get_tls)                                                                             \
	X(uri_get_write_concern)                                                                   \
	X(uri_has_option)                                                                          \
	X(uri_new_with_error)                                                                      \
	X(uri_set_appname)                                                                         \
	X(uri_set_option_as_int32)                                                                 \
	X(uri_set_read_concern)                                                                    \
	X(uri_set_read_prefs_t)                                                                    \
	X(uri_set_write_concern)                                                                   \
	X(write_concern_copy)                                                                      \
	X(write_concern_destroy)                                                                   \
	X(write_concern_get_wtimeout_int64)                                                        \
	X(write_concern_is_acknowledged)                                                           \
	X(write_concern_set_wtimeout_int64)

#define GATE_MONGOC_MEMBER(name) __typeof__(mongoc_##name) *name;

/* Global, as the loaded library is. Nothing writes it once the library is loaded. */
extern struct gate_mongoc {
	GATE_MONGOC_FUNCTIONS(GATE_MONGOC_MEMBER)
} gate_mongoc;

/* Loads the library, unless it is loaded already. Returns 0, or -1 with the error set if the system
 * has no libmongoc, or one that lacks a function. */
int gate_mongoc_load(struct gate_error *);

#endif
