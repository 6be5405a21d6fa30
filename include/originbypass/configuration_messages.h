#ifndef ORIGINBYPASS_CONFIGURATION_MESSAGES_H
#define ORIGINBYPASS_CONFIGURATION_MESSAGES_H

#include <stdbool.h>

#include "originbypass/config.h"
#include "originbypass/counters_file.h"

/** Tell of a configuration with errors: one line, however much is wrong. `former_stays`: there is one in force. */
void configuration_tell_refusal(const struct config *config, bool former_stays);

/** Tell of one that has replaced another. */
void configuration_tell_reload(const struct config *config, uint32_t generation);

/** Tell of settings that do nothing in this version: who relies on a protection that is not there must know. */
void configuration_tell_without_effect(const struct config *config);

/** Write the first error, with file and line or the variable, for the counters' file; "" where there is none. */
void configuration_write_error(const struct config *config, struct counters_load *load);

#endif
