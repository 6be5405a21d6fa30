#ifndef ORIGINBYPASS_CONFIG_CONFIG_H
#define ORIGINBYPASS_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/guest/log.h"
#include "originbypass/values/address.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/prefixes.h"

/** Where the configuration file is looked for when no variable names one. */
#ifndef CONFIG_DEFAULT_FILE
#define CONFIG_DEFAULT_FILE "/etc/originbypass/originbypass.conf"
#endif

/** Which families of addresses a name may have (`family`). */
enum family_choice { FAMILY_ANY, FAMILY_IPV4, FAMILY_IPV6 };

/** Which calls for a name are answered (`when`). */
enum when_choice {
    WHEN_ALWAYS,
    WHEN_EDGE, /**< only those that libc leads to an edge */
};

/** What happens to an answer past its TTL (`cache.mode`). */
enum cache_mode { CACHE_STALE, CACHE_PINNED, CACHE_TTL };

/** So many upstreams are allowed in one list. */
#define CONFIG_UPSTREAMS_MAX 16

/** External servers, in order of preference, each once; never empty. */
struct server_list {
    size_t count;
    struct server_address servers[];
};

/** The group `query`. */
struct query_settings {
    uint32_t timeout_ms;  /**< a query that takes longer has failed */
    uint32_t hedge_ms;    /**< after this much silence the next upstream is asked too */
    uint32_t deadline_ms; /**< of a whole lookup */
};

/** The group `cache`, less what holds for the cache as a whole. */
struct cache_settings {
    enum cache_mode mode;
    uint32_t stale_window_s;
    uint32_t stale_wait_ms;
    uint32_t min_ttl_s;
    uint32_t max_ttl_s;
    uint32_t negative_ttl_s;
};

/** How one host, or every host without settings of its own, is answered. */
struct host_settings {
    const char *query_name;              /**< asked under this name (folded); NULL: its own */
    const struct server_list *upstreams; /**< never NULL */
    const struct server_list *others;    /**< the general ones, where the host has its own; NULL: they are the same */
    const struct answer *pinned_ipv4;    /**< `addresses`: both set, or both NULL. A family that is not */
    const struct answer *pinned_ipv6;    /**< pinned has OUTCOME_NO_RECORD */
    const struct prefix_list *reject;    /**< with the prefixes of its sets; NULL: empty */
    const struct prefix_list *accept;    /**< likewise */
    const struct prefix_list *edges;     /**< addresses that are a CDN's; NULL: none */
    enum when_choice when;
    bool strict;
    bool fallback_never; /**< `fallback = "never"` */
    enum family_choice family;
    struct query_settings query;
    struct cache_settings cache;
};

/** One host rule. */
enum rule_kind {
    RULE_NAME,  /**< `name` */
    RULE_BELOW, /**< `*.name` */
    RULE_ALL,   /**< `*` */
};
struct host_rule {
    const char *name; /**< folded, without `!` and `*.`; "" for RULE_ALL */
    enum rule_kind kind;
    bool excluded;                        /**< `!rule`: libc answers */
    int line;                             /**< where it is in the file; 0: from the environment */
    const struct host_settings *settings; /**< shared by all rules without settings of their own */
};

/** One thing wrong with a configuration. */
struct config_error {
    const char *file;     /**< NULL: the variable is at fault */
    int line;             /**< 0: the file as a whole */
    const char *variable; /**< NULL: the file is at fault */
    const char *reason;   /**< the offending value, what is wrong with it, and what would be right */
};

/** A configuration. Immutable; freed as a whole by config_free(). */
struct config {
    size_t rule_count;
    const struct host_rule *rules; /**< none if the configuration is refused; each rule is in it once */
    bool hosts_of_variable;        /**< the rules are those of ORIGIN_BYPASS_HOSTS */
    size_t replaced_count;         /**< rules of the file that have no effect, because the variable replaces them */
    struct host_settings general;  /**< of hosts without settings of their own */
    uint32_t max_entries;          /**< `cache.max_entries` */
    enum log_level log_level;      /**< valid also where the configuration is refused, as far as it could be read */
    const char *log_file;          /**< likewise; "stderr" or an absolute path */
    const char *metrics_directory; /**< NULL: none */
    size_t include_count, exclude_count;
    const char *const *program_include; /**< patterns (`programs`); programs_leave_alone() has looked at them */
    const char *const *program_exclude;
    const char *file; /**< the file that was read; NULL: none */
    size_t error_count;
    const struct config_error *errors; /**< in the order found; any means that the configuration is refused */
    void *memory;                      /**< what config_free() gives back */
};

#endif
