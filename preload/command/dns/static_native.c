/* Takes the place of native.c in the static command, into which no library is ever preloaded. */
#include "originbypass/command/dns/native.h"

#include <stddef.h>

#include "originbypass/command/dns/getent.h"
#include "originbypass/guest/libc.h"

int native_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    return libc_getaddrinfo(node, service, hints, list);
}

const char *native_substitute(void) {
    return getent_path() != NULL ? NULL
                                 : "there is no getent on this system, so this command itself looks where its libc "
                                   "would: in /etc/hosts, and then at the name servers in /etc/resolv.conf";
}
