#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_MAPPING_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_MAPPING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/** The library in a process, according to a line of /proc/PID/maps (proc(5)). */
struct mapping {
    char path[4096]; /**< as the process's own root has it */
    bool deleted;    /**< the file no longer has a name */
    dev_t device;
    unsigned long inode;
    uint64_t start, end; /**< addresses in the process */
    bool writable, executable;
};

/**
 * Find the next mapping of a file, whatever it is called. `maps` points to the rest of the text, which this function
 * modifies, and is moved on. False: there are no more.
 */
bool mapping_next_file(char **maps, struct mapping *mapping);

/** Whether the file is called as the library is. */
bool mapping_is_library(const struct mapping *mapping);

/**
 * Find the next mapping of a file that is called liboriginbypass.so, with or without a version after it.
 */
bool mapping_next(char **maps, struct mapping *mapping);

/**
 * The same for mappings that are executable. Without one, the library has no effect in the process: the loader has
 * refused it.
 */
bool mapping_next_loaded(char **maps, struct mapping *mapping);

/**
 * Whether glibc is mapped. A process does not have it if it does not use it to resolve names, or if the loader has not
 * mapped it yet. (The loader maps preloaded libraries first.)
 */
bool mapping_has_libc(const char *maps);

/** What mapping_why_outdated() returns if it cannot be told: a text by itself. */
extern const char MAPPING_UNKNOWN[];

/**
 * Why the library that is mapped in process `pid` is not the installed one: a text to be put after "which "; NULL: it
 * is the installed one. `installed` is a path in this process's root. If it is NULL, the mapping is compared only with
 * the file that has its path now.
 */
const char *mapping_why_outdated(const char *pid, const struct mapping *mapping, const char *installed);

/** stat(2) of the file that is mapped, if it can be found at its path. False: it cannot. */
bool mapping_file_status(const char *pid, const struct mapping *mapping, struct stat *status);

#endif
