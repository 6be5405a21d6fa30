#ifndef ORIGINBYPASS_DOORS_HOSTENT_H
#define ORIGINBYPASS_DOORS_HOSTENT_H

#include <netdb.h>
#include <stddef.h>

#include "originbypass/values/answer.h"

/**
 * Shape an answer with addresses as libc's gethostbyname_r(3) does: names, pointers and addresses stand in
 * `buffer`, which stays the caller's. `name` is the spelling that the program used; it is the official name
 * where there was no CNAME. Addresses in DNS order.
 *
 * Returns 0; ERANGE where `size` is too small: then `*host` is untouched and nothing outside of the
 * buffer was written. Thread-safe.
 */
int hostent_fill(const struct answer *answer, const char *name, struct hostent *host, char *buffer, size_t size);

/**
 * The size below which libc says ERANGE whatever there is to say of the name, before it asks anybody: it looks first
 * whether the name is an address, and wants room for one where the name begins like one. Thread-safe.
 */
size_t hostent_least_size(const char *name);

#endif
