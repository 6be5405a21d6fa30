#include "originbypass/cache/replacement.h"

/* By the new outcome: without the SOA record, and with it. */
static const enum replacement rules[OUTCOME_COUNT][2] = {
    [OUTCOME_FAILURE] = {REPLACEMENT_NEVER, REPLACEMENT_NEVER},
    [OUTCOME_ADDRESSES] = {REPLACEMENT_NOW, REPLACEMENT_NOW},
    [OUTCOME_NO_NAME] = {REPLACEMENT_WHEN_AGAIN, REPLACEMENT_NOW},
    [OUTCOME_NO_RECORD] = {REPLACEMENT_WHEN_AGAIN, REPLACEMENT_NOW},
    [OUTCOME_DANGLING] = {REPLACEMENT_NEVER, REPLACEMENT_NEVER},
    [OUTCOME_ELSEWHERE] = {REPLACEMENT_NEVER, REPLACEMENT_NEVER},
    [OUTCOME_REJECTED] = {REPLACEMENT_NEVER, REPLACEMENT_NEVER},
    [OUTCOME_NO_ORIGIN] = {REPLACEMENT_NOW, REPLACEMENT_NOW},
};

enum replacement replacement_rule(const struct answer *known, const struct answer *new) {
    if (known == NULL || known->outcome != OUTCOME_ADDRESSES)
        return REPLACEMENT_NOW;
    return rules[new->outcome][new->has_soa];
}
