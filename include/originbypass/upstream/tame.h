#ifndef ORIGINBYPASS_UPSTREAM_TAME_H
#define ORIGINBYPASS_UPSTREAM_TAME_H

#include <stdbool.h>

/*
 * Functions that c-ares imports and a guest must not use are replaced at link time (`--wrap`, see the Makefile). Its
 * random numbers come from getrandom(2) (tame_random.c), a channel has no locks, threads or cookies of its own
 * (tame_channel.c), and failed allocations are noted (tame_memory.c). Its getenv(3) and fopen(3) find nothing
 * (guest/tame_files.c).
 */

/**
 * Forget the numbers that were drawn for this thread and are left over, because a child of fork(2) would use the same
 * ones. Call it when a channel has been made.
 */
void tame_forget_random(void);

/**
 * Whether c-ares has asked for memory in this thread since the last call of this function, and got none. Not every
 * version of c-ares checks each allocation, so the channel that it worked on can only be given to ares_destroy(3).
 */
bool tame_missed_memory(void);

#endif
