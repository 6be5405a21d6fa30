#ifndef ORIGINBYPASS_UPSTREAM_UPSTREAM_H
#define ORIGINBYPASS_UPSTREAM_UPSTREAM_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/config/config.h"
#include "originbypass/guest/process.h"
#include "originbypass/upstream/dns.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/failure.h"

/** What external DNS said about a name. */
struct upstream_result {
    /**
     * A and AAAA: on the heap, the caller's to free(3). NULL: not asked, or no upstream gave a usable answer. An answer
     * does not contain its rejected addresses. OUTCOME_REJECTED: no better answer was available.
     */
    struct answer *answers[RECORD_TYPE_COUNT];
    struct failure failure; /**< if an answer is missing: each upstream that failed, and how */
};

/** Which of a host's upstreams to ask, in which order. */
struct upstream_plan {
    size_t count; /**< 0: none is worth asking, and nobody should wait */
    const struct server_address *servers[CONFIG_UPSTREAMS_MAX];
    bool on_trial; /**< none of them is good, and the caller is the probe: it has hedge_ms for the whole race */
    bool without_route[CONFIG_UPSTREAMS_MAX]; /**< by the place among the host's upstreams: there is no way to ask it */
};

/**
 * Make a plan: the good upstreams in their order, then those that are skipped, without those that are down or that the
 * kernel has no route to. The plan is empty if none is good. Begins the probes that are due, which ask for `name`. If
 * no thread can be started, the plan has the upstream in its place; if it has no good one, there is only hedge_ms to
 * answer. The caller is inside (process_enter()). Thread-safe.
 */
void upstream_make_plan(const struct host_settings *settings, const char *name, struct upstream_plan *plan);

/** Each upstream is asked once, and once more if it was silent: one lost packet is no outage. */
#define UPSTREAM_ROUNDS 2

/** The most descriptors that a race waits for. */
#define UPSTREAM_DESCRIPTORS_MAX (((size_t)CONFIG_UPSTREAMS_MAX * UPSTREAM_ROUNDS + 1) * DNS_DESCRIPTORS_MAX)

/**
 * A question to the upstreams of a plan, in their order, for the records of `name`, until each type has a usable
 * answer, at most until `deadline_ms`. After query.hedge_ms of silence the next one is asked too, and the first usable
 * answer wins. After a failure, or an answer with only rejected addresses, the next one is asked at once. After the
 * last one, those that were silent are asked once more. What it shows about their health is remembered.
 *
 * If only AAAA is wanted and is slow or fails, A is asked for too: a name that has an A record is known to exist, and
 * then its AAAA must not come from libc, which would return the edge's (liboriginbypass(7), OUTCOMES). So the answers
 * may contain more than was wanted.
 *
 * It belongs to one thread at a time, which is inside (process_enter()), and waits only in upstream_wait().
 */
struct race;

/**
 * Begin a race. The arguments stay the caller's, and must be valid until its end. Returns NULL if there is no memory.
 */
struct race *upstream_begin(const char *name, enum record_types wanted, const struct host_settings *settings,
                            const struct upstream_plan *plan, uint64_t deadline_ms);

/** Take note of what has come, and ask the upstreams whose turn it is. True: the race is over. */
bool upstream_go_on(struct race *race);

/** The latest time to go on, even if nothing comes (clock_now_ms()). */
uint64_t upstream_due_ms(const struct race *race);

/** What to wait for; returns how many there are. Afterwards upstream_process() must be given the same. */
size_t upstream_descriptors(struct race *race, struct pollfd *descriptors, size_t room);
void upstream_process(struct race *race, const struct pollfd *descriptors);

/**
 * Wait until the race can go on. Signals are unblocked meanwhile. False: the race is gone, because a handler has looked
 * up another name after a long time, or has copied the process, and this is the copy (process_is_copy()). A handler may
 * jump out: upstream_abandon() then ends the race.
 */
bool upstream_wait(const struct process_section *section, struct race *race);

/** End the race, whether it is over or not. */
void upstream_end(struct race *race, struct upstream_result *result);

/**
 * End the race that the calling thread has abandoned, if any: a handler has jumped out of its upstream_wait(), or this
 * is a new copy of the process, and the race is the parent's. Signals must be blocked.
 */
void upstream_abandon(void);

#endif
