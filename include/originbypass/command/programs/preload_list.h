#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_PRELOAD_LIST_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_PRELOAD_LIST_H

#include <stddef.h>

/**
 * The text of /etc/ld.so.preload as glibc's loader reads it (ld.so(8)). Paths are separated by blanks, tabs, colons and
 * newlines. A `#` anywhere begins a comment, which ends with the line. (If there are several comments, glibc 2.36 may
 * take the later ones for paths. It searches for them in a range that begins at the start of the text and is only as
 * long as what follows the previous comment.) The caller owns all returned texts.
 */
struct preload_list {
    size_t count;
    char **paths; /**< in the file's order */
};

struct preload_list preload_list_read(const char *text);
void preload_list_free(struct preload_list *list);

/** The octets that a path there cannot contain: the separators and `#`, and `$`, which the loader expands. */
extern const char PRELOAD_LIST_FORBIDDEN[];

/** The text with the path added on a line of its own at the end. preload_list_without() restores the former text. */
char *preload_list_with(const char *text, const char *path);

/**
 * The text without all entries of this path. If a line had nothing else, the line is removed too. Comments and all
 * other entries stay as they are.
 */
char *preload_list_without(const char *text, const char *path);

#endif
