#ifndef ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_H
#define ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/resolution.h"

/** One upstream, asked by ourselves. */
struct explained_upstream {
    const struct server_address *server;
    struct ask_replies replies;
};

/** The whole way of one name. */
struct explanation {
    const struct config *config; /**< NULL: nothing is configured */
    struct host_case host;
    size_t upstream_count;
    struct explained_upstream *upstreams; /**< each of the host's, asked for its name or its query name */
    char *target;                         /**< where an alias leads out of what they serve; NULL: there is none */
    size_t target_upstream_count;
    struct explained_upstream *target_upstreams; /**< each of the general ones, asked for the target */
    struct resolution found;                     /**< what a program gets */
    struct resolution native;                    /**< what libc alone says */
};

/** Ask everybody: each upstream in its turn, then the library, then libc. `rules` may be NULL. */
struct explanation explanation_make(const struct rules *rules, const char *host, int family);
void explanation_free(struct explanation *explanation);

/** The name that external DNS is asked for. */
const char *explanation_asked_name(const struct explanation *explanation);

/** Why libc answers for a name that is not ours; or NULL. */
const char *explanation_why_libc(const struct explanation *explanation);

/** The set of the first address that a program gets and that is an edge; NULL: none is. `*edge` is that address. */
const char *explanation_edge(const struct explanation *explanation, const struct address **edge);

/** Whether one of the three ways out is what helps: not if libc answers because external DNS could not. */
bool explanation_needs_a_way_out(const struct explanation *explanation);

/** The three ways out of an edge: a setting of the host's, and what it is. Static texts. */
#define EXPLANATION_WAYS_OUT 3
extern const char *const explanation_ways_out[EXPLANATION_WAYS_OUT][2];

#endif
