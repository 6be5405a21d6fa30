#include "originbypass/guest/libc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

enum function {
    GETADDRINFO,
    GETHOSTBYNAME,
    GETHOSTBYNAME2,
    GETHOSTBYNAME_R,
    GETHOSTBYNAME2_R,
    GETADDRINFO_A,
    GAI_SUSPEND,
    GAI_CANCEL,
    FUNCTION_COUNT
};

static const char *const names[FUNCTION_COUNT] = {"getaddrinfo",     "gethostbyname",    "gethostbyname2",
                                                  "gethostbyname_r", "gethostbyname2_r", "getaddrinfo_a",
                                                  "gai_suspend",     "gai_cancel"};

static _Atomic(void *) found[FUNCTION_COUNT];

/* Threads that come here together find the same, so none needs to wait for another. */
static void *find_real(enum function function) {
    void *address = atomic_load_explicit(&found[function], memory_order_relaxed);
    if (address == NULL) {
        address = dlsym(RTLD_NEXT, names[function]);
        atomic_store_explicit(&found[function], address, memory_order_relaxed);
    }
    return address;
}

/* ISO C knows no conversion between pointers to objects and to functions; dlsym(3) needs one. */
#define REAL(type, function)                                                                                           \
    type real;                                                                                                         \
    void *address = find_real(function);                                                                               \
    memcpy(&real, &address, sizeof(real))

void libc_load(void) {
    for (enum function function = 0; function < FUNCTION_COUNT; function++)
        find_real(function);
}

int libc_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    REAL(__typeof__(&getaddrinfo), GETADDRINFO);
    if (real == NULL) {
        errno = ENOSYS;
        return EAI_SYSTEM;
    }
    return real(node, service, hints, list);
}

static struct hostent *no_host(void) {
    h_errno = NO_RECOVERY;
    return NULL;
}

struct hostent *libc_gethostbyname(const char *name) {
    REAL(__typeof__(&gethostbyname), GETHOSTBYNAME);
    return real == NULL ? no_host() : real(name);
}

struct hostent *libc_gethostbyname2(const char *name, int family) {
    REAL(__typeof__(&gethostbyname2), GETHOSTBYNAME2);
    return real == NULL ? no_host() : real(name, family);
}

static int no_host_r(struct hostent **result, int *host_errno) {
    *result = NULL;
    *host_errno = NO_RECOVERY;
    return ENOSYS;
}

int libc_gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **result,
                         int *host_errno) {
    REAL(__typeof__(&gethostbyname_r), GETHOSTBYNAME_R);
    return real == NULL ? no_host_r(result, host_errno) : real(name, host, buffer, size, result, host_errno);
}

int libc_gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer, size_t size,
                          struct hostent **result, int *host_errno) {
    REAL(__typeof__(&gethostbyname2_r), GETHOSTBYNAME2_R);
    return real == NULL ? no_host_r(result, host_errno) : real(name, family, host, buffer, size, result, host_errno);
}

#ifdef __GLIBC__

int libc_getaddrinfo_a(int mode, struct gaicb *asked[], int count, struct sigevent *event) {
    REAL(__typeof__(&getaddrinfo_a), GETADDRINFO_A);
    if (real == NULL) {
        errno = ENOSYS;
        return EAI_SYSTEM;
    }
    return real(mode, asked, count, event);
}

int libc_gai_suspend(const struct gaicb *const asked[], int count, const struct timespec *timeout) {
    REAL(__typeof__(&gai_suspend), GAI_SUSPEND);
    return real == NULL ? EAI_ALLDONE : real(asked, count, timeout);
}

int libc_gai_cancel(struct gaicb *asked) {
    REAL(__typeof__(&gai_cancel), GAI_CANCEL);
    return real == NULL ? EAI_ALLDONE : real(asked);
}

#endif
