#ifndef ORIGINBYPASS_GUEST_STACK_H
#define ORIGINBYPASS_GUEST_STACK_H

#include "originbypass/guest/libc_kind.h"

/*
 * Programs of musl have threads with stacks of a few KiB, in which musl's own resolver has just enough room. A call of
 * ours needs more, so in such a thread it runs on a stack of ours.
 */

/** What stack_run() does on musl. */
void stack_run_with_room(void (*work)(void *context), void *context);

/** Find what stack_run() needs. To be called at load. */
void stack_load(void);

/**
 * Call `work` with `context`: on musl, if the rest of the thread's stack is small, on a stack of ours. If there is none
 * (no memory, or 4096 threads use one), `work` is not called. `work` may be interrupted by a signal handler that jumps
 * away, and the thread may end in it: the stack is used again later. errno is kept, if `work` keeps it. Thread-safe;
 * takes no lock.
 */
static inline void stack_run(void (*work)(void *context), void *context) {
    if (libc_is_musl())
        stack_run_with_room(work, context);
    else
        work(context);
}

#endif
