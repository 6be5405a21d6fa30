#ifndef ORIGINBYPASS_UPSTREAM_H
#define ORIGINBYPASS_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/answer.h"
#include "originbypass/config.h"
#include "originbypass/failure.h"
#include "originbypass/process.h"

/** What external DNS said of a name. */
struct upstream_result {
    /**
     * A and AAAA: on the heap, the caller's to free(3). NULL: not asked, or no upstream gave a usable answer. Without
     * its rejected addresses; OUTCOME_REJECTED: that is the best that was to be had.
     */
    struct answer *answers[RECORD_TYPE_COUNT];
    struct failure failure; /**< where one is missing: each upstream that failed, and how */
};

/** Which of a host's upstreams to ask, in which order. */
struct upstream_plan {
    size_t count; /**< 0: none is worth asking, and nobody should wait */
    const struct server_address *servers[CONFIG_UPSTREAMS_MAX];
    bool on_trial; /**< none of them is good, and the caller is the probe: it has hedge_ms for all of it */
};

/**
 * The good ones in their order, then those that are skipped, without those that are down; none where none is good.
 * Begins the probes that are due, which ask for `name`; where no thread can be started the plan has the upstream in its
 * place, and alone with hedge_ms to answer. The caller is inside (process_enter()). Thread-safe.
 */
void upstream_make_plan(const struct host_settings *settings, const char *name, struct upstream_plan *plan);

/**
 * Ask the upstreams of the plan in their order for the records of `name` until each type has a usable answer, at most
 * until `deadline_ms`. After query.hedge_ms of silence the next one is asked too, and the first usable answer wins;
 * after a failure, or an answer with only rejected addresses, the next one at once; after the last, those that were
 * silent once more. What it teaches of their health is remembered.
 *
 * Where AAAA alone is wanted and is slow or fails, A is asked for too: a name that has an A record is known, and its
 * AAAA is then not libc's to tell, which would hand out the edge's (DESIGN, section 1, the last outcome). So `answers`
 * may have more than was wanted.
 *
 * The caller is inside (process_enter()). Signals are let in while it waits; what a handler that jumps away leaves
 * behind is cleared up by the thread's next call. False: a handler has looked up another name, or copied the process,
 * and this is the copy (process_is_copy()): there is no answer, the sockets are closed, and it can be asked anew.
 * Thread-safe.
 */
bool upstream_ask(const struct process_hold *hold, const char *name, enum record_types wanted,
                  const struct host_settings *settings, const struct upstream_plan *plan, uint64_t deadline_ms,
                  struct upstream_result *result);

/**
 * In a new copy of the process: what the calling thread asks, its parent asks, and it is given up. The thread may be in
 * a signal handler that has interrupted its upstream_ask(), which then returns false.
 */
void upstream_adopt(void);

#endif
