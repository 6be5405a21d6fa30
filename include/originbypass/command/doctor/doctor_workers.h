#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_WORKERS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_WORKERS_H

#include <stddef.h>

#include "originbypass/in_force/published.h"

/**
 * Report the first worker of process `pid` that has not taken over what the process has in force: it does not list one
 * of the hosts, or it has refused its configuration. Workers that are shutting down do not count. `about` is how the
 * process is called in the report.
 */
void doctor_workers(const char *about, const char *pid, const struct published *record, const char *const *hosts,
                    size_t host_count);

/**
 * The same from the side of a worker: what says why it does not list the host, though the process that has started it
 * does. NULL: it does not, or its program is not known. Nothing is to be freed.
 */
const char *doctor_workers_remedy(const char *pid, const char *host);

/** The number of the process that has started process `pid`, for the caller to free(3); "": it is not known. */
char *doctor_workers_parent(const char *pid);

#endif
