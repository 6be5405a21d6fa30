#include "originbypass/doors/idn.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "originbypass/guest/old_glibc.h"

/*
 * The same as in libc (inet/idna.c): the lowest version that it accepts, and the function, which returns 0 on success.
 */
#define LIBRARY "libidn2.so.0"
#define LEAST_VERSION "2.0.5"
typedef int show_function(const char *name, char **shown, int flags);
typedef const char *check_function(const char *least_version);

/* Before glibc 2.34, dlopen(3) is in a separate library, which a program may not have loaded. */
static void *open_library(void) {
    __typeof__(&dlopen) open_it;
    void *address = dlsym(RTLD_DEFAULT, "dlopen");
#ifdef OLD_GLIBC
    if (address == NULL)
        address = old_glibc_of_libdl("dlopen");
#endif
    memcpy(&open_it, &address, sizeof(open_it));
    return open_it == NULL ? NULL : open_it(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
}

static void *find_idn_function(void) {
    void *library = open_library();
    void *address = library == NULL ? NULL : dlsym(library, "idn2_check_version");
    check_function *is_at_least;
    memcpy(&is_at_least, &address, sizeof(address));
    if (is_at_least == NULL || is_at_least(LEAST_VERSION) == NULL)
        return NULL;
    return dlsym(library, "idn2_to_unicode_lzlz");
}

/*
 * If the library is not there, it is looked for again at the next call, as in libc. Threads that come here at the same
 * time find the same function.
 */
static show_function *function(void) {
    static _Atomic(void *) found;
    show_function *show;
    void *address = atomic_load(&found);
    if (address == NULL) {
        address = find_idn_function();
        atomic_store(&found, address);
    }
    memcpy(&show, &address, sizeof(address));
    return show;
}

/* A name without such a label is shown as it is, and needs no library. */
static bool has_ascii_form(const char *name) {
    for (; name != NULL; name = strchr(name, '.')) {
        name += *name == '.';
        if (strncasecmp(name, "xn--", 4) == 0)
            return true;
    }
    return false;
}

char *idn_shown(const char *name) {
    char *shown = NULL;
    int cancel_state;
    if (!has_ascii_form(name))
        return NULL;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    show_function *show = function();
    if (show != NULL && show(name, &shown, 0) != 0)
        shown = NULL;
    pthread_setcancelstate(cancel_state, NULL);
    return shown;
}
