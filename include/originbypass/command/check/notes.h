#ifndef ORIGINBYPASS_COMMAND_CHECK_NOTES_H
#define ORIGINBYPASS_COMMAND_CHECK_NOTES_H

#include <stddef.h>

#include "originbypass/config/config.h"

/** Something in a configuration that is legal, but perhaps not what was meant. */
struct note {
    const struct host_rule *rule; /**< NULL: about the configuration as a whole */
    char *text;
};

struct notes {
    size_t count;
    struct note *list;
};

/** Collect the notes on a configuration without errors. It must outlive the result, which notes_free() frees. */
struct notes notes_collect(const struct config *config);
void notes_free(struct notes *notes);

#endif
