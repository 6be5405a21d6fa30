#ifndef ORIGINBYPASS_COMMAND_DNS_NATIVE_H
#define ORIGINBYPASS_COMMAND_DNS_NATIVE_H

#include <netdb.h>

/**
 * libc's own getaddrinfo(3), also where LD_PRELOAD or /etc/ld.so.preload bring the library into this very process:
 * libc_getaddrinfo() (libc.h) would be the library's there. Where libc cannot be looked into it is that one.
 */
int native_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);

#endif
