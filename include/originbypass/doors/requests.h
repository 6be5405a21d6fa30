#ifndef ORIGINBYPASS_DOORS_REQUESTS_H
#define ORIGINBYPASS_DOORS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "originbypass/doors/notify.h"
#include "originbypass/guest/process.h"

/*
 * The queue of what programs want to be carried out in the background, and how many threads do so. Nobody leaves a
 * trace in it by waiting, so that a signal handler may jump out of a wait. All functions are thread-safe; signals must
 * be blocked (process_section_begin()), and the process no copy that is still to be adopted (process_adopt_copy()).
 */

/** So many threads carry out requests at the most, as with libc. */
#define REQUEST_THREADS_MAX 20

struct request {
    struct request *next, *previous;
    struct request_list *list;
    void *block;  /**< the program's, by which it knows the request */
    int *outcome; /**< in the block; the last thing that is written there */
    bool running; /**< a thread has it, or is about to */
};

/** The requests of one call: one piece of memory, which its last request's end hands out to be freed. */
struct request_list {
    uint64_t serial;
    size_t left;    /**< requests that are not done yet */
    bool cancelled; /**< one of them at least: then the program is never notified */
    struct notification notification;
    struct request requests[];
};

/** An empty list with memory for `most` requests. NULL: there is none. */
struct request_list *requests_make_list(size_t most, const struct notification *notification);

void requests_add(struct request_list *list, void *block, int *outcome);

/**
 * Put the list, which is not empty, at the queue's end. Its first `threads` requests wait for as many threads that the
 * caller is to start, each with one of them; those that follow are left to all threads. The list is gone with its last
 * request: hold fast to the serial, which is returned.
 */
uint64_t requests_enqueue(struct request_list *list, size_t *threads);

/**
 * A thread could not be started. True: other threads will see to the request. False: there is none, and the caller has
 * to take the thread's place.
 */
bool requests_hand_back(struct request *request);

/**
 * A thread is done with its request. Returns its next one; NULL: there is nothing to do, and the thread ends. `over`:
 * the list that has ended with it, for the caller to notify and free, or NULL.
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

/** A number that another one follows whenever a request leaves the queue. */
uint32_t requests_changes(void);

/** Wait for the number that follows `changes`: returns what process_await() returns. */
int requests_await(const struct process_section *section, uint32_t changes, const struct timespec *until);

/** In a new copy of the process: requests and threads are the parent's. */
void requests_adopt(void);

#endif
