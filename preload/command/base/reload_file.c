#include "originbypass/command/base/reload_file.h"

#include <stddef.h>

#include "originbypass/config/file.h"

static const char *fault_for(const char *path, enum config_trust trust) {
    struct config_file file;
    const char *fault = config_file_open(path, trust, &file);
    config_file_close(&file);
    return fault;
}

const char *reload_file_fault(const char *path) {
    return fault_for(path, CONFIG_TRUST_ALL) == NULL ? fault_for(path, CONFIG_TRUST_USER) : NULL;
}
