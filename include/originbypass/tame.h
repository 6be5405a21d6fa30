#ifndef ORIGINBYPASS_TAME_H
#define ORIGINBYPASS_TAME_H

#include <stdbool.h>

/**
 * What the archives that we link in import and what does not suit a guest is replaced at link time
 * (`-Wl,--wrap`, see the Makefile). Their random numbers come from getrandom(2); their `getenv` and `fopen` find
 * nothing; what they print goes nowhere. A channel of c-ares has no locks, threads or cookies (tame_channel.c).
 */

/**
 * Call `call(context)`, which may run into an archive's exit(3). Returns false where it did: the call was
 * left at that point, what it had allocated is lost, and the process goes on. Thread-safe; may not be nested.
 */
bool tame_call(void (*call)(void *context), void *context);

/**
 * Forget what is left of the numbers that were drawn for this thread: a child of fork(2) would go on with the same.
 * Call it when a channel has been made.
 */
void tame_forget_random(void);

#endif
