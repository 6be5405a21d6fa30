#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_LINK_ORDER_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_LINK_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "originbypass/command/programs/mapping.h"

/*
 * Which of several copies of the library answers in a process. The addresses in /proc/PID/maps do not tell: the loader
 * looks a function up in the order of its own list (the link map of <link.h>), in which what LD_PRELOAD names comes
 * before what /etc/ld.so.preload names.
 */

/** What link_order_first() has found. */
enum link_order {
    LINK_ORDER_NONE,    /**< the process does not have the library */
    LINK_ORDER_ONLY,    /**< it has one copy */
    LINK_ORDER_FIRST,   /**< it has several, and this one is asked first */
    LINK_ORDER_UNKNOWN, /**< it has several, and this is one of them: its list cannot be read */
};

/**
 * Find the executable mapping of the copy that answers in process `pid`; `maps` is the text of /proc/PID/maps. Nothing
 * in the memory of the process is trusted.
 */
enum link_order link_order_first(const char *pid, const char *maps, struct mapping *mapping);

/** Read memory of process `pid` (process_vm_readv(2)). False: errno says why not all of it can be read. */
bool link_order_read(const char *pid, uint64_t address, void *to, uint64_t size);

#endif
