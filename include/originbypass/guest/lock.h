#ifndef ORIGINBYPASS_GUEST_LOCK_H
#define ORIGINBYPASS_GUEST_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/**
 * A lock of ours. It is held for a few stores only: never while we wait, allocate, free, write a message or call
 * anything that is not our own. fork(2) does not take it (preload/README.md, rule 5): a copy of the process sees to the
 * locks itself, by lock_adopt().
 */
struct lock {
    pthread_mutex_t mutex;
};
#define LOCK_FREE ((struct lock){PTHREAD_MUTEX_INITIALIZER})

/** Signals must be blocked (process_section_begin()): a handler that jumps away would leave it locked. */
static inline void lock_acquire(struct lock *lock) {
    pthread_mutex_lock(&lock->mutex);
}

static inline void lock_release(struct lock *lock) {
    pthread_mutex_unlock(&lock->mutex);
}

/**
 * In a new copy of the process: whether a thread held the lock that the copy does not have. What the lock guards is
 * then as that thread had left it in the middle of its work. The lock is free afterwards.
 *
 * The copy has what each thread had stored up to some point of its program, and what one thread saw of another is in
 * the copy too. While the kernel copies the memory, a store to a page that it has copied already faults, and the fault
 * waits until the whole is copied. So no store of a thread is in the copy after one that is not.
 */
static inline bool lock_adopt(struct lock *lock) {
    if (pthread_mutex_trylock(&lock->mutex) == 0) {
        pthread_mutex_unlock(&lock->mutex);
        return false;
    }
    memcpy(lock, &LOCK_FREE, sizeof(*lock));
    return true;
}

#endif
