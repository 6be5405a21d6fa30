#include "originbypass/lookup/lookup_state.h"

size_t lookup_address_count(const struct lookup *lookup) {
    size_t count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL)
            count += lookup->answers[type]->address_count;
    return count;
}

bool lookup_lacks(const struct lookup *lookup, sa_family_t family) {
    const struct answer *answer = lookup->answers[family == AF_INET ? 0 : 1];
    return answer != NULL && (answer->outcome == OUTCOME_NO_RECORD || answer->outcome == OUTCOME_DANGLING);
}
