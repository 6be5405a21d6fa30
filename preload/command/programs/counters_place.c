#include "originbypass/command/programs/counters_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "originbypass/command/base/log_file.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/guest/descriptor.h"
#include "originbypass/metrics/counters_directory.h"

static const char READ_ONLY[] = "its file system can only be read";
static const char FULL[] = "no space is left on its file system";

const char *counters_place_fault(const char *path) {
    struct descriptor directory = {.number = -1};
    const char *fault = counters_directory_open(path, &directory);
    descriptor_close(&directory);
    if (fault != NULL)
        return fault;
    if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0)
        return errno == EROFS ? READ_ONLY : "this user may not write to it";
    return file_system_takes_no_file(path) ? FULL : NULL;
}

bool counters_place_is_removed(const char *pid) {
    char *maps = proc_file_text(pid, "maps", NULL);
    bool removed = maps != NULL && strstr(maps, ".counters (deleted)\n") != NULL;
    free(maps);
    return removed;
}

bool counters_place_is_taken(const char *pid) {
    char *maps = proc_file_text(pid, "maps", NULL);
    bool taken = maps != NULL && strstr(maps, ".counters\n") != NULL;
    free(maps);
    return taken;
}

/* A process makes its file when its configuration takes effect, and not again. */
#define OR_ANOTHER                                                                                                     \
    "or name another one in ORIGIN_BYPASS_METRICS or metrics.directory. Then restart the programs that ran before"

const char *counters_place_remedy(const char *fault) {
    if (strcmp(fault, FULL) == 0)
        return "Make room on its file system, " OR_ANOTHER;
    if (strstr(fault, "this user may not") != NULL)
        return "Let the user of the program read and write the directory (chown, chmod), " OR_ANOTHER;
    if (strstr(fault, "no sticky bit") != NULL)
        return "Set it (chmod +t), so that no user can take away another's file, " OR_ANOTHER;
    if (strcmp(fault, READ_ONLY) == 0)
        return "Mount a volume that can be written there (in Kubernetes an emptyDir), " OR_ANOTHER;
    return "Make the directory, for the user of the program, " OR_ANOTHER;
}
