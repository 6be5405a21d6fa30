#ifndef ORIGINBYPASS_GUEST_PROCESS_H
#define ORIGINBYPASS_GUEST_PROCESS_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/**
 * Prepare to notice a fork and a jump out of us, and remember the root directory and the filters of system calls.
 * Called once, at load. `clear_up` is called in a section where a thread has left a lookup behind: when it comes
 * again (process_enter()), or ends. `adopt` is what a new copy of the process does first (process_adopt_copy()).
 */
void process_load(void (*clear_up)(void), void (*adopt)(void));

/** Whether `/` is what it was at load: a program that has changed its root means other files by their paths. */
bool process_is_at_home(void);

/** Tell that this process is a new copy of another one: for the child's fork handler (pthread_atfork(3)). */
void process_forked(void);

/** Whether this thread is inside of a lookup, or has jumped out of one and made none since. Thread-safe. */
bool process_is_marked(void);

/** What tells a copy. 1: the process is not a copy, or has adopted all. Only for process_is_copy(). */
extern _Atomic uint32_t *process_copy_state;

/** Whether this process is a copy that process_adopt_copy() has not seen to yet. Thread-safe. */
static inline bool process_is_copy(void) {
    return atomic_load_explicit(process_copy_state, memory_order_acquire) != 1;
}

/**
 * If this process is a copy, made by fork(2), _Fork(3) or a raw clone(2), that has not called this before: adopt what
 * the copy inherits, once, before anything else of ours goes on (`adopt` of process_load()). Threads that come
 * meanwhile wait for it. A child of vfork(2) is no copy. Thread-safe.
 */
void process_adopt_copy(void);

/** A part of a call, on its thread: signals are blocked but where we wait, and cancellation is disabled. */
struct process_section {
    sigset_t signals;       /**< the caller's mask */
    int cancel_state;       /**< the caller's */
    int error;              /**< the caller's errno */
    _Atomic uint32_t token; /**< process_enter()'s own */
};

/** Begin one. */
void process_section_begin(struct process_section *section);

/** End it: mask, cancellation and errno are the caller's again. */
void process_section_end(const struct process_section *section);

/**
 * Begin a section, and mark the thread as being inside a lookup. False: it is inside already (a signal handler, or a
 * library that we call, resolves), and nothing is changed. The mark does not hold where a handler has jumped out of
 * us (siglongjmp(3)): what was left behind is then cleared up; nor past `deadline_ms` (clock_now_ms()), nor in a copy
 * of the process that a handler has made. `section` is on the stack.
 */
bool process_enter(struct process_section *section, uint64_t deadline_ms);

/** Take back the mark, and end the section. */
void process_leave(const struct process_section *section);

/** What is to be released where a thread is cancelled in a call to libc. */
#define PROCESS_REST_MAX 5
struct process_rest {
    void (*release)(void *const what[static PROCESS_REST_MAX]); /**< NULL: nothing is */
    void *what[PROCESS_REST_MAX];
};

/**
 * Begin a part in which the thread may be cancelled, outside any lookup: `release(what)` is then called, at the
 * thread's end and in a section. By a key's destructor: the cleanup handlers of pthread_cleanup_push(3) are in a
 * library of their own where glibc is older than 2.34. `before` is for process_cover(). False: it will not be called,
 * for want of memory.
 */
bool process_expose(struct process_rest *before, void (*release)(void *const what[static PROCESS_REST_MAX]),
                    void *const what[static PROCESS_REST_MAX]);

/** End that part. */
void process_cover(const struct process_rest *before);

/**
 * poll(2) until `until_ms`, with the caller's signals let in. Returns what poll(2) returns; an interruption counts as
 * nothing ready. Where the system refuses to wait, all count as ready after a moment. A signal handler may not return
 * from here: hold no lock.
 */
int process_poll(const struct process_section *section, struct pollfd *descriptors, size_t count, uint64_t until_ms);

/** Wait until `*word` is no longer `value`, or until `until_ms`, or for no reason (futex(2)). Signals are let in. */
void process_wait(const struct process_section *section, _Atomic uint32_t *word, uint32_t value, uint64_t until_ms);

/**
 * The same until `until` on the monotonic clock, or without end (NULL). Returns 0 where the word has changed or for no
 * reason, ETIMEDOUT, EINVAL for an invalid time, or EINTR after a signal handler has run (the kernel goes on
 * waiting where that has SA_RESTART and there is no end). Cancellation stays disabled.
 */
int process_await(const struct process_section *section, _Atomic uint32_t *word, uint32_t value,
                  const struct timespec *until);

/**
 * Call something that may wait and is not ours, with the caller's signals let in. A signal handler may not return from
 * here: hold no lock. Cancellation stays disabled.
 */
void process_call(const struct process_section *section, void (*work)(void *argument), void *argument);

/** Wake all who wait for the word. */
void process_wake(_Atomic uint32_t *word);

/**
 * Start a thread for `work(argument)` that nobody joins, with all signals blocked and a small stack. False: the system
 * has none to give, or the program has forbidden itself system calls since we were loaded (seccomp(2)): then it may be
 * killed for one more. The work returns, it never calls pthread_exit(3).
 */
bool process_start_thread(void (*work)(void *argument), void *argument);

/** The same with a stack of the usual size, or with the program's own attributes (not NULL), for work of the program.
 */
bool process_start_thread_with(const pthread_attr_t *attributes, void (*work)(void *argument), void *argument);

#endif
