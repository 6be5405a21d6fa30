#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_COMMON_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_COMMON_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/command/dns/address_set.h"
#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/local.h"
#include "originbypass/command/programs/program.h"
#include "originbypass/config/config.h"
#include "originbypass/rules/rules.h"

/** How far an upstream is to be had over one transport. */
enum doctor_reach {
    REACH_ANSWERS,
    REACH_REFUSES,     /**< it is there, and its answers are of no use */
    REACH_SILENT,      /**< nothing came back */
    REACH_UNREACHABLE, /**< the network said that there is no way to it, or that nobody listens */
};

/** One of the servers that are asked, and what came of asking it. */
struct doctor_upstream {
    struct server_address server;
    char text[SERVER_ADDRESS_TEXT_SIZE];
    const char *name; /**< what it is asked for: a name that it should know */
    enum doctor_reach udp, tcp;
    bool is_captured; /**< something answers in its place, and this has been told */
};

/** One of the hosts that are looked at. */
struct doctor_host {
    const char *name;
    struct local_lookup local; /**< begun before all other looks, because it may take the longest */
    bool has_address;          /**< of external DNS or of libc; known after doctor_name() */
};

/** What the areas of findings have in common. */
struct doctor {
    const struct config *config; /**< that of the library; its defaults where there is none */
    struct rules *rules;
    struct doctor_host *hosts; /**< those that are looked at, each once */
    size_t host_count;
    struct doctor_upstream *upstreams; /**< each once */
    size_t upstream_count;
    bool is_captured; /**< something answers in the place of one of them, or of any server */
};

/** The host of this name, without regard to case, or NULL. */
struct doctor_host *doctor_find_host(const struct doctor *doctor, const char *name);

/** That the configuration file leaves a program or process alone. */
void doctor_left_alone(const char *area, const char *shown, const char *file);

/** What the library would answer for a host, or would if it were listed; false: nothing, libc would. The caller frees
 * the set. */
bool doctor_external(const struct doctor *doctor, const char *host, struct address_set *set);

/** The settings of a host, those of hosts in general where no rule is for it. */
const struct host_settings *doctor_settings(const struct doctor *doctor, const char *host);

/** Whether Istio gives such addresses to services that have none (240.240.0.0/16, 2001:2::/48). */
bool doctor_is_mesh_address(const struct address *address);

#endif
