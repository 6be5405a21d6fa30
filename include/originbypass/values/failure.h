#ifndef ORIGINBYPASS_VALUES_FAILURE_H
#define ORIGINBYPASS_VALUES_FAILURE_H

#include <stdbool.h>

#define FAILURE_REASON_SIZE 192

/** Why a lookup got no answer. */
struct failure {
    bool no_recovery;                 /**< message_is_final_failure() of what the last server said */
    bool heard;                       /**< an upstream has said something, of use or not */
    char reason[FAILURE_REASON_SIZE]; /**< in words for people */
};

#endif
