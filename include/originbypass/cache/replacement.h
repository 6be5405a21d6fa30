#ifndef ORIGINBYPASS_CACHE_REPLACEMENT_H
#define ORIGINBYPASS_CACHE_REPLACEMENT_H

#include "originbypass/values/answer.h"

/** What becomes of the answer that is remembered for a name and type when a new one comes. */
enum replacement {
    REPLACEMENT_NOW,        /**< the new one takes its place */
    REPLACEMENT_WHEN_AGAIN, /**< it does so when the next refresh brings the same outcome; till then as NEVER */
    REPLACEMENT_NEVER,      /**< the new one is a failure: the old one stays, as long as after any failure */
};

/**
 * The rule for these two; `known` is NULL where nothing is remembered. Only addresses are defended. A negative answer
 * that is well formed takes their place at once (RFC 2308); some servers send it without the SOA record, and so does
 * one that has lost its zone.
 */
enum replacement replacement_rule(const struct answer *known, const struct answer *new);

#endif
