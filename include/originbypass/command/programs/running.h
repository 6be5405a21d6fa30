#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_RUNNING_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_RUNNING_H

#include <stdbool.h>
#include <stddef.h>

/** How a running program stands to the library of the whole machine. */
enum running_state {
    RUNNING_HAS_IT,
    RUNNING_LACKS_IT,     /**< it was started before the library was entered */
    RUNNING_HAS_OLD,      /**< another copy, or a file that is no longer there */
    RUNNING_HAS_LEFTOVER, /**< it was started while the library was entered, and this is no longer so */
    RUNNING_STATES,       /**< so many there are */
};

struct running {
    char *pid;
    char *program; /**< its file, or its name where that cannot be had */
    char *library; /**< where the library is mapped from, in the program's own root; NULL: not at all */
    enum running_state state;
};

/**
 * The programs that run on this machine, or in this container: those of other containers, whose root is another, are
 * left out, as are the kernel's threads and this process itself.
 */
struct running_list {
    size_t count;
    struct running *programs; /**< those that have the library, and those that lack it and should not */
    size_t out_of_reach;      /**< lack it and always will: static, or of another libc or architecture */
    size_t unreadable;        /**< may not be looked at by this user */
};

/** `entered`: the library that a program started now gets, by its real path; NULL: none. */
struct running_list running_collect(const char *entered);
void running_free(struct running_list *list);

/** Whether a new start would make a difference to the library that it has. */
bool running_needs_restart(enum running_state state);

#endif
