#ifndef ORIGINBYPASS_COMMAND_CHECK_SUMMARY_H
#define ORIGINBYPASS_COMMAND_CHECK_SUMMARY_H

#include <stdbool.h>

#include "originbypass/config/config.h"
#include "originbypass/config/source.h"

/*
 * Write for people what a configuration without errors means: its host rules and how each is answered, then the general
 * settings, and which environment variables had an effect on it.
 */
void summary_print(const struct config *config, const struct config_source *source);

/** Whether a variable is set and has an effect on the configuration. `LOG_LEVEL` does not always have one. */
bool summary_variable_counts(const struct config_source *source, enum config_variable variable);

#endif
