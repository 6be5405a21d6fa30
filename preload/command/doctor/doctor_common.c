#include "originbypass/command/doctor/doctor_common.h"

#include <string.h>
#include <strings.h>

#include "originbypass/command/doctor/findings.h"
#include "originbypass/doors/load.h"
#include "originbypass/lookup/lookup.h"
#include "originbypass/values/name.h"

struct doctor_host *doctor_find_host(const struct doctor *doctor, const char *name) {
    for (size_t i = 0; i < doctor->host_count; i++)
        if (strcasecmp(doctor->hosts[i].name, name) == 0)
            return &doctor->hosts[i];
    return NULL;
}

const struct host_settings *doctor_settings(const struct doctor *doctor, const char *host) {
    struct name name;
    const struct host_settings *settings = name_fold(&name, host) ? rules_settings(doctor->rules, &name) : NULL;
    return settings == NULL ? &doctor->config->general : settings;
}

/* Uses the library's own lookup: the rule's upstreams, pinned addresses, and the policy on answers. */
static bool look_up_external(const char *host, struct address_set *set) {
    struct lookup lookup;
    if (!load_ensure() || !lookup_open(&lookup, host) || !lookup_begin(&lookup))
        return false;
    bool answered = lookup_finish(&lookup, RECORD_BOTH) == LOOKUP_ANSWERED;
    for (size_t type = 0; answered && type < RECORD_TYPE_COUNT; type++)
        address_set_add_answer(set, lookup.answers[type]);
    lookup_end(&lookup);
    return answered;
}

/* The answer that the library would use if the general settings applied to the host. */
static bool ask_upstreams(const struct doctor *doctor, const char *host, struct address_set *set) {
    for (size_t i = 0; i < doctor->upstream_count && set->count == 0; i++) {
        const struct doctor_upstream *upstream = &doctor->upstreams[i];
        if (upstream->udp != REACH_ANSWERS && upstream->udp != REACH_REFUSES)
            continue;
        struct ask_question question = {&upstream->server, DNS_OVER_UDP, host, RECORD_BOTH,
                                        doctor->config->general.query.timeout_ms};
        struct ask_replies replies = ask(&question);
        for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
            address_set_add_answer(set, replies.types[type].answer);
        ask_free(&replies);
    }
    return set->count > 0;
}

bool doctor_external(const struct doctor *doctor, const char *host, struct address_set *set) {
    struct name name;
    bool ours = name_fold(&name, host) && rules_settings(doctor->rules, &name) != NULL;
    return ours ? look_up_external(host, set) : ask_upstreams(doctor, host, set);
}

bool doctor_is_mesh_address(const struct address *address) {
    static const uint8_t ipv6[] = {0x20, 0x01, 0x00, 0x02, 0x00, 0x00};
    if (address->family == AF_INET6)
        return memcmp(address->octets, ipv6, sizeof(ipv6)) == 0;
    return address->octets[0] == 240 && address->octets[1] == 240;
}

void doctor_left_alone(const char *area, const char *shown, const char *file) {
    findings_tell(&(struct finding){FINDING_BAD, area, shown, "Change programs.include or programs.exclude there"},
                  "is left alone by \"programs\" in %s: every call is libc's", file);
}
