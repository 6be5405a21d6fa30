#ifndef ORIGINBYPASS_UPSTREAM_TAME_H
#define ORIGINBYPASS_UPSTREAM_TAME_H

#include <stdbool.h>
#include <stddef.h>

/**
 * What the archives that we link in import and what does not suit a guest is replaced at link time
 * (`-Wl,--wrap`, see the Makefile). Their random numbers come from getrandom(2); their `getenv` and `fopen` find
 * nothing. A channel of c-ares has no locks, threads or cookies (tame_channel.c). libconfig prints nothing, leaves the
 * locale alone, and gets its memory from tame_call(), inside which alone it may be called.
 */

/**
 * Call `call(context)`, which may use libconfig: that has `memory_size` octets at most, rounded up a little, which are
 * given back when the call is over, and nothing of it may be used from then on. Returns false where that is not enough
 * or is not to be had, or libconfig ends the process: the call was left at that point, and the process goes on. What
 * the call itself has locked or allocated elsewhere is not given back then. Thread-safe; may not be nested.
 */
bool tame_call(void (*call)(void *context), void *context, size_t memory_size);

/**
 * Forget what is left of the numbers that were drawn for this thread: a child of fork(2) would go on with the same.
 * Call it when a channel has been made.
 */
void tame_forget_random(void);

/**
 * Whether c-ares has asked for memory in this thread, since the last call of this, and got none. Not every version of
 * it looks everywhere at what it got then: a channel that it worked on is good for nothing but ares_destroy(3).
 */
bool tame_missed_memory(void);

#endif
