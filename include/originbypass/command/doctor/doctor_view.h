#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_VIEW_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/command/base/option_settings.h"

/*
 * doctor --pid with hosts or URLs: what is found must be true of the process, and not of the shell that doctor was
 * started from.
 */

/** Which configuration hosts, upstreams and URLs are looked at with. All zeros: that of this environment, as asked. */
struct doctor_view {
    const char *why; /**< why it is not that of the process, a static text; NULL: it is, or an option gives another */
    bool is_former;  /**< the process has hosts in force that its file no longer has, or the other way round */
};

/**
 * Take the configuration that process `pid` has in force, or will have with its first lookup, as the settings of this
 * command. If its file lists one of these hosts and what is in force does not, or the other way round, what is in force
 * counts. Takes nothing if the configuration is not known, or if the settings have a value already.
 */
struct doctor_view doctor_view_of_process(const char *pid, struct option_settings *settings, char *const *hosts,
                                          size_t host_count);

/** Report if the configuration is not that of the process, or not that of its file. */
void doctor_view_tell_configuration(const struct doctor_view *view, const char *pid);

/** Report in what this command differs from process `pid` so that it may see something else: network, libc's files,
 * user, filters. */
void doctor_view_tell(const char *pid, const char *about);

#endif
