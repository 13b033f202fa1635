/* serve/fastcgi.h: connections and threads of one worker; libfcgi parses each request. */
#ifndef GATE_SERVE_FASTCGI_H
#define GATE_SERVE_FASTCGI_H

#include "serve/open.h"

#define GATE_PARAMS_MAX 512               /* parameters of one request */
#define GATE_PARAMS_SIZE_MAX (128u << 10) /* bytes of all; half of it is for Cookie headers */

struct gate_fastcgi; /* one a worker */

void gate_fastcgi_init(void); /* once, before there are threads */
/* Starts the threads. NULL with the error set. */
struct gate_fastcgi *gate_fastcgi_start(struct gate *, int threads, struct gate_error *);
/* Once a second: closes what was idle too long, or takes too long to send its request. */
void gate_fastcgi_tick(struct gate_fastcgi *);
/* Answers all that was accepted, then ends the threads and frees. 1; 0: not within `patience` ms,
 * the process has to end. */
int gate_fastcgi_stop(struct gate_fastcgi *, int64_t patience);

#endif
