#ifndef ORIGINBYPASS_COMMAND_BASE_DESCRIBE_H
#define ORIGINBYPASS_COMMAND_BASE_DESCRIBE_H

#include "originbypass/config/config.h"
#include "originbypass/values/address.h"
#include "originbypass/values/prefixes.h"

/*
 * The parts of a configuration in words. The caller must free(3) each `char *`. The text may contain what a file or the
 * environment says, so escape it before you show it (text.h).
 */

/** An address as inet_ntop(3) writes it. */
char *describe_address(const struct address *address);

/** A server as in the configuration: `ADDRESS`, `ADDRESS:PORT` or `[V6]:PORT`. */
char *describe_server(const struct server_address *server);

/** A rule as it is written: `!*.example.com`. */
char *describe_rule(const struct host_rule *rule);

/** Where a rule comes from: `FILE:LINE`, or the variable's name. */
char *describe_place(const struct config *config, const struct host_rule *rule);

/** Where an address or a prefix comes from: `104.16.0.0/13 of "cloudflare"`, or only the prefix. */
char *describe_prefix(const struct prefix_entry *entry);

/**
 * Servers, pinned addresses of both families, or prefixes and sets (`cloudflare (22 prefixes)`), separated by `, `; or
 * `none`.
 */
char *describe_servers(const struct server_list *servers);
char *describe_pinned(const struct host_settings *settings);
char *describe_prefixes(const struct prefix_list *prefixes);

/** The words that the configuration uses for these values. Static texts. */
const char *describe_family(enum family_choice family);
const char *describe_when(enum when_choice when);
const char *describe_cache_mode(enum cache_mode mode);
const char *describe_log_level(enum log_level level);
const char *describe_fallback(const struct host_settings *settings);

/**
 * How a host's settings differ from the general ones: `reject = cloudflare (22 prefixes); strict`, or an empty text.
 */
char *describe_differences(const struct host_settings *settings, const struct host_settings *general);

/** How a rule's names are answered, in one line: who is asked, for what, and what differs from the general settings. */
char *describe_way(const struct host_rule *rule, const struct host_settings *general);

#endif
