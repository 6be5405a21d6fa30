#ifndef ORIGINBYPASS_DOORS_MUSL_ANSWER_H
#define ORIGINBYPASS_DOORS_MUSL_ANSWER_H

#include <netdb.h>
#include <stddef.h>

#include "originbypass/lookup/lookup.h"

/*
 * What musl's functions say of a lookup's answers.
 */

/**
 * The EAI_ code for a lookup without addresses. musl looks at A first and then at AAAA: the first that failed, or that
 * says that there is no such name, decides. Thread-safe.
 */
int musl_error(const struct lookup *lookup);

/**
 * The canonical name, which every answer of musl has: the last host name among the CNAME records' targets, or the name
 * as the program wrote it, without its final dot; that is written to `spelling`. A CNAME record for AAAA counts more
 * than one for A, and from 1.2.4 on less. Valid as long as the lookup and `spelling`. Thread-safe.
 */
const char *musl_canonical_name(const struct lookup *lookup, char spelling[static NAME_LENGTH_MAX + 1]);

/**
 * Write the answer for a type (0: A, 1: AAAA), which has addresses, in the layout of musl's gethostbyname_r(3) to the
 * caller's `buffer`: the aliases are the canonical name and, if it differs, the name as the program wrote it. IPv6
 * addresses are in libc's order. Returns 0, or ERANGE if `size` is too small: then `*host` is unchanged and nothing was
 * written. Thread-safe.
 */
int musl_hostent_fill(struct lookup *lookup, size_t type, struct hostent *host, char *buffer, size_t size);

#endif
