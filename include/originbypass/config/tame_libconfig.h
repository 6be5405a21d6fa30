#ifndef ORIGINBYPASS_CONFIG_TAME_LIBCONFIG_H
#define ORIGINBYPASS_CONFIG_TAME_LIBCONFIG_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What libconfig imports and a guest must not use is replaced at link time (`--wrap`, see the Makefile). It prints
 * nothing, leaves the locale alone, and has memory only inside tame_call().
 */

/**
 * Call `call(context)`, which may use libconfig: that has `memory_size` octets at most, rounded up a little, which are
 * given back when the call is over, and nothing of it may be used from then on. Returns false where that is not enough
 * or is not to be had, or libconfig ends the process: the call was left at that point, and the process goes on. What
 * the call itself has locked or allocated elsewhere is not given back then. Thread-safe; may not be nested.
 */
bool tame_call(void (*call)(void *context), void *context, size_t memory_size);

#endif
