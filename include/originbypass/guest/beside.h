#ifndef ORIGINBYPASS_GUEST_BESIDE_H
#define ORIGINBYPASS_GUEST_BESIDE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What happens beside the traffic: refreshes and probes, in threads that end when there is nothing left to do. A
 * process has at most BESIDE_THREADS_MAX of them, however much there is. Each does several tasks by turns; how many
 * depends on the descriptors that the program may have.
 */

#define BESIDE_THREADS_MAX 4

/** How many descriptors a task may wait for. */
#define TASK_DESCRIPTORS_MAX 66

struct task;

/** How a task of this kind is done: in steps, none of which waits. */
struct task_kind {
    bool (*go_on)(struct task *task);            /**< begin, or go on. True: it is over, and its memory is freed */
    uint64_t (*due_ms)(const struct task *task); /**< when to go on at the latest (clock_now_ms()) */
    /** What to wait for, at most `room` (TASK_DESCRIPTORS_MAX); returns how many. `process` is given the same. */
    size_t (*descriptors)(struct task *task, struct pollfd *descriptors, size_t room);
    void (*process)(struct task *task, const struct pollfd *descriptors);
};

/** The first member of what has to be done; on the heap. */
struct task {
    const struct task_kind *kind;
    struct task *next; /**< of those that wait; beside_run()'s own */
};

/** Find out how many descriptors the program may have. Called once, at load. */
void beside_load(void);

/** Whether one more task would be taken. Thread-safe; takes no lock. */
bool beside_has_room(void);

/**
 * Have a task done. False: too many wait, or no thread can be started, and the task is the caller's still. Signals must
 * be blocked. Thread-safe.
 */
bool beside_run(struct task *task);

/** In a new copy of the process: the threads are the parent's, and so is what they were to do. */
void beside_adopt(void);

#endif
