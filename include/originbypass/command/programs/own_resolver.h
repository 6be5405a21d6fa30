#ifndef ORIGINBYPASS_COMMAND_PROGRAMS_OWN_RESOLVER_H
#define ORIGINBYPASS_COMMAND_PROGRAMS_OWN_RESOLVER_H

#include <stdbool.h>

/** The beginnings of the names of libraries that ask DNS themselves, such as `libcares.so`; NULL ends the list. */
extern const char *const own_resolver_libraries[];

/**
 * Signs in a program's file that it may ask DNS itself, past libc's getaddrinfo(3). None of them is a proof: what
 * the program does shows only while it runs (dns_sockets.h). own_resolver_free() frees the texts.
 */
struct own_resolver {
    const char *function; /**< that asks DNS for any record (resolver(3), libevent's evdns), imported; NULL: none */
    bool has_resolv_conf; /**< the path /etc/resolv.conf is in the file, as in one that looks for DNS servers */
    char *needed;         /**< a library that the program needs and that has one of the next two signs; NULL: none */
    char *resolver;       /**< one of own_resolver_libraries, needed by `needed`, or by the program if that is NULL */
    bool needed_resolv_conf; /**< /etc/resolv.conf is in `needed` */
    bool asks_libc;          /**< the program imports getaddrinfo(3) or gethostbyname(3) as well */
};

/**
 * Look for the signs in the program at `path` and, one level deep, in the libraries that it needs. The libraries
 * are found like the loader finds them (ld.so(8)): in the program's run path, the loader's cache and the usual
 * directories. Their paths begin in the root of process `pid`, or in ours if that is NULL. The files may be anything:
 * they are only read, and not more than a bounded number of octets.
 *
 * Some signs would mislead, and are left out: those of Go programs, whose resolver is known (struct program); those of
 * libc's own libraries; those of GLib and libevent, which only some programs use for DNS; and the functions of
 * resolver(3) that a needed library imports, since Kerberos and LDAP look for SRV records with them.
 *
 * Returns false if there is no sign, or if the file cannot be read.
 */
bool own_resolver_find(const char *pid, const char *path, struct own_resolver *found);

void own_resolver_free(struct own_resolver *found);

#endif
