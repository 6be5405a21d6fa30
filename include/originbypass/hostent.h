#ifndef ORIGINBYPASS_HOSTENT_H
#define ORIGINBYPASS_HOSTENT_H

#include <netdb.h>
#include <stddef.h>

#include "originbypass/answer.h"

/**
 * Shape an answer with addresses as libc's gethostbyname_r(3) does: names, pointers and addresses stand in
 * `buffer`, which stays the caller's. `name` is the spelling that the program used; it is the official name
 * where there was no CNAME. Addresses in DNS order.
 *
 * Returns 0; ERANGE where `size` is too small: then `*host` is untouched and nothing outside of the
 * buffer was written. Thread-safe.
 */
int hostent_fill(const struct answer *answer, const char *name, struct hostent *host, char *buffer, size_t size);

#endif
