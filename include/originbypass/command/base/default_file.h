#ifndef ORIGINBYPASS_COMMAND_BASE_DEFAULT_FILE_H
#define ORIGINBYPASS_COMMAND_BASE_DEFAULT_FILE_H

#include <stdbool.h>

/**
 * Whether the usual configuration file (CONFIG_DEFAULT_FILE) is a symbolic link to a file that is not there, and not
 * simply missing: the key of a ConfigMap may be gone.
 */
bool default_file_is_dangling(void);

#endif
