/* request/memory.h: what gate_login and its kin did, remembered over all runs of a request. */
#ifndef GATE_REQUEST_MEMORY_H
#define GATE_REQUEST_MEMORY_H

#include "gate.h"
#include "base/buffer.h"
#include "crypto/id.h"
#include "crypto/sign.h"
#include "http/origin.h"
#include "record/record.h"
#include "user/user.h"

#define GATE_AGENT_MAX 200 /* bytes of a User-Agent that are kept */

struct gate_login_memory { /* all zero: nothing was asked */
	bool asked;        /* gate_login */
	int answer;        /* of it */
	int status;        /* with GATE_LATER and -1 */
	int64_t wait;      /* ms, for Retry-After */
	int64_t max_age;
	struct gate_record_login login; /* points to the three below */
	char name[GATE_USER_NAME_MAX + 1], address[GATE_ADDRESS_MAX], agent[GATE_AGENT_MAX + 1];
	char hash[GATE_HASH_MAX];    /* that the password fitted */
	struct gate_buffer password; /* itself: its hash may be renewed before the commit */
	struct gate_buffer device;   /* Set-Cookie of the known device */

	bool changed; /* gate_change_password was asked */
	int change_answer;
	const char *why;
	bool resumed; /* by who had no session any more */
	int resume_answer;
	char resume_id[GATE_ID_MAX + 1];

	bool ended, others; /* gate_user_session_end was asked, for all others or this handle */
	int end_answer;
	char handle[GATE_SIGNATURE_LENGTH + 1];
	int64_t since;   /* all others end that began before; 0: those that are listed */
	bool since_told; /* to the users */
};

void gate_login_memory_release(struct gate_login_memory *); /* for the next request */

#endif
