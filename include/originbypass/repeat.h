#ifndef ORIGINBYPASS_REPEAT_H
#define ORIGINBYPASS_REPEAT_H

#include <netdb.h>
#include <stdbool.h>

#include "originbypass/cache.h"

/*
 * A program that asks for a name mostly asks for it in the same way. So the cache has beside the answers for a name the
 * list with which a call for it was answered, ready to be copied: in libc's order, with socket types and ports.
 */

/** Make the key of a call. False: no list is kept of calls like this one. `service` is not NULL. Thread-safe. */
bool repeat_make_key(struct cache_list *list, const char *service, const struct addrinfo *hints);

/** Take the list over from an answer, which addrinfo_build() made. False: it is too long. Thread-safe. */
bool repeat_take(struct cache_list *list, const struct addrinfo *answer);

/** Make an answer of the list. Returns 0 or EAI_MEMORY. Thread-safe. */
int repeat_build(const struct cache_list *list, struct addrinfo **answer);

#endif
