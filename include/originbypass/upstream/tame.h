#ifndef ORIGINBYPASS_UPSTREAM_TAME_H
#define ORIGINBYPASS_UPSTREAM_TAME_H

#include <stdbool.h>

/*
 * What c-ares imports and a guest must not use is replaced at link time (`--wrap`, see the Makefile). Its random
 * numbers come from getrandom(2) (tame_random.c), a channel has no locks, threads or cookies of its own
 * (tame_channel.c), and what memory it could not get is noted (tame_memory.c). Its getenv(3) and fopen(3) find nothing
 * (guest/tame_files.c).
 */

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
