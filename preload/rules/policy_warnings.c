#include "originbypass/rules/policy_warnings.h"

#include "originbypass/guest/clock.h"
#include "originbypass/guest/log.h"
#include "originbypass/rules/policy.h"
#include "originbypass/rules/warnings.h"

static const char WAYS_OUT[] =
    "say for this host where the origin is: upstreams (a hidden primary), query (a name that is "
    "not proxied) or addresses";

static const char SEE_WHY[] = "external DNS has not answered, and libc's answer leads to the CDN: the message before "
                              "this one says why external DNS "
                              "has failed, and originbypass doctor says what to do";

static bool is_warning_due(enum warning warning, struct warned_host host, uint32_t *left_out) {
    return log_enabled(LOG_LEVEL_WARN) && warnings_due(warning, host.name, clock_now_ms(), left_out);
}

bool policy_warn_of_edge(struct warned_host host, const struct address *address) {
    const char *set = policy_edge(host.settings, address);
    char ip[INET6_ADDRSTRLEN];
    uint32_t left_out;
    if (set == NULL || !is_warning_due(WARNING_EDGE, host, &left_out))
        return set != NULL;
    address_text(address, ip);
    log_write(LOG_LEVEL_WARN, "resolved address is a CDN edge, not an origin",
              FIELDS(log_text("host", host.host), log_text("ip", ip), log_text("set", set),
                     log_text("what_to_do", host.unanswered ? SEE_WHY : WAYS_OUT)));
    return true;
}

bool policy_warn_of_edges(struct warned_host host, const struct answer *answer) {
    for (size_t i = 0; i < answer->address_count; i++) {
        struct address address = answer_address(answer, i);
        if (policy_warn_of_edge(host, &address))
            return true;
    }
    return false;
}

void policy_warn_of_rejection(struct warned_host host, const struct address *address, bool used) {
    const struct prefix_entry *prefix = policy_rejection(host.settings, address);
    char ip[INET6_ADDRSTRLEN], text[PREFIX_TEXT_SIZE];
    uint32_t left_out;
    if (prefix == NULL || !is_warning_due(WARNING_REJECTED, host, &left_out))
        return;
    address_text(address, ip);
    prefix_text(prefix, text);
    log_write(LOG_LEVEL_WARN, "every address is rejected",
              FIELDS(log_text("host", host.host), log_text("ip", ip), log_text("prefix", text),
                     log_boolean("used", used), log_text("set", prefix->set), log_number("left_out", left_out)));
}
