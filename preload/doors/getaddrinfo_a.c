#include <netdb.h>

/* musl has none of these. */
#ifdef __GLIBC__

#include <errno.h>
#include <stdlib.h>

#include "originbypass/doors/door.h"
#include "originbypass/doors/getaddrinfo.h"
#include "originbypass/doors/load.h"
#include "originbypass/doors/requests.h"
#include "originbypass/guest/libc.h"

/*
 * libc's own functions would call libc's own getaddrinfo, so all requests are carried out here, whatever their names.
 * If we have nothing to do in the process, which is decided at load, libc carries them out. A request that is not in
 * our queue also goes to libc, so no request is ever looked up in the wrong place.
 *
 * A program can observe no difference from glibc, even if glibc does not do what its manual says: gai_suspend returns
 * EAI_SYSTEM when its time is over (not EAI_AGAIN), gai_error continues to return EAI_INPROGRESS for a cancelled
 * request (not EAI_CANCELED), there is no notification for the list of such a request, and gai_cancel(NULL) cancels
 * nothing.
 */

static int resolve_request(struct gaicb *asked) {
    return own_getaddrinfo(asked->ar_name, asked->ar_service, asked->ar_request, &asked->ar_result);
}

static int refuse_request(struct gaicb *asked) {
    (void)asked;
    return EAI_AGAIN;
}

static void end_list(struct request_list *list) {
    if (list != NULL && !list->cancelled)
        notify(&list->notification);
    free(list);
}

/* Carry out the request, and then all that wait. */
static void carry_out(struct request *request, int (*how)(struct gaicb *asked)) {
    while (request != NULL) {
        struct request_list *over;
        request = requests_finish(request, how(request->block), &over);
        end_list(over);
    }
}

static void work_on_request(void *request) {
    carry_out(request, resolve_request);
}

/* Returns the request that is left to the caller, because there is no thread at all. */
static struct request *start_threads(struct request *requests, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!process_start_thread(work_on_request, &requests[i]) && !requests_hand_back(&requests[i]))
            return &requests[i];
    return NULL;
}

static void begin_section(struct process_section *section) {
    process_section_begin(section);
    process_adopt_copy();
}

/* A signal handler that ran meanwhile may have forked. */
static int await_change(const struct process_section *section, uint32_t seen, const struct timespec *until) {
    int error = requests_await(section, seen, until);
    process_adopt_copy();
    return error;
}

static void await_list(const struct process_section *section, uint64_t serial) {
    for (;;) {
        uint32_t seen = requests_changes();
        if (!requests_are_left(serial))
            return;
        await_change(section, seen, NULL);
    }
}

/*
 * If there is no thread at all, a caller that waits carries out its requests itself. As in a thread, signals are
 * blocked, because the others rely on that. A caller that does not wait is refused. False: refused.
 */
static bool submit(const struct process_section *section, int mode, struct request_list *list) {
    size_t threads;
    struct request *requests = list->requests;
    uint64_t serial = requests_enqueue(list, &threads);
    struct request *left = start_threads(requests, threads);
    if (left != NULL)
        carry_out(left, mode == GAI_WAIT ? resolve_request : refuse_request);
    if (mode == GAI_NOWAIT)
        return left == NULL;
    await_list(section, serial);
    return true;
}

static size_t count_asked(struct gaicb *const asked[], int count) {
    size_t found = 0;
    for (int i = 0; i < count; i++)
        if (asked[i] != NULL)
            found++;
    return found;
}

static struct request_list *make_list(struct gaicb *const asked[], int count, size_t found,
                                      const struct notification *notification) {
    struct request_list *list = requests_make_list(found, notification);
    for (int i = 0; list != NULL && i < count; i++) {
        if (asked[i] == NULL)
            continue;
        __atomic_store_n(&asked[i]->__return, EAI_INPROGRESS, __ATOMIC_RELAXED);
        requests_add(list, asked[i], &asked[i]->__return);
    }
    return list;
}

static int system_error(int error) {
    errno = error;
    return EAI_SYSTEM;
}

DOOR int getaddrinfo_a(int mode, struct gaicb *asked[], int count, struct sigevent *event) {
    if (!load_ensure())
        return libc_getaddrinfo_a(mode, asked, count, event);
    if (mode != GAI_WAIT && mode != GAI_NOWAIT)
        return system_error(EINVAL);
    struct notification notification;
    notify_prepare(&notification, mode == GAI_NOWAIT ? event : NULL);
    size_t found = count_asked(asked, count);
    struct process_section section;
    begin_section(&section);
    struct request_list *list = found > 0 ? make_list(asked, count, found, &notification) : NULL;
    bool enqueued = list != NULL && submit(&section, mode, list);
    process_section_end(&section);
    /* Let signals in, because the signal may be the caller's. */
    if (list == NULL)
        notify(&notification);
    return enqueued || found == 0 ? 0 : system_error(EAGAIN);
}

static const struct timespec *end_of(const struct timespec *timeout, struct timespec *end) {
    if (timeout == NULL)
        return NULL;
    clock_gettime(CLOCK_MONOTONIC, end);
    end->tv_nsec += timeout->tv_nsec;
    if (end->tv_nsec >= 1000000000) {
        end->tv_nsec -= 1000000000;
        end->tv_sec++;
    }
    /* A time too large to represent means no end. A negative time is already over. */
    if (__builtin_add_overflow(end->tv_sec, timeout->tv_sec, &end->tv_sec))
        return NULL;
    if (end->tv_sec < 0)
        end->tv_sec = 0;
    return end;
}

/* Wait until fewer than `under_way` of the requests are in the queue. */
static int suspend(const struct process_section *section, const void *const blocks[], size_t count, size_t under_way,
                   uint64_t newest, const struct timespec *until) {
    int error = 0;
    while (error == 0) {
        uint32_t seen = requests_changes();
        if (requests_count(blocks, count, newest) < under_way)
            return 0;
        error = await_change(section, seen, until);
    }
    return error == EINTR ? EAI_INTR : EAI_SYSTEM;
}

DOOR int gai_suspend(const struct gaicb *const asked[], int count, const struct timespec *timeout) {
    if (!load_ensure())
        return libc_gai_suspend(asked, count, timeout);
    struct timespec end;
    const struct timespec *until = end_of(timeout, &end);
    const void *const *blocks = (const void *const *)asked;
    size_t block_count = count > 0 ? (size_t)count : 0;
    struct process_section section;
    begin_section(&section);
    uint64_t newest = requests_newest();
    size_t under_way = requests_count(blocks, block_count, newest);
    int result = under_way > 0 ? suspend(&section, blocks, block_count, under_way, newest, until) : EAI_ALLDONE;
    process_section_end(&section);
    return under_way > 0 ? result : libc_gai_suspend(asked, count, timeout);
}

DOOR int gai_cancel(struct gaicb *asked) {
    if (!load_ensure())
        return libc_gai_cancel(asked);
    struct request_list *over;
    struct process_section section;
    begin_section(&section);
    enum request_removal removal = requests_remove(asked, &over);
    end_list(over);
    process_section_end(&section);
    switch (removal) {
    case REQUEST_REMOVED:
        return EAI_CANCELED;
    case REQUEST_RUNNING:
        return EAI_NOTCANCELED;
    default:
        return libc_gai_cancel(asked);
    }
}

/* Both we and libc keep it in the request. */
DOOR int gai_error(struct gaicb *asked) {
    return __atomic_load_n(&asked->__return, __ATOMIC_ACQUIRE);
}

#endif
