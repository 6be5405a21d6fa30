#ifndef ORIGINBYPASS_CONFIG_TREE_H
#define ORIGINBYPASS_CONFIG_TREE_H

#include <stddef.h>

#include "originbypass/config/arena.h"
#include "originbypass/config/errors.h"

enum config_node_kind {
    CONFIG_NODE_NUMBER, /**< whole or not, whether it fits or not */
    CONFIG_NODE_BOOLEAN,
    CONFIG_NODE_STRING,
    CONFIG_NODE_LIST, /**< ( ) or [ ] */
    CONFIG_NODE_GROUP,
};

/** A configuration file's values as a tree, in the file's order. */
struct config_node {
    enum config_node_kind kind;
    int line;
    const char *name; /**< of a setting in a group; NULL in a list */
    const char *text; /**< a string's value; a number or boolean as it is written; NULL for lists and groups */
    size_t count;     /**< of a list or group */
    struct config_node *children;
};

/**
 * Read a text that config_grammar_check() let pass with so many values; a newline and NUL follow its last octet.
 * Returns the outermost group, in `memory`. NULL: the text is refused and the error told, or there is no memory
 * (`memory->exhausted`).
 */
const struct config_node *config_tree_read(const char *file, const char *text, size_t size, size_t value_count,
                                           struct arena *memory, struct config_errors *errors);

/** The words of a text, separated by commas or white space, as a list of strings. NULL: no memory. */
const struct config_node *config_tree_words(const char *text, struct arena *memory);

#endif
