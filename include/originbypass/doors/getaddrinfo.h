#ifndef ORIGINBYPASS_DOORS_GETADDRINFO_H
#define ORIGINBYPASS_DOORS_GETADDRINFO_H

#include <netdb.h>

/** Our getaddrinfo(3), under a name that no other library can interpose. */
int own_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);

#endif
