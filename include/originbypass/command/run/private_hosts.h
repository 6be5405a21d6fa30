#ifndef ORIGINBYPASS_COMMAND_RUN_PRIVATE_HOSTS_H
#define ORIGINBYPASS_COMMAND_RUN_PRIVATE_HOSTS_H

#include <stdbool.h>

/**
 * Give this process, and the program that it becomes, an /etc/hosts of its own. This is the machine's file, plus the
 * names of the host rules. The names are resolved now, by the library's own getaddrinfo(3), with the settings that the
 * environment had when this process was started. The file is in a mount namespace (mount_namespaces(7)); if that is not
 * permitted, also in a user namespace of the same user. Nobody else sees it, and nothing of it remains.
 *
 * Rules that a hosts file cannot express (wildcards) and names without an address are left out, with a message unless
 * `quiet`. Returns false after a complaint: no name is left, or the system forbids it. Then the program must not be
 * run.
 */
bool private_hosts_enter(bool quiet);

#endif
