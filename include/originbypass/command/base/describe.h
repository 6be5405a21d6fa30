#ifndef ORIGINBYPASS_COMMAND_BASE_DESCRIBE_H
#define ORIGINBYPASS_COMMAND_BASE_DESCRIBE_H

#include "originbypass/config/config.h"
#include "originbypass/values/address.h"
#include "originbypass/values/prefixes.h"

/*
 * A configuration's parts in words. Every text is the caller's to free(3), and may hold what a file or the environment
 * said: escape it before it is shown (text.h).
 */

/** An address as inet_ntop(3) writes it. */
char *describe_address(const struct address *address);

/** A server as in the configuration: `ADDRESS`, `ADDRESS:PORT` or `[V6]:PORT`. */
char *describe_server(const struct server_address *server);

/** A rule as it is written: `!*.example.com`. */
char *describe_rule(const struct host_rule *rule);

/** Where a rule stands: `FILE:LINE`, or the variable's name. */
char *describe_place(const struct config *config, const struct host_rule *rule);

/** Where an address or a prefix is from: `104.16.0.0/13 of "cloudflare"`, or the prefix alone. */
char *describe_prefix(const struct prefix_entry *entry);

/** Servers, addresses of both families, prefixes and sets (`cloudflare (22 prefixes)`), separated by `, `; or `none`.
 */
char *describe_servers(const struct server_list *servers);
char *describe_pinned(const struct host_settings *settings);
char *describe_prefixes(const struct prefix_list *prefixes);

/** The words of the configuration for these. */
const char *describe_family(enum family_choice family);
const char *describe_cache_mode(enum cache_mode mode);
const char *describe_log_level(enum log_level level);
const char *describe_fallback(const struct host_settings *settings);

/** In what a host's settings differ from the general ones: `reject = cloudflare (22 prefixes); strict`, or empty. */
char *describe_differences(const struct host_settings *settings, const struct host_settings *general);

/** How a rule's names are answered, in one line: who is asked, for what, and what differs from the general settings. */
char *describe_way(const struct host_rule *rule, const struct host_settings *general);

#endif
