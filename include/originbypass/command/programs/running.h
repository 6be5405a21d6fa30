#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_RUNNING_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_RUNNING_H

#include <stdbool.h>
#include <stddef.h>

/** Whether a running program has the library of the whole machine. */
enum running_state {
    RUNNING_HAS_IT,
    RUNNING_LACKS_IT,     /**< it was started before the library was entered */
    RUNNING_MAY_NOT,      /**< it lacks it, and its user may not read the file */
    RUNNING_HAS_OLD,      /**< another copy, or a file that is no longer there */
    RUNNING_HAS_LEFTOVER, /**< it was started while the library was entered, and the library is not entered now */
    RUNNING_STATES,       /**< the number of states */
};

struct running {
    char *pid;
    char *program; /**< its file, or its name if the file cannot be found out */
    char *library; /**< the path of the mapped library, in the program's own root; NULL: not mapped */
    enum running_state state;
};

/**
 * The programs that run on this machine, or in this container. Left out are those of other containers, which have
 * another root, the kernel's threads, and this process itself.
 */
struct running_list {
    size_t count;
    struct running *programs; /**< those that have the library, and those that lack it but should have it */
    size_t out_of_reach;      /**< lack it and always will: static, or for another libc or architecture */
    size_t unreadable;        /**< this user may not look at them */
    const char *unseen;       /**< why none, or only some, are in /proc; NULL: all are */
};

/** What `unseen` is if nothing can be said about running programs. */
extern const char RUNNING_NO_PROC[];

/** `entered` is the real path of the library that a program gets if it is started now; NULL: none. */
struct running_list running_collect(const char *entered);
void running_free(struct running_list *list);

/** Whether a restart would change which library the program has. */
bool running_needs_restart(enum running_state state);

#endif
