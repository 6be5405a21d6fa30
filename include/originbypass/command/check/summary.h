#ifndef ORIGINBYPASS_COMMAND_CHECK_SUMMARY_H
#define ORIGINBYPASS_COMMAND_CHECK_SUMMARY_H

#include <stdbool.h>

#include "originbypass/config/config.h"
#include "originbypass/config/source.h"

/*
 * What a configuration without errors means: its host rules and how each is answered, then the general settings, and
 * which of the environment's variables had a part in it. For people.
 */
void summary_print(const struct config *config, const struct config_source *source);

/** Whether a variable is set and has a part in the configuration: `LOG_LEVEL` has not always one. */
bool summary_variable_counts(const struct config_source *source, enum config_variable variable);

#endif
