#include "originbypass/doors/requests.h"
#include "originbypass/guest/lock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which they came. */
static struct request *first, *last;
static size_t threads;
static uint64_t newest;
static _Atomic uint32_t changes;
static struct lock lock = {PTHREAD_MUTEX_INITIALIZER};

struct request_list *requests_make_list(size_t most, const struct notification *notification) {
    struct request_list *list = malloc(sizeof(*list) + most * sizeof(list->requests[0]));
    if (list == NULL)
        return NULL;
    list->left = 0;
    list->cancelled = false;
    list->notification = *notification;
    return list;
}

void requests_add(struct request_list *list, void *block, int *outcome) {
    list->requests[list->left++] = (struct request){.list = list, .block = block, .outcome = outcome};
}

static void append_request(struct request *request) {
    request->previous = last;
    *(last != NULL ? &last->next : &first) = request;
    last = request;
}

static void unlink_request(struct request *request) {
    *(request->previous != NULL ? &request->previous->next : &first) = request->next;
    *(request->next != NULL ? &request->next->previous : &last) = request->previous;
    atomic_fetch_add(&changes, 1);
}

/* NULL while other requests of its list are left. */
static struct request_list *leave_list(const struct request *request) {
    return --request->list->left == 0 ? request->list : NULL;
}

uint64_t requests_enqueue(struct request_list *list, size_t *to_start) {
    *to_start = 0;
    lock_acquire(&lock);
    uint64_t serial = list->serial = ++newest;
    for (size_t i = 0; i < list->left; i++) {
        struct request *request = &list->requests[i];
        if (threads < REQUEST_THREADS_MAX) {
            request->running = true;
            threads++;
            ++*to_start;
        }
        append_request(request);
    }
    lock_release(&lock);
    return serial;
}

bool requests_hand_back(struct request *request) {
    lock_acquire(&lock);
    bool others = threads > 1;
    if (others) {
        threads--;
        request->running = false;
    }
    lock_release(&lock);
    return others;
}

static struct request *first_waiting(void) {
    struct request *request = first;
    while (request != NULL && request->running)
        request = request->next;
    return request;
}

struct request *requests_finish(struct request *request, int outcome, struct request_list **over) {
    lock_acquire(&lock);
    unlink_request(request);
    /* A thread that sees it may ask with the same block again, or free it. */
    __atomic_store_n(request->outcome, outcome, __ATOMIC_RELEASE);
    *over = leave_list(request);
    struct request *next = first_waiting();
    if (next != NULL)
        next->running = true;
    else
        threads--;
    lock_release(&lock);
    process_wake(&changes);
    return next;
}

static struct request *find_request(const void *block, uint64_t not_after) {
    struct request *request = first;
    while (request != NULL && (request->block != block || request->list->serial > not_after))
        request = request->next;
    return request;
}

enum request_removal requests_remove(const void *block, struct request_list **over) {
    *over = NULL;
    lock_acquire(&lock);
    struct request *request = find_request(block, UINT64_MAX);
    enum request_removal removal = request == NULL    ? REQUEST_UNKNOWN
                                   : request->running ? REQUEST_RUNNING
                                                      : REQUEST_REMOVED;
    if (removal == REQUEST_REMOVED) {
        unlink_request(request);
        request->list->cancelled = true;
        *over = leave_list(request);
    }
    lock_release(&lock);
    if (removal == REQUEST_REMOVED)
        process_wake(&changes);
    return removal;
}

uint64_t requests_newest(void) {
    lock_acquire(&lock);
    uint64_t serial = newest;
    lock_release(&lock);
    return serial;
}

bool requests_are_left(uint64_t serial) {
    lock_acquire(&lock);
    const struct request *request = first;
    while (request != NULL && request->list->serial < serial)
        request = request->next;
    bool left = request != NULL && request->list->serial == serial;
    lock_release(&lock);
    return left;
}

size_t requests_count(const void *const blocks[], size_t count, uint64_t not_after) {
    size_t found = 0;
    lock_acquire(&lock);
    for (size_t i = 0; i < count; i++)
        if (blocks[i] != NULL && find_request(blocks[i], not_after) != NULL)
            found++;
    lock_release(&lock);
    return found;
}

uint32_t requests_changes(void) {
    return atomic_load(&changes);
}

int requests_await(const struct process_section *section, uint32_t seen, const struct timespec *until) {
    return process_await(section, &changes, seen, until);
}

void requests_adopt(void) {
    lock_adopt(&lock);
    first = last = NULL;
    threads = 0;
}
