#ifndef ORIGINBYPASS_CONFIG_ERRORS_H
#define ORIGINBYPASS_CONFIG_ERRORS_H

#include <stddef.h>

#include "originbypass/config/arena.h"
#include "originbypass/config/config.h"

/** So many errors are told of one configuration; a last one says that there are more. */
enum { CONFIG_ERRORS_MAX = 100 };

/** What is wrong with a configuration, as it is found. */
struct config_errors {
    struct arena *memory; /**< the configuration's own: the errors live as long as it does */
    struct config_error *list;
    size_t count;
};

/** Where an error is: in a line of a file (0: the file as a whole), or in a variable of the environment. */
struct config_place {
    const char *file;
    int line;
    const char *variable;
};

/** Add an error: the offending value, what is wrong with it, and what would be right. */
void config_errors_add(struct config_errors *errors, struct config_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * A value for use in an error: in quotes, cut where it is long; all but printable ASCII as libconfig's `\xHH`.
 * Never NULL.
 */
const char *config_errors_quote(struct config_errors *errors, const char *text, size_t length);

#endif
