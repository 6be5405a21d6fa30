#ifndef ORIGINBYPASS_IN_FORCE_CONFIGURATION_MESSAGES_H
#define ORIGINBYPASS_IN_FORCE_CONFIGURATION_MESSAGES_H

#include <stdbool.h>

#include "originbypass/config/config.h"
#include "originbypass/metrics/counters_file.h"

/** Tell of a configuration with errors: one line, however much is wrong. `former_stays`: there is one in force. */
void configuration_tell_refusal(const struct config *config, bool former_stays);

/** Tell of one that has replaced another. */
void configuration_tell_reload(const struct config *config, uint32_t generation);

/** Write the first error, with file and line or the variable, for the counters' file; "" where there is none. */
void configuration_write_error(const struct config *config, struct counters_load *load);

#endif
