#ifndef ORIGINBYPASS_CONFIG_SETTINGS_H
#define ORIGINBYPASS_CONFIG_SETTINGS_H

#include <stdbool.h>

#include "originbypass/config.h"

/**
 * Whether a host that had the one settings, perhaps of another configuration, is answered in the same way with the
 * other: then an answer from before holds. Thread-safe.
 */
bool config_settings_equal(const struct host_settings *a, const struct host_settings *b);

#endif
