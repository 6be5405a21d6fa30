#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "originbypass/doors/door.h"
#include "originbypass/doors/fallback.h"
#include "originbypass/doors/hostent.h"
#include "originbypass/doors/load.h"
#include "originbypass/doors/musl_answer.h"
#include "originbypass/doors/netdb_names.h"
#include "originbypass/guest/libc.h"
#include "originbypass/guest/libc_kind.h"
#include "originbypass/guest/musl.h"
#include "originbypass/guest/process.h"
#include "originbypass/guest/stack.h"
#include "originbypass/lookup/lookup.h"

/* libc's two numbers for an outcome without addresses: what the function returns, and h_errno. */
struct verdict {
    int returned, host_error;
};

/* musl's own, for the EAI_ code that its getaddrinfo(3) returns. */
static struct verdict musl_verdict(int error) {
    switch (error) {
    case EAI_NONAME:
        return (struct verdict){musl_tells_no_data() ? 0 : ENOENT, HOST_NOT_FOUND};
    case EAI_NODATA:
        return (struct verdict){0, NO_DATA};
    default:
        return (struct verdict){EAGAIN, TRY_AGAIN};
    }
}

/* For libc's addresses of which none may be used: TRY_AGAIN or NO_DATA. */
static struct verdict policy_verdict(int host_error) {
    if (libc_is_musl())
        return musl_verdict(host_error == TRY_AGAIN ? EAI_AGAIN : musl_no_data_error());
    return (struct verdict){host_error == TRY_AGAIN ? EAGAIN : 0, host_error};
}

static struct verdict error_verdict(const struct lookup *lookup) {
    if (libc_is_musl())
        return musl_verdict(musl_error(lookup));
    if (lookup_has(lookup, OUTCOME_NO_NAME))
        return (struct verdict){0, HOST_NOT_FOUND};
    if (lookup_has(lookup, OUTCOME_NO_RECORD))
        return (struct verdict){0, NO_DATA};
    if (lookup_has(lookup, OUTCOME_DANGLING))
        return (struct verdict){EAGAIN, NO_RECOVERY};
    return lookup->no_recovery ? (struct verdict){0, NO_RECOVERY} : (struct verdict){EAGAIN, TRY_AGAIN};
}

static int fill(struct lookup *lookup, size_t type, struct hostent *host, char *buffer, size_t size) {
    if (libc_is_musl())
        return musl_hostent_fill(lookup, type, host, buffer, size);
    /* The official name has no final dot. */
    char spelling[NAME_LENGTH_MAX + 1];
    memcpy(spelling, lookup->host, lookup->name.length);
    spelling[lookup->name.length] = '\0';
    return hostent_fill(lookup->answers[type], spelling, host, buffer, size);
}

static struct verdict shape(struct lookup *lookup, size_t type, struct hostent *host, char *buffer, size_t size) {
    if (!lookup_has(lookup, OUTCOME_ADDRESSES))
        return error_verdict(lookup);
    if (fill(lookup, type, host, buffer, size) != 0)
        return (struct verdict){ERANGE, NETDB_INTERNAL};
    return (struct verdict){0, NETDB_SUCCESS};
}

/* A call. For the two functions without a family, libc's own are called, not their counterparts with AF_INET. */
struct hostent_call {
    const char *name;
    int family;
    bool names_family;
    size_t size; /* of the caller's buffer; SIZE_MAX: the memory is ours */
};

static struct hostent_call call_for(const char *name, size_t size) {
    return (struct hostent_call){name, AF_INET, false, size};
}

static struct hostent_call call_for_family(const char *name, int family, size_t size) {
    return (struct hostent_call){name, family, true, size};
}

static size_t wanted_type(const struct hostent_call *call) {
    return call->family == AF_INET ? 0 : 1;
}

static enum record_types wanted_record(const struct hostent_call *call) {
    return call->family == AF_INET ? RECORD_A : RECORD_AAAA;
}

/* Whether libc's answer (NULL: it has none) leads to an edge, and external DNS's answer is to take its place. */
static bool replaces_edge(struct lookup *lookup, const struct hostent_call *call, const struct hostent *host,
                          int problem, struct address *edge) {
    if (host == NULL && (problem == TRY_AGAIN || problem == NO_RECOVERY) && lookup_outlives_libc(lookup))
        return lookup_finish(lookup, wanted_record(call)) == LOOKUP_ANSWERED;
    bool found = host != NULL && fallback_hostent_has_edge(lookup, host, edge);
    return lookup_leads_to_edge(lookup, found, edge) && lookup_finish(lookup, wanted_record(call)) == LOOKUP_ANSWERED;
}

