/* serve/fastcgi.h: the connections and threads of one worker; libfcgi parses each request. */
#ifndef GATE_SERVE_FASTCGI_H
#define GATE_SERVE_FASTCGI_H

#include "serve/open.h"

#define GATE_PARAMS_MAX 512               /* parameters of one request */
#define GATE_PARAMS_SIZE_MAX (128u << 10) /* bytes of all; Cookie headers may take half */

struct gate_fastcgi; /* one per worker */

void gate_fastcgi_init(void); /* call it once, before there are threads */
/* Starts the threads. Returns NULL with the error set if it failed. Yours: stop it. */
struct gate_fastcgi *gate_fastcgi_start(struct gate *, int threads, struct gate_error *);
/* Ends connections that are idle, or take to send a request, for too long. Call it every second. */
void gate_fastcgi_tick(struct gate_fastcgi *);
/* Answers all requests that were accepted, then ends the threads and frees all. Returns 1; or 0 if
 * that took longer than `patience` ms: then threads still run, and the process has to exit. */
int gate_fastcgi_stop(struct gate_fastcgi *, int64_t patience);

#endif
