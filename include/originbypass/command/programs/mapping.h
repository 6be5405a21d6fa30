#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_MAPPING_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_MAPPING_H

#include <stdbool.h>
#include <sys/types.h>

/** The library in a process, as a line of /proc/PID/maps tells (proc(5)). */
struct mapping {
    char path[4096]; /**< in the process's own root */
    bool deleted;    /**< the file has no name any more */
    dev_t device;
    unsigned long inode;
};

/**
 * The next mapping of a file called liboriginbypass.so, also with a version behind. `maps` is the rest of the text,
 * which is taken apart and moved on. False: there is no more.
 */
bool mapping_next(char **maps, struct mapping *mapping);

/**
 * Why what is mapped in process `pid` is not what is installed, to be put after "which "; NULL: it is. `installed` is a
 * path in this process's root, or NULL: there is nothing to compare it with but the file that has its path now.
 */
const char *mapping_why_outdated(const char *pid, const struct mapping *mapping, const char *installed);

#endif
