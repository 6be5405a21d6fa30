#ifndef ORIGINBYPASS_COMMAND_DNS_LOCAL_FILES_H
#define ORIGINBYPASS_COMMAND_DNS_LOCAL_FILES_H

#include <stdbool.h>

#include "originbypass/command/dns/address_set.h"

/* The files that libc's answers depend on: hosts(5) and resolv.conf(5), as this command sees them. */

/**
 * The line of /etc/hosts that gives the host one of these addresses, as `/etc/hosts, line 7`. The caller must free(3)
 * the text. NULL: there is none.
 */
char *local_files_place(const char *host, const struct address_set *set);

/** Why libc has no name server to ask, as static text about /etc/resolv.conf. NULL: it has one. */
const char *local_files_fault(void);

/** The domains in which libc searches for a short name, between blanks. The caller must free(3) them. NULL: none. */
char *local_files_search(void);

/**
 * The name servers that libc asks: the first of those in /etc/resolv.conf, at most `most`, or 127.0.0.1 if it names
 * none. Returns their number.
 */
size_t local_files_servers(struct server_address *servers, size_t most);

/** Whether /etc/resolv.conf names this server, so that libc asks it, too. */
bool local_files_name(const struct server_address *server);

#endif
