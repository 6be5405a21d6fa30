#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_COMMON_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_COMMON_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/command/dns/address_set.h"
#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/local.h"
#include "originbypass/command/dns/resolution.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/config/config.h"
#include "originbypass/rules/rules.h"

/** Whether an upstream can be reached over a transport. */
enum doctor_reach {
    REACH_ANSWERS,
    REACH_LATE,        /**< later than the library waits */
    REACH_REFUSES,     /**< it can be reached, but has no answer for the name: a failure, or silence */
    REACH_SILENT,      /**< no reply */
    REACH_UNREACHABLE, /**< the network says that packets are rejected, or that nothing listens there */
    REACH_NO_ROUTE,    /**< this host has no route to it */
};

/** Whether anything came back from the server. */
bool doctor_is_heard(enum doctor_reach reach);

/** How often a question is asked over UDP, to tell a lost packet from silence. */
enum { DOCTOR_TIMES = 4 };

/** How long to wait for a reply: at least two seconds, to tell a slow server from a dead one. */
uint32_t doctor_patience_ms(uint32_t timeout_ms);

/** One of the servers that are asked, and the result. */
struct doctor_upstream {
    struct server_address server;
    char text[SERVER_ADDRESS_TEXT_SIZE];
    const char *name; /**< the name that it is asked for, which it should know */
    enum doctor_reach udp, tcp;
    bool is_forbidden; /**< this host's own firewall does not let this user send to it over UDP */
    bool lacks_edns;   /**< over UDP it is heard without EDNS, and not with it */
    bool forbids_edns; /**< the same, because of this host's own firewall */
    bool loses_long;   /**< over UDP its answer is heard if it is cut off at 512 octets, and not as a whole */
    bool is_truncated; /**< its answer is too long for UDP, and does not come over TCP */
    bool is_captured;  /**< something answers in its place, and this has been reported */
};

/** A list of them, each server once. */
struct doctor_upstreams {
    struct doctor_upstream *list;
    size_t count;
};

/** One of the hosts that are checked. */
struct doctor_host {
    const char *name;
    struct local_lookup local; /**< begun before all other checks, because it may take the longest */
    bool has_address;          /**< a program gets one, from external DNS or libc; known after doctor_name() */
    bool leads_here;           /**< external DNS gives an address of this host itself; known after doctor_name() */
    bool is_internal;          /**< libc alone gives addresses of a private network; known after doctor_name() */
    bool has_route;            /**< to one of these addresses; known after doctor_name() */
    bool is_libcs;             /**< a program gets libc's answer, and no other; known after doctor_name() */
    bool has_no_origin;        /**< external DNS has edges alone, and libc's edge stays; known after doctor_name() */
};

/** The remedy for a host of which external DNS knows no address of the origin. */
#define DOCTOR_WAYS_TO_THE_ORIGIN                                                                                      \
    "In the configuration file give the host upstreams of its own (a hidden primary), a query (another name that "     \
    "leads "                                                                                                           \
    "to the origin) or addresses; see originbypass-troubleshooting(7), PUBLIC DNS SHOWS THE EDGE"

/** The data that all areas of findings use. */
struct doctor {
    const char *pid;             /**< the process that was asked for; NULL: none */
    const struct config *config; /**< that of the library; the defaults if there is none */
    struct rules *rules;
    bool is_of_another;  /**< the configuration is not that of the process that was asked for, which is not known */
    const char *unknown; /**< why the settings of a process' listed hosts are not known; NULL: they are */
    bool is_former;      /**< the hosts are those that a process has in force, and not those of its file */
    struct doctor_host *hosts; /**< those that are checked, each once */
    size_t host_count;
    struct doctor_upstreams upstreams; /**< those that the library asks from this host */
    struct doctor_upstreams left_out;  /**< those that it does not ask, because there is no route to their service */
    bool is_captured;                  /**< something answers in place of one of them, or of any server */
};

/** Find the host of this name; case does not matter. NULL: none. */
struct doctor_host *doctor_find_host(const struct doctor *doctor, const char *name);

/** Report that the configuration file leaves a program or process alone. `shown` is its name in the report. */
void doctor_left_alone(const char *area, const char *shown, const char *file);

/** What to do if the rights on a configuration file are at fault, and not its content. NULL: they are not. */
const char *doctor_file_remedy(const char *fault);

/** Of whose environment a variable is misspelt, and how bad that is: a cause if no hosts are known. */
struct doctor_variables {
    const char *about;
    enum finding_kind kind;
};

/** Report a variable for misspelt_variables(); the context is a struct doctor_variables. */
void doctor_misspelt(const char *text, void *context);

/** Whether a rule gives the host to the library. False: it is not listed or it is excluded, so libc answers for it. */
bool doctor_is_listed(const struct doctor *doctor, const char *host);

/**
 * Look a host up as a program does that calls getaddrinfo(3) with the library, and say who answered. The addresses are
 * added only if libc did not. libc may take its time.
 */
enum resolution_source doctor_find(const char *host, struct address_set *set);

/**
 * Look a host up as a program with the library does: the rule's upstreams, its pinned addresses, and the policy on
 * answers. False: libc would answer. True, but no address was added: the program's call would fail. The caller must
 * free the set (address_set_free()).
 */
bool doctor_external(const char *host, struct address_set *set);

/** An address and a port, as connect(2) takes them. */
union doctor_socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/** Fill it; returns its size. */
socklen_t doctor_socket_address(const struct address *address, uint16_t port, union doctor_socket_address *to);

/** Whether this host has a route to one of the addresses, or there are none. Sends nothing. */
bool doctor_has_route(const struct address_set *set);

/** The settings of a host; the general ones if no rule matches it. */
const struct host_settings *doctor_settings(const struct doctor *doctor, const char *host);

/**
 * Whether this is one of the addresses that Istio gives to services without an address (240.240.0.0/16, 2001:2::/48).
 */
bool doctor_is_mesh_address(const struct address *address);

#endif
