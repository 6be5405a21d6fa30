#ifndef ORIGINBYPASS_COMMAND_WATCH_WATCH_EVENTS_H
#define ORIGINBYPASS_COMMAND_WATCH_WATCH_EVENTS_H

#include <stdbool.h>

#include "originbypass/command/dns/address_set.h"

/*
 * What `originbypass watch` tells: a line for each event, or a document of JSON, on standard output and at once.
 */
void watch_events_use_json(void);

/** The first addresses of a host. */
void watch_events_tell_found(const char *host, const struct address_set *addresses);
void watch_events_tell_changed(const char *host, const struct address_set *before, const struct address_set *after);
/** A look-up that says nothing of a change, and why. */
void watch_events_tell_failed(const char *host, const char *reason);
/** The command was run, and has ended with this status of waitpid(2). */
void watch_events_tell_run(const char *command, int status);

#endif
