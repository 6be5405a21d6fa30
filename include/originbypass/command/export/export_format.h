#ifndef ORIGINBYPASS_COMMAND_EXPORT_EXPORT_FORMAT_H
#define ORIGINBYPASS_COMMAND_EXPORT_EXPORT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "originbypass/config/config.h"
#include "originbypass/rules/rules.h"

/** The rules that are being written for another program, to standard output. */
struct export {
    const struct rules *rules;
    const struct config *config;
};

/** A format. Each is defined in a file of its own. */
struct export_format {
    const char *name;
    const char *use; /**< what to do with it: whole lines, which become comments at its beginning */
    /** Write it. False: a name that should be in it could not be resolved; a comment in the output says so. */
    bool (*write)(const struct export *export);
};

/** Write a comment line about a rule: `# RULE (PLACE): …`. */
void export_comment(const struct export *export, const struct host_rule *rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Write a comment about settings of the rule that the format cannot express: rejected addresses, and the family. */
void export_comment_rejection(const struct export *export, const struct host_rule *rule);
void export_comment_family(const struct export *export, const struct host_rule *rule);

/**
 * Comment that a rule with `when = "edge"` cannot be expressed: nobody asks the local DNS first. False: the rule is for
 * every name, and must not be written at all.
 */
bool export_comment_when(const struct export *export, const struct host_rule *rule);

/** The rule for the names below this one that have no rule of their own. NULL: none. */
const struct host_rule *export_rule_below(const struct export *export, const char *name);

/** How a rule's names are answered. NULL: by libc, also if there is no rule (NULL). */
static inline const struct host_settings *export_settings(const struct host_rule *rule) {
    return rule == NULL || rule->excluded ? NULL : rule->settings;
}

/**
 * Write a server as `ADDRESS:PORT` or `[V6]:PORT`, always with the port. `separator` is written in place of the last
 * colon.
 */
void export_server(const struct server_address *server, char separator);

/**
 * One of the upstreams, by its place; NULL: there are no more. Of a default upstream only the first address, because
 * the other programs would also wait for an address that there is no route to.
 */
const struct server_address *export_upstream(const struct host_settings *settings, size_t place);

/** Comment which addresses are for a host with IPv6 alone, if export_upstream() leaves any out. */
void export_comment_services(const struct export *export);

/** Call `write` for each address of a rule that pins addresses. */
void export_each_pinned(const struct host_settings *settings, void (*write)(const char *address, void *context),
                        void *context);

#endif