/*
 * Who answers. If libc answers for us, it may wait, and the thread may be cancelled there: what the lookup holds is
 * released then (lookup_expose()).
 */
enum answerer {
    LIBC_ALONE,  /* there is nothing to end */
    LIBC_FOR_US, /* a name of ours, under its policy */
    LIBC_FIRST,  /* the name is ours only if libc leads to an edge */
    WE,
    NOBODY, /* the caller has no room for any answer */
};

static enum answerer look_up_host(struct lookup *lookup, const struct hostent_call *call) {
    if (call->name == NULL || (call->family != AF_INET && call->family != AF_INET6) || !load_ensure() ||
        !lookup_open(lookup, call->name) || !lookup_begin(lookup))
        return LIBC_ALONE;
    if (lookup_asks_libc_first(lookup))
        return LIBC_FIRST;
    if (!libc_is_musl() && call->size < hostent_least_size(call->name))
        return NOBODY;
    if (lookup_finish(lookup, wanted_record(call)) == LOOKUP_ANSWERED)
        return WE;
    if (lookup->settings != NULL)
        return LIBC_FOR_US;
    lookup_end(lookup);
    return LIBC_ALONE;
}

/* ---- functions that return memory of the caller ---- */

struct reentrant {
    struct hostent *host;
    char *buffer;
    struct hostent **result;
    int *host_errno;
};

static int ask_libc_r(const struct hostent_call *call, const struct reentrant *to) {
    return call->names_family
               ? libc_gethostbyname2_r(call->name, call->family, to->host, to->buffer, call->size, to->result,
                                       to->host_errno)
               : libc_gethostbyname_r(call->name, to->host, to->buffer, call->size, to->result, to->host_errno);
}

/* musl stores h_errno only if the name has no answer, and leaves errno to what it calls. */
static void tell_errors(struct verdict verdict, int *host_errno) {
    if (libc_is_musl()) {
        if (verdict.host_error != NETDB_SUCCESS && verdict.host_error != NETDB_INTERNAL)
            *host_errno = verdict.host_error;
        return;
    }
    *host_errno = verdict.host_error;
    if (verdict.returned != 0)
        errno = verdict.returned;
}

static int tell_r(struct verdict verdict, const struct reentrant *to) {
    *to->result = verdict.host_error == NETDB_SUCCESS ? to->host : NULL;
    tell_errors(verdict, to->host_errno);
    return verdict.returned;
}

static int answer_ours_r(struct lookup *lookup, const struct hostent_call *call, const struct reentrant *to) {
    return tell_r(shape(lookup, wanted_type(call), to->host, to->buffer, call->size), to);
}

static int ask_libc_exposed_r(const struct lookup *lookup, const struct hostent_call *call,
                              const struct reentrant *to) {
    struct process_rest before;
    lookup_expose(lookup, &before);
    int returned = ask_libc_r(call, to);
    process_cover(&before);
    return returned;
}

static int ask_libc_first_r(struct lookup *lookup, const struct hostent_call *call, const struct reentrant *to) {
    struct address edge;
    int returned = ask_libc_exposed_r(lookup, call, to);
    bool replaces = replaces_edge(lookup, call, returned == 0 ? *to->result : NULL, *to->host_errno, &edge);
    return replaces ? answer_ours_r(lookup, call, to) : returned;
}

static int fall_back_r(struct lookup *lookup, const struct hostent_call *call, const struct reentrant *to) {
    int returned = ask_libc_exposed_r(lookup, call, to);
    if (returned == ERANGE)
        return returned;
    if (*to->result == NULL)
        return fallback_to_rejected(lookup) ? answer_ours_r(lookup, call, to) : returned;
    int verdict = fallback_hostent(lookup, *to->result);
    return verdict == NETDB_SUCCESS ? returned : tell_r(policy_verdict(verdict), to);
}

/* A reentrant call as seen from another stack. */
struct call_r {
    const struct hostent_call *call;
    const struct reentrant *to;
    enum answerer answerer;
    int returned;
};

