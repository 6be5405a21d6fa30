#ifndef ORIGINBYPASS_COMMAND_DOCTOR_READ_PUBLISHED_H
#define ORIGINBYPASS_COMMAND_DOCTOR_READ_PUBLISHED_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/in_force/published.h"

/**
 * Read the record of what process `pid` has in force from its memory; `maps` is the text of /proc/PID/maps. Nothing in
 * that memory is trusted: the record that is returned has a known version and state, and its texts have an end. Returns
 * NULL, or why there is none, as text to be put after "cannot tell ...: ".
 */
const char *published_read(const char *pid, const char *maps, struct published *record);

/** Whether the reason is that this user may not read the memory. */
bool published_is_denied(const char *why);

/** The same in a piece of memory: the place of the first record, or NULL. Only its magic is looked at. */
const char *published_find(const char *memory, size_t size);

/** Whether a copy of a record can be used; its texts get an end. NULL, or why not. */
const char *published_check(struct published *record);

#endif
