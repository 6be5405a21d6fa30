#ifndef ORIGINBYPASS_CONFIG_COMPARE_H
#define ORIGINBYPASS_CONFIG_COMPARE_H

#include <stdbool.h>

#include "originbypass/config/config.h"

/**
 * Whether a host that had the one settings, perhaps of another configuration, is answered in the same way with the
 * other: then an answer from before holds. Thread-safe.
 */
bool config_compare_equal(const struct host_settings *a, const struct host_settings *b);

#endif
