#ifndef ORIGINBYPASS_LOOKUP_MISS_H
#define ORIGINBYPASS_LOOKUP_MISS_H

#include "originbypass/config/config.h"
#include "originbypass/guest/process.h"
#include "originbypass/lookup/fetch.h"
#include "originbypass/lookup/lookup_state.h"

/** A lookup of a name that is ours and has no answer in the cache that is good enough. */
struct miss {
    const struct host_settings *settings;
    struct lookup *lookup;
    struct fetch fetch;
};

/**
 * The answer that the configuration gives for a type, valid until the end of the process: pinned addresses, or no
 * record because the family is not wanted. NULL: there is none.
 */
const struct answer *miss_configured(const struct host_settings *settings, size_t type);

/** Put what the configuration answers into the cache. The caller is inside (process_enter()). */
void miss_remember_configured(const struct miss *miss);

/**
 * Find the answers: those that are available, or else those of external DNS, asked by us or by others. What was found
 * is in `lookup->answers` and `lookup->rejected`. If something is missing, `fetch.failure` says why. The caller is
 * inside.
 */
void miss_find(const struct process_section *section, struct miss *miss);

#endif
