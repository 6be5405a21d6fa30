#ifndef ORIGINBYPASS_GUEST_LIBC_H
#define ORIGINBYPASS_GUEST_LIBC_H

#include <netdb.h>
#include <stddef.h>

/**
 * The real functions behind the interposed ones: the next definition in the loader's order (dlsym(3),
 * RTLD_NEXT), which is libc's own or another interposer's. Each has the contract of the function whose name
 * it carries, thread-safety and cancellation included.
 */

/** Find all of them. Called at load; a function called earlier finds its own. */
void libc_load(void);

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);
struct hostent *libc_gethostbyname(const char *name);
struct hostent *libc_gethostbyname2(const char *name, int family);
int libc_gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **result,
                         int *host_errno);
int libc_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer, size_t size,
                          struct hostent **result, int *host_errno);

#ifdef __GLIBC__
/* In a library of their own, libanl, before glibc 2.34: not to be found in a program that does not have it. */
int libc_getaddrinfo_a(int mode, struct gaicb *asked[], int count, struct sigevent *event);
int libc_gai_suspend(const struct gaicb *const asked[], int count, const struct timespec *timeout);
int libc_gai_cancel(struct gaicb *asked);
#endif

#endif
