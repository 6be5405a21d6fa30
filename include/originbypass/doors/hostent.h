#ifndef ORIGINBYPASS_DOORS_HOSTENT_H
#define ORIGINBYPASS_DOORS_HOSTENT_H

#include <netdb.h>
#include <stddef.h>

#include "originbypass/values/answer.h"

/**
 * Write an answer with addresses in the layout of libc's gethostbyname_r(3): names, pointers and addresses are in
 * `buffer`, which stays the caller's. `name` is the spelling that the program used; it is the official name if there
 * was no CNAME. The addresses are in DNS order.
 *
 * Returns 0, or ERANGE if `size` is too small: then `*host` is unchanged and nothing was written outside the buffer.
 * Thread-safe.
 */
int hostent_fill(const struct answer *answer, const char *name, struct hostent *host, char *buffer, size_t size);

/**
 * The size below which libc returns ERANGE for any answer, before it asks anybody. libc first checks whether the name
 * is an address, and needs room for an address if the name begins like one. Thread-safe.
 */
size_t hostent_least_size(const char *name);

#endif
