#ifndef ORIGINBYPASS_COMMAND_RUN_PRIVATE_HOSTS_H
#define ORIGINBYPASS_COMMAND_RUN_PRIVATE_HOSTS_H

#include <stdbool.h>

/**
 * Give this process, and the program that it becomes, an /etc/hosts of its own: the machine's with the names of the
 * host rules in it, which are resolved now, through the library's own getaddrinfo(3) and the environment's settings as
 * they were when this process was started. It lies in a mount namespace (mount_namespaces(7)), and in a user namespace
 * of the same user where the right for the former is missing; nobody else sees it and nothing of it stays.
 *
 * Rules that a hosts file cannot express (wildcards), and names without an address, are told of, unless `quiet`, and
 * left out. False after a complaint: no name is left, or the system forbids it. Then the program must not be run.
 */
bool private_hosts_enter(bool quiet);

#endif
