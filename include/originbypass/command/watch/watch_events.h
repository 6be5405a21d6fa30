#ifndef ORIGINBYPASS_COMMAND_WATCH_WATCH_EVENTS_H
#define ORIGINBYPASS_COMMAND_WATCH_WATCH_EVENTS_H

#include <stdbool.h>

#include "originbypass/command/dns/address_set.h"

/*
 * The events that `originbypass watch` reports. Each is written to standard output at once, as a line or as a JSON
 * document.
 */
void watch_events_use_json(void);

/** The first addresses of a host are known. */
void watch_events_tell_found(const char *host, const struct address_set *addresses);
void watch_events_tell_changed(const char *host, const struct address_set *before, const struct address_set *after);
/** After failures a lookup has shown that the addresses have not changed. */
void watch_events_tell_again(const char *host, const struct address_set *addresses);
/** A lookup could not show whether the addresses have changed, for this reason. */
void watch_events_tell_failed(const char *host, const char *reason);
/** The command was run, and ended with this status (waitpid(2)). */
void watch_events_tell_run(const char *command, int status);

#endif
