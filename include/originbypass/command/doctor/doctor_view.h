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
    const char *why;  /**< why it is not that of the process, a static text; NULL: it is, or an option gives another */
    bool is_former;   /**< it is what the process has in force: its file is another one now, or gone */
    bool is_next;     /**< it is the file as it is now, which the process takes over with a lookup */
    bool has_no_file; /**< there is none, so that none is to be named */
    const char *unknown; /**< why the settings of its listed hosts are not known, a static text; NULL: they are */
};

/**
 * Take the configuration that process `pid` has in force, or will have with its next lookup, as the settings of this
 * command. Takes nothing if it is not known, or if the settings have a value already.
 */
struct doctor_view doctor_view_of_process(const char *pid, struct option_settings *settings);

/** Report if the configuration is not that of the process, or not that of its file. */
void doctor_view_tell_configuration(const struct doctor_view *view, const char *pid);

/** Report in what this command differs from process `pid` so that it may see something else: network, libc's files,
 * user, filters. */
void doctor_view_tell(const char *pid, const char *about);

#endif
