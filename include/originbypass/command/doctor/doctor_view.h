#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_VIEW_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_VIEW_H

#include "originbypass/command/base/option_settings.h"

/*
 * doctor --pid with hosts or URLs: what is found must be true of the process, and not of the shell that doctor was
 * started from.
 */

/**
 * Take the configuration that process `pid` has in force as the settings of this command, so that hosts, upstreams and
 * URLs are looked at with it. Does nothing if the process cannot be read, or if the settings have a value already.
 */
void doctor_view_of_process(const char *pid, struct option_settings *settings);

/** Report in what this command differs from process `pid` so that it may see something else: network, libc's files,
 * user, filters. */
void doctor_view_tell(const char *pid, const char *about);

#endif
