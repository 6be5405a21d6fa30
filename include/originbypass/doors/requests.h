#ifndef ORIGINBYPASS_DOORS_REQUESTS_H
#define ORIGINBYPASS_DOORS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "originbypass/doors/notify.h"
#include "originbypass/guest/process.h"

/*
 * The queue of requests that programs want to be carried out in the background, and the number of threads that do so. A
 * caller that waits changes nothing in the queue, so a signal handler may jump out of a wait. All functions are
 * thread-safe. Signals must be blocked (process_section_begin()), and a copy of the process must have been adopted
 * (process_adopt_copy()).
 */

/** At most this many threads carry out requests, as with libc. */
#define REQUEST_THREADS_MAX 20

struct request {
    struct request *next, *previous;
    struct request_list *list;
    void *block;  /**< the program's, by which it knows the request */
    int *outcome; /**< in the block; the last thing that is written to it */
    bool running; /**< a thread carries it out, or is about to */
};

/** The requests of one call, in one piece of memory. When the last request ends, the list is handed out to be freed. */
struct request_list {
    uint64_t serial;
    size_t left;    /**< requests that are not done yet */
    bool cancelled; /**< at least one request was: then the program is never notified */
    struct notification notification;
    struct request requests[];
};

/** An empty list with memory for `most` requests. NULL: no memory. */
struct request_list *requests_make_list(size_t most, const struct notification *notification);

void requests_add(struct request_list *list, void *block, int *outcome);

/**
 * Put the list, which is not empty, at the queue's end. The caller must start `threads` threads, one for each of the
 * first `threads` requests. The requests after those are left to all threads. The list is freed with its last request,
 * so keep the serial that is returned.
 */
uint64_t requests_enqueue(struct request_list *list, size_t *threads);

/**
 * A thread could not be started. True: other threads will carry out the request. False: there is no other thread, and
 * the caller has to carry out the request itself.
 */
bool requests_hand_back(struct request *request);

/**
 * A thread is done with its request. Returns its next one; NULL: there is nothing to do, and the thread ends. `over`:
 * the list that ended with the request, or NULL; the caller notifies the program and frees the list.
 */
struct request *requests_finish(struct request *request, int outcome, struct request_list **over);

enum request_removal {
    REQUEST_UNKNOWN, /**< was never asked for, or is done */
    REQUEST_RUNNING, /**< too late */
    REQUEST_REMOVED, /**< will never be carried out; its outcome stays as it is */
};

/** Take the first request with this block out of the queue, unless it is running. `over` as in requests_finish(). */
enum request_removal requests_remove(const void *block, struct request_list **over);

/** The serial of the newest list. */
uint64_t requests_newest(void);

/** Whether requests of the list are still in the queue. */
bool requests_are_left(uint64_t serial);

/** How many of these blocks (NULL counts for nothing) have a request in the queue that is not newer than `newest`. */
size_t requests_count(const void *const blocks[], size_t count, uint64_t newest);

/** A number that changes whenever a request leaves the queue. */
uint32_t requests_changes(void);

/** Wait until the number is no longer `changes`. Returns what process_await() returns. */
int requests_await(const struct process_section *section, uint32_t changes, const struct timespec *until);

/** To be called in a new copy of the process: the requests and threads are the parent's. */
void requests_adopt(void);

#endif
