#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PRELOAD_LIST_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PRELOAD_LIST_H

#include <stddef.h>

/**
 * The text of /etc/ld.so.preload as glibc's loader reads it (ld.so(8)): paths between blanks, tabs, colons and ends of
 * lines; `#` begins a comment anywhere, up to the end of its line. (Of several comments, glibc 2.36 may take the later
 * ones for paths: it looks for them in as many octets from the beginning as are left behind the one before.) All texts
 * that are returned are the caller's.
 */
struct preload_list {
    size_t count;
    char **paths; /**< in the file's order */
};

struct preload_list preload_list_read(const char *text);
void preload_list_free(struct preload_list *list);

/** The octets that cannot stand in a path there: those above, and `$`, which the loader expands. */
extern const char PRELOAD_LIST_FORBIDDEN[];

/** The text with the path in a line of its own at the end. preload_list_without() makes of it what it was. */
char *preload_list_with(const char *text, const char *path);

/**
 * The text without each entry of this path. A line that had nothing else goes with it; comments and all other entries
 * stay as they are.
 */
char *preload_list_without(const char *text, const char *path);

#endif
