#ifndef ORIGINBYPASS_BENCH_SUBJECTS_H
#define ORIGINBYPASS_BENCH_SUBJECTS_H

#include <netdb.h>

/* The implementations that are compared within one process under the library. */

typedef int getaddrinfo_function(const char *node, const char *service, const struct addrinfo *hints,
                                 struct addrinfo **list);
typedef int gethostbyname_r_function(const char *name, struct hostent *host, char *buffer, size_t size,
                                     struct hostent **result, int *host_errno);

/** libc's own getaddrinfo(3), bypassing the library. */
getaddrinfo_function *libc_getaddrinfo(void);

/** libc's own gethostbyname_r(3), bypassing the library. */
gethostbyname_r_function *libc_gethostbyname_r(void);

/** nss_wrapper's getaddrinfo(3), which reads the hosts file that NSS_WRAPPER_HOSTS names. */
getaddrinfo_function *nss_wrapper_getaddrinfo(void);

/** Call once, and free the list with libc's freeaddrinfo(3). Ends the process if the call fails. */
void look_up(getaddrinfo_function *function, const char *node, const char *service, const struct addrinfo *hints);

/** The floor: malloc(3), fill and freeaddrinfo(3) a list like that of a hit, with so many nodes of each family. */
void make_and_free(unsigned ipv4_nodes, unsigned ipv6_nodes);

#endif
