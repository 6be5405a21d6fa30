#ifndef ORIGINBYPASS_IN_FORCE_IN_FORCE_H
#define ORIGINBYPASS_IN_FORCE_IN_FORCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/config/config.h"
#include "originbypass/rules/rules.h"

/*
 * The configuration in force, and those before it for as long as a lookup uses them. A lookup that uses one acquires
 * it: by a count in memory that stays, on one of several cache lines for each, so that neither a lock nor a line that
 * all threads write is needed, and a configuration is freed as soon as it is neither in force nor in use. A lookup that
 * a signal handler has jumped out of keeps it for good, and only that one.
 */

struct in_force {
    const struct rules *rules;
    uint32_t generation;       /**< 1: the first one */
    uint32_t cache_generation; /**< cache_generation() under it */
};

/** Acquire what is in force. NULL: nothing yet, and nothing is to be released. Thread-safe; never waits. */
const struct in_force *in_force_acquire(void);

/** Acquire once more what is acquired. Thread-safe. */
void in_force_acquire_again(const struct in_force *acquired);

/** Release it; by any thread. NULL is allowed. Thread-safe. */
void in_force_release(const struct in_force *acquired);

/** Whether there is nothing in force yet. Thread-safe. */
bool in_force_is_none(void);

/**
 * The first configuration. True: the configuration and its rules are no longer the caller's. False: another one is in
 * force already, or there is no memory; they are the caller's still. Thread-safe; never waits.
 */
bool in_force_begin(struct config *config, struct rules *rules);

/** Put another configuration in force. False: no memory; it is the caller's still. For one thread at a time. */
bool in_force_replace(struct config *config, struct rules *rules, uint32_t cache_generation);

/** Free what is neither in force nor in use. Returns how many are in use still. For one thread at a time. */
size_t in_force_reclaim(void);

#endif
