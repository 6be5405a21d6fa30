#include "originbypass/guest/at_fork.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

typedef void handler(void);

/* glibc's pthread_atfork(3) is not in libc.so but linked into each object. This is what it calls; musl has none. */
extern int __register_atfork(handler *prepare, handler *parent, handler *child, void *object) __attribute__((weak));

/* Of this object: unloading it ends its handlers. */
extern void *__dso_handle __attribute__((visibility("hidden")));

void at_fork_in_child(handler *function) {
    int (*pthread_atfork)(handler *, handler *, handler *);
    if (__register_atfork != NULL) {
        __register_atfork(NULL, NULL, function, __dso_handle);
        return;
    }
    void *address = dlsym(RTLD_NEXT, "pthread_atfork");
    memcpy(&pthread_atfork, &address, sizeof(address)); /* ISO C has no such conversion */
    if (pthread_atfork != NULL)
        pthread_atfork(NULL, NULL, function);
}
