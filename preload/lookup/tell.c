#include "originbypass/lookup/tell.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/log.h"
#include "originbypass/rules/warnings.h"
#include "originbypass/values/record_types.h"

/* More than a line has room for. */
#define TOLD_MAX 512

struct told {
    const char *items[TOLD_MAX];
    char texts[TOLD_MAX][INET6_ADDRSTRLEN];
    uint32_t count;
};

static void add_told_addresses(struct told *told, const struct answer *answer) {
    for (size_t i = 0; i < answer->address_count && told->count < TOLD_MAX; i++) {
        struct address address = answer_address(answer, i);
        address_text(&address, told->texts[told->count]);
        told->items[told->count] = told->texts[told->count];
        told->count++;
    }
}

void tell_resolved(const char *host, const struct address *instead_of,
                   struct answer *const answers[static RECORD_TYPE_COUNT]) {
    char edge[INET6_ADDRSTRLEN];
    struct told *told = log_enabled(LOG_LEVEL_INFO) ? malloc(sizeof(*told)) : NULL;
    if (told == NULL)
        return;
    told->count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (answers[type] != NULL && answers[type]->outcome == OUTCOME_ADDRESSES)
            add_told_addresses(told, answers[type]);
    if (instead_of != NULL)
        address_text(instead_of, edge);
    if (told->count > 0)
        log_write(LOG_LEVEL_INFO, "resolved origin IP",
                  FIELDS(log_text("hostname", host), log_text("ip", told->items[0]),
                         log_texts("ips", told->items, told->count),
                         log_text("instead_of", instead_of != NULL ? edge : NULL)));
    free(told);
}

static void tell_no_record(const struct lookup *lookup) {
    static const char *const names[RECORD_TYPE_COUNT] = {"A", "AAAA"};
    const char *missing[RECORD_TYPE_COUNT];
    uint32_t count = 0;
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (lookup->answers[type] != NULL && lookup_lacks(lookup, types[type] == RECORD_A ? AF_INET : AF_INET6))
            missing[count++] = names[type];
    if (count > 0)
        log_write(LOG_LEVEL_DEBUG, "no record of this type",
                  FIELDS(log_text("host", lookup->host), log_texts("types", missing, count)));
}

void tell_hit(const struct lookup *lookup) {
    char text[INET6_ADDRSTRLEN];
    const struct answer *answer = answer_with_addresses(lookup->answers);
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    if (answer == NULL) {
        tell_no_record(lookup);
        return;
    }
    struct address address = answer_address(answer, 0);
    address_text(&address, text);
    log_write(LOG_LEVEL_DEBUG, "resolved origin IP via external DNS",
              FIELDS(log_text("host", lookup->host), log_text("origin_ip", text)));
}

void tell_translated(const struct lookup *lookup, const struct nat64_prefixes *prefixes) {
    char ip[INET6_ADDRSTRLEN], original[INET6_ADDRSTRLEN] = "", text[NAT64_PREFIX_TEXT_SIZE] = "";
    struct address translated = answer_address(lookup->answers[1], 0), ipv4;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    const struct nat64_prefix *prefix = nat64_prefixes_match(prefixes, &translated, &ipv4);
    address_text(&translated, ip);
    if (prefix != NULL) {
        address_text(&ipv4, original);
        nat64_prefix_text(prefix, text);
    }
    log_write(LOG_LEVEL_DEBUG, "synthesised IPv6 address from IPv4, as DNS64 does",
              FIELDS(log_text("host", lookup->host), log_text("ip", ip), log_text("ipv4", original),
                     log_text("prefix", text)));
}

void tell_not_listed(const char *host) {
    log_write(LOG_LEVEL_DEBUG, "host is not listed", FIELDS(log_text("host", host)));
}

void tell_no_origin(const struct lookup *lookup) {
    char edge[INET6_ADDRSTRLEN];
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    if (lookup->instead_of != NULL)
        address_text(lookup->instead_of, edge);
    log_write(LOG_LEVEL_DEBUG, "external DNS has no other address than edges, using default DNS",
              FIELDS(log_text("host", lookup->host), log_text("edge", lookup->instead_of != NULL ? edge : NULL)));
}

void tell_failed(const struct lookup *lookup, const char *reason, bool final) {
    uint32_t left_out;
    if (!log_enabled(LOG_LEVEL_WARN) || !warnings_due(WARNING_FAILED, &lookup->name, clock_now_ms(), &left_out))
        return;
    log_write(LOG_LEVEL_WARN,
              final ? "failed to resolve origin IP via external DNS"
                    : "failed to resolve origin IP via external DNS, using default DNS",
              (const struct log_field[]){log_text("host", lookup->host), log_text("reason", reason),
                                         log_number("left_out", left_out)},
              left_out > 0 ? 3 : 2);
}
