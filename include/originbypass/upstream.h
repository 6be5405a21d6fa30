#ifndef ORIGINBYPASS_UPSTREAM_H
#define ORIGINBYPASS_UPSTREAM_H

#include <stdint.h>

#include "originbypass/answer.h"
#include "originbypass/config.h"
#include "originbypass/failure.h"
#include "originbypass/process.h"

/** What external DNS said of a name. */
struct upstream_result {
    /** A and AAAA: on the heap, the caller's to free(3). NULL: not asked, or no upstream gave a usable answer. */
    struct answer *answers[RECORD_TYPE_COUNT];
    struct failure failure; /**< where one is missing: each upstream that failed, and how */
};

/**
 * Ask a host's upstreams in their order for the records of `name` until each type has a usable answer, at most until
 * `deadline_ms`. After query.hedge_ms of silence the next one is asked too, and the first usable answer wins; after a
 * failure the next one at once; after the last, those that were silent once more.
 *
 * Where AAAA alone is wanted and is slow or fails, A is asked for too: a name that has an A record is known, and its
 * AAAA is then not libc's to tell, which would hand out the edge's (DESIGN, section 1, the last outcome). So `answers`
 * may have more than was wanted.
 *
 * The caller is inside (process_enter()). Signals are let in while it waits; what a handler that jumps away leaves
 * behind is cleared up by the thread's next call. Thread-safe.
 */
void upstream_ask(const struct process_hold *hold, const char *name, enum record_types wanted,
                  const struct host_settings *settings, uint64_t deadline_ms, struct upstream_result *result);

#endif
