#ifndef ORIGINBYPASS_DOORS_GETADDRINFO_H
#define ORIGINBYPASS_DOORS_GETADDRINFO_H

#include <netdb.h>

/** getaddrinfo(3) as we answer it, by a name that nobody can put another function before. */
int own_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);

#endif