static void answer_call_r(void *context) {
    struct call_r *run = context;
    struct lookup lookup;
    run->answerer = look_up_host(&lookup, run->call);
    run->returned = ERANGE;
    switch (run->answerer) {
    case LIBC_ALONE:
        return;
    case LIBC_FOR_US:
        run->returned = fall_back_r(&lookup, run->call, run->to);
        break;
    case LIBC_FIRST:
        run->returned = ask_libc_first_r(&lookup, run->call, run->to);
        break;
    case WE:
        run->returned = answer_ours_r(&lookup, run->call, run->to);
        break;
    case NOBODY:
        run->returned = tell_r((struct verdict){ERANGE, NETDB_INTERNAL}, run->to);
        break;
    }
    lookup_end(&lookup);
}

static int answer_r(struct hostent_call call, struct reentrant to) {
    struct call_r run = {.call = &call, .to = &to};
    stack_run(answer_call_r, &run);
    return run.answerer == LIBC_ALONE ? ask_libc_r(&call, &to) : run.returned;
}

DOOR int gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **result,
                         int *host_errno) {
    return answer_r(call_for(name, size), (struct reentrant){host, buffer, result, host_errno});
}

DOOR int gethostbyname2_r(const char *name, int family, struct hostent *host, char *buffer, size_t size,
                          struct hostent **result, int *host_errno) {
    return answer_r(call_for_family(name, family, size), (struct reentrant){host, buffer, result, host_errno});
}

/* ---- functions that return memory of ours: each thread has its own, until its next call or its end ---- */

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

static struct hostent *fail_host(struct verdict verdict) {
    tell_errors(verdict, &h_errno);
    return NULL;
}

static struct hostent *shape_own(struct lookup *lookup, const struct hostent_call *call) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct verdict verdict = {ERANGE, NETDB_INTERNAL};
    pthread_once(&once, make_own_key);
    struct own *own = has_own_key ? pthread_getspecific(own_key) : NULL;
    if (own == NULL && has_own_key)
        own = grow(NULL);
    while (own != NULL) {
        verdict = shape(lookup, wanted_type(call), &own->host, own->buffer, own->size);
        if (verdict.returned != ERANGE)
            break;
        own = grow(own);
    }
    return verdict.host_error == NETDB_SUCCESS ? &own->host : fail_host(verdict);
}

static struct hostent *ask_libc_for_host(const struct hostent_call *call) {
    return call->names_family ? libc_gethostbyname2(call->name, call->family) : libc_gethostbyname(call->name);
}

static struct hostent *ask_libc_exposed_for_host(const struct lookup *lookup, const struct hostent_call *call) {
    struct process_rest before;
    lookup_expose(lookup, &before);
    struct hostent *host = ask_libc_for_host(call);
    process_cover(&before);
    return host;
}

static struct hostent *ask_libc_first_for_host(struct lookup *lookup, const struct hostent_call *call) {
    struct address edge;
    struct hostent *host = ask_libc_exposed_for_host(lookup, call);
    return replaces_edge(lookup, call, host, h_errno, &edge) ? shape_own(lookup, call) : host;
}

static struct hostent *fall_back_to_hostent(struct lookup *lookup, const struct hostent_call *call) {
    struct hostent *host = ask_libc_exposed_for_host(lookup, call);
    if (host == NULL)
        return fallback_to_rejected(lookup) ? shape_own(lookup, call) : NULL;
    int verdict = fallback_hostent(lookup, host);
    return verdict == NETDB_SUCCESS ? host : fail_host(policy_verdict(verdict));
}

/* A call for memory of ours as seen from another stack. */
struct call_own {
    const struct hostent_call *call;
    enum answerer answerer;
    struct hostent *host;
};

static void answer_call_own(void *context) {
    struct call_own *run = context;
    struct lookup lookup;
    run->answerer = look_up_host(&lookup, run->call);
    if (run->answerer == LIBC_ALONE)
        return;
    run->host = run->answerer == WE           ? shape_own(&lookup, run->call)
                : run->answerer == LIBC_FIRST ? ask_libc_first_for_host(&lookup, run->call)
                                              : fall_back_to_hostent(&lookup, run->call);
    lookup_end(&lookup);
}

static struct hostent *answer_host(struct hostent_call call) {
    struct call_own run = {.call = &call};
    stack_run(answer_call_own, &run);
    return run.answerer == LIBC_ALONE ? ask_libc_for_host(&call) : run.host;
}

DOOR struct hostent *gethostbyname2(const char *name, int family) {
    return answer_host(call_for_family(name, family, SIZE_MAX));
}

DOOR struct hostent *gethostbyname(const char *name) {
    return answer_host(call_for(name, SIZE_MAX));
}
