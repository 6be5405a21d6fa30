#ifndef ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_H
#define ORIGINBYPASS_COMMAND_EXPLAIN_EXPLANATION_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/resolution.h"

/** One upstream, which this command asks itself. */
struct explained_upstream {
    const struct server_address *server;
    const char *left_out; /**< why neither the library nor this command asks it; NULL: it is asked */
    struct ask_replies replies;
};

/** How one name is answered, step by step. */
struct explanation {
    const struct rules *rules;   /**< NULL: nothing is configured */
    const struct config *config; /**< NULL: nothing is configured */
    struct host_case host;
    size_t upstream_count;
    struct explained_upstream *upstreams; /**< each upstream of the host, asked for its name or its query name */
    char *target;                         /**< the target of an alias that leads out of what they serve; NULL: none */
    size_t target_upstream_count;
    struct explained_upstream *target_upstreams; /**< each of the general upstreams, asked for the target */
    struct resolution found;                     /**< what a program gets */
    struct resolution native;                    /**< what libc says without the library */
    const struct address *libc_edge;             /**< in `native`, if external DNS is asked because of it */
    const char *libc_edge_set;                   /**< the name of its set; NULL: there is no libc_edge */
};

/**
 * Ask all of them: libc, then each upstream, one after the other, then the library. With `when = "edge"` the upstreams
 * are asked only if libc leads to an edge. `rules` may be NULL.
 */
struct explanation explanation_make(const struct rules *rules, const char *host, int family);
void explanation_free(struct explanation *explanation);

/** The name that external DNS is asked for. */
const char *explanation_asked_name(const struct explanation *explanation);

/** Why libc answers for a name that is not one of ours; NULL: the name is ours. */
const char *explanation_why_libc(const struct explanation *explanation);

/**
 * Find the first address that a program gets and that is an edge. Returns the name of its set, and stores the address
 * in `*edge`; NULL: there is none.
 */
const char *explanation_edge(const struct explanation *explanation, const struct address **edge);

/** The first upstream that gives addresses of which none is an edge or rejected; NULL: none does. */
const struct server_address *explanation_leading(const struct explanation *explanation);

/**
 * Whether one of the three ways out can help. It cannot if libc answers because external DNS had no usable answer, and
 * is not needed if one of the upstreams gives an origin.
 */
bool explanation_needs_a_way_out(const struct explanation *explanation);

/** The three ways out of an edge: a setting of the host, and what it means. Static texts. */
#define EXPLANATION_WAYS_OUT 3
extern const char *const explanation_ways_out[EXPLANATION_WAYS_OUT][2];

#endif
