#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_RECORD_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_RECORD_H

#include <stdbool.h>

#include "originbypass/config/config.h"
#include "originbypass/in_force/published.h"

/* What the record of a process means: which hosts it lists, and when the process takes over a change. */

/** The hosts of the record, parsed as the library parses ORIGIN_BYPASS_HOSTS. config_free() frees the configuration. */
struct config *doctor_record_config(const struct published *record);

/** Whether the record lists the host, as far as it shows its hosts. */
bool doctor_record_lists(const struct published *record, const char *host);

/**
 * Whether process `pid` has called chroot(2) since it started: the path of its file leads elsewhere now, so the library
 * no longer looks at it.
 */
bool doctor_record_changed_root(const char *pid);

/** When process `pid` takes over what its file says: a sentence without its full stop. Nothing is to be freed. */
const char *doctor_record_noticed(const char *pid);

/** What process `pid` needs after it has refused a configuration with this error. The caller must free(3) it. */
char *doctor_record_remedy(const char *pid, const struct published *record, const char *error);

#endif
