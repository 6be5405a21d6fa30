#ifndef ORIGINBYPASS_COMMAND_DNS_NATIVE_H
#define ORIGINBYPASS_COMMAND_DNS_NATIVE_H

#include <netdb.h>

/**
 * libc's own getaddrinfo(3), even if LD_PRELOAD or /etc/ld.so.preload loads the library into this process:
 * libc_getaddrinfo() (libc.h) would find the library's function then. If libc cannot be searched, this is
 * libc_getaddrinfo(). The static command asks a program of the system's libc (static_libc.c).
 */
int native_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);

/**
 * Where native_getaddrinfo() is not the system's libc, who answers instead, in words for a report. NULL: it is. Static
 * text.
 */
const char *native_substitute(void);

#endif
