#include "originbypass/command/base/variable.h"

#include <stdlib.h>

#include "originbypass/command/base/text.h"
#include "originbypass/config/source.h"

char *variable_value(const char *value) {
    size_t length = config_variable_length(value);
    return length == 0 ? NULL : text_format("%.*s", (int)length, value);
}

char *variable_get(const char *name) {
    return variable_value(secure_getenv(name));
}

bool variable_is_disabled(void) {
    bool disabled = false;
    return config_source_is_disabled(secure_getenv(config_variable_name(CONFIG_VARIABLE_DISABLED)), &disabled) &&
           disabled;
}
