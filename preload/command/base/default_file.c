#include "originbypass/command/base/default_file.h"

#include <errno.h>
#include <sys/stat.h>

#include "originbypass/config/config.h"

bool default_file_is_dangling(void) {
    struct stat status;
    return lstat(CONFIG_DEFAULT_FILE, &status) == 0 && stat(CONFIG_DEFAULT_FILE, &status) != 0 && errno == ENOENT;
}
