#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/door.h"
#include "originbypass/hostent.h"
#include "originbypass/libc.h"
#include "originbypass/lookup.h"

/* libc's two numbers for an outcome without addresses: what the function returns, and h_errno. */
struct verdict {
    int returned, host_error;
};

static struct verdict error_of(const struct lookup *lookup) {
    if (lookup_has(lookup, OUTCOME_NO_NAME))
        return (struct verdict){0, HOST_NOT_FOUND};
    if (lookup_has(lookup, OUTCOME_NO_RECORD))
        return (struct verdict){0, NO_DATA};
    if (lookup_has(lookup, OUTCOME_DANGLING))
        return (struct verdict){EAGAIN, NO_RECOVERY};
    return lookup->no_recovery ? (struct verdict){0, NO_RECOVERY} : (struct verdict){EAGAIN, TRY_AGAIN};
}

static struct verdict shape(const struct lookup *lookup, size_t type, struct hostent *host, char *buffer, size_t size) {
    if (!lookup_has(lookup, OUTCOME_ADDRESSES))
        return error_of(lookup);
    /* The official name has no final dot. */
    char spelling[NAME_LENGTH_MAX + 1];
    memcpy(spelling, lookup->host, lookup->name.length);
    spelling[lookup->name.length] = '\0';
    if (hostent_fill(lookup->answers[type], spelling, host, buffer, size) != 0)
        return (struct verdict){ERANGE, NETDB_INTERNAL};
    return (struct verdict){0, NETDB_SUCCESS};
}

/* Look the name up. False: libc is to answer, and there is nothing to end. */
static bool look_up(struct lookup *lookup, const char *name, int family) {
    if (name == NULL || (family != AF_INET && family != AF_INET6) || !lookup_begin(lookup, name))
        return false;
    if (lookup_finish(lookup, family == AF_INET ? RECORD_A : RECORD_AAAA) == LOOKUP_ANSWERED)
        return true;
    lookup_end(lookup);
    return false;
}

static size_t type_of(int family) {
    return family == AF_INET ? 0 : 1;
}

/* False: libc is to answer. */
static bool answer_r(const char *name, int family, struct hostent *host, char *buffer, size_t size,
                     struct hostent **result, int *host_errno, int *returned) {
    struct lookup lookup;
    if (!look_up(&lookup, name, family))
        return false;
    struct verdict verdict = shape(&lookup, type_of(family), host, buffer, size);
    lookup_end(&lookup);
    *result = verdict.host_error == NETDB_SUCCESS ? host : NULL;
    *host_errno = verdict.host_error;
    *returned = verdict.returned;
    if (verdict.returned != 0)
        errno = verdict.returned;
    return true;
}

DOOR int gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **result,
                         int *host_errno) {
    int returned;
    return answer_r(name, AF_INET, host, buffer, size, result, host_errno, &returned)
               ? returned
               : libc_gethostbyname_r(name, host, buffer, size, result, host_errno);
}

DOOR int gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer, size_t size,
                          struct hostent **result, int *host_errno) {
    int returned;
    return answer_r(name, family, host, buffer, size, result, host_errno, &returned)
               ? returned
               : libc_gethostbyname2_r(name, family, host, buffer, size, result, host_errno);
}

/* ---- those that return memory of ours: each thread has its own, until its next call or its end ---- */

struct own {
    struct hostent host;
    size_t size;
    char buffer[];
};

static pthread_key_t own_key;
static bool has_own_key;

static void make_own_key(void) {
    has_own_key = pthread_key_create(&own_key, free) == 0;
}

static struct own *grow(struct own *own) {
    size_t size = own == NULL ? 1024 : own->size * 2;
    struct own *grown = realloc(own, sizeof(*own) + size);
    if (grown == NULL)
        return NULL;
    grown->size = size;
    pthread_setspecific(own_key, grown);
    return grown;
}

static struct hostent *shape_own(const struct lookup *lookup, int family) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct verdict verdict = {ERANGE, NETDB_INTERNAL};
    pthread_once(&once, make_own_key);
    struct own *own = has_own_key ? pthread_getspecific(own_key) : NULL;
    if (own == NULL && has_own_key)
        own = grow(NULL);
    while (own != NULL) {
        verdict = shape(lookup, type_of(family), &own->host, own->buffer, own->size);
        if (verdict.returned != ERANGE)
            break;
        own = grow(own);
    }
    if (verdict.host_error == NETDB_SUCCESS)
        return &own->host;
    h_errno = verdict.host_error;
    if (verdict.returned != 0)
        errno = verdict.returned;
    return NULL;
}

DOOR struct hostent *gethostbyname2(const char *name, int family) {
    struct lookup lookup;
    if (!look_up(&lookup, name, family))
        return libc_gethostbyname2(name, family);
    struct hostent *host = shape_own(&lookup, family);
    lookup_end(&lookup);
    return host;
}

DOOR struct hostent *gethostbyname(const char *name) {
    struct lookup lookup;
    if (!look_up(&lookup, name, AF_INET))
        return libc_gethostbyname(name);
    struct hostent *host = shape_own(&lookup, AF_INET);
    lookup_end(&lookup);
    return host;
}
