/* request/memory.h: what gate_login and its relatives did, for all runs of a request. */
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

struct gate_login_memory {              /* all zero: none of them was called */
	bool asked;                     /* gate_login was called */
	int answer;                     /* what it returned */
	int status;                     /* of the HTTP answer, with GATE_LATER */
	int64_t wait;                   /* ms, for Retry-After, with GATE_LATER */
	int64_t max_age;                /* ms that the session lives; 0: with the browser */
	struct gate_record_login login; /* points to the three below */
	char name[GATE_USER_NAME_MAX + 1], address[GATE_ADDRESS_MAX], agent[GATE_AGENT_MAX + 1];
	char hash[GATE_HASH_MAX];    /* the user's, which the password fitted */
	struct gate_buffer password; /* to verify again if that hash changes before the commit */
	struct gate_buffer device;   /* value of the known device's Set-Cookie header */

	bool changed;      /* gate_change_password was called by a user with a session */
	int change_answer; /* what it returned, and its *why */
	const char *why;
	bool resumed;                    /* gate_change_password was called without a session */
	int resume_answer;               /* what it returned */
	char resume_id[GATE_ID_MAX + 1]; /* the session that the first click renewed; "": none */

	bool ended, others; /* gate_user_session_end was called; it was for all other sessions */
	int end_answer;     /* what it returned */
	char handle[GATE_SIGNATURE_LENGTH + 1]; /* the session to end, unless `others` */
	int64_t since;   /* the user's new time: older sessions are over; ms since 1970; 0: none */
	bool since_told; /* the users know that time */
};

void gate_login_memory_release(struct gate_login_memory *); /* frees and wipes it */

#endif
