#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/command/dns/address_set.h"
#include "originbypass/command/dns/ask.h"
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

/** What the areas of findings have in common. */
struct doctor {
    const struct config *config; /**< that of the library; its defaults where there is none */
    struct rules *rules;
    const char *const *hosts; /**< those that are looked at */
    size_t host_count;
    struct doctor_upstream *upstreams; /**< each once */
    size_t upstream_count;
    bool is_captured; /**< something answers in the place of one of them, or of any server */
};

/* One area of findings each: a file of preload/cli/ called by its name. They tell through findings_tell(). */

/** Whether a configuration is there, good, and where changes to it are seen. False: there is no use in going on. */
bool doctor_configuration(const struct doctor *doctor);

/** Each upstream over UDP and TCP, and whether the way to all of them is barred. Fills in `udp` and `tcp`. */
void doctor_upstreams(struct doctor *doctor);

/** Whether something answers in the upstreams' place. */
void doctor_capture(struct doctor *doctor);

/** One host: its rule, what external DNS and libc say of it, and whether that is an edge. */
void doctor_name(const struct doctor *doctor, const char *host);

/** A URL, tried with curl under the library. */
void doctor_url(const struct doctor *doctor, const char *url, const char *host);

/** Whether the library can reach a program, found as execvp(3) would and run with these arguments (argv, with NULL at
 * its end), and serves it; it is told of as `shown`. */
void doctor_program(char *const *arguments, const char *shown);

/** The same of the program that runs as process `pid`. */
void doctor_program_of(const char *pid, const char *shown);

/** Whether the library is in a process. True: the process needs a restart. */
bool doctor_process(const char *pid);

/* What more than one area needs. */

/** What is known of a program by its name, and by signs in its arguments and script. False: nothing; `*unreached` is
 * set where it never asks libc. */
bool doctor_known(const struct program *program, char *const *arguments, const char *shown, bool *unreached);

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
