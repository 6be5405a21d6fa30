#include "originbypass/command/doctor/doctor_common.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "originbypass/command/doctor/findings.h"
#include "originbypass/doors/load.h"
#include "originbypass/lookup/lookup.h"
#include "originbypass/values/name.h"

bool doctor_is_heard(enum doctor_reach reach) {
    return reach == REACH_ANSWERS || reach == REACH_LATE || reach == REACH_REFUSES;
}

uint32_t doctor_patience_ms(uint32_t timeout_ms) {
    enum { PATIENCE_MS = 2000 };
    return timeout_ms < PATIENCE_MS ? PATIENCE_MS : timeout_ms;
}

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

bool doctor_is_listed(const struct doctor *doctor, const char *host) {
    struct name name;
    return name_fold(&name, host) && rules_settings(doctor->rules, &name) != NULL;
}

enum resolution_source doctor_find(const char *host, struct address_set *set) {
    struct host_case found = resolution_case(resolution_rules(), host);
    struct resolution resolution = resolution_find(&found, AF_UNSPEC);
    enum resolution_source source = resolution.source;
    bool is_ours = source == BY_EXTERNAL_DNS || source == BY_CONFIGURATION;
    for (size_t i = 0; is_ours && i < resolution.count; i++)
        address_set_add(set, &resolution.addresses[i]);
    resolution_free(&resolution);
    return source;
}

static bool find_if_libc_leads_to_edge(const char *host, struct address_set *set) {
    enum resolution_source source = doctor_find(host, set);
    return source != BY_LIBC && source != BY_FALLBACK;
}

bool doctor_external(const char *host, struct address_set *set) {
    struct lookup lookup;
    if (!load_ensure() || !lookup_open(&lookup, host) || !lookup_begin(&lookup))
        return false;
    if (lookup_asks_libc_first(&lookup)) {
        lookup_end(&lookup);
        return find_if_libc_leads_to_edge(host, set);
    }
    bool answered = lookup_finish(&lookup, RECORD_BOTH) == LOOKUP_ANSWERED;
    for (size_t type = 0; answered && type < RECORD_TYPE_COUNT; type++)
        address_set_add_answer(set, lookup.answers[type]);
    lookup_end(&lookup);
    return answered;
}

socklen_t doctor_socket_address(const struct address *address, uint16_t port, union doctor_socket_address *to) {
    memset(to, 0, sizeof(*to));
    to->any.sa_family = address->family;
    if (address->family == AF_INET) {
        to->ipv4.sin_port = htons(port);
        to->ipv4.sin_addr = address->ipv4;
        return sizeof(to->ipv4);
    }
    to->ipv6.sin6_port = htons(port);
    to->ipv6.sin6_addr = address->ipv6;
    return sizeof(to->ipv6);
}

/* connect(2) of a UDP socket looks for a route and sends nothing. */
static bool is_routed(const struct address *address) {
    union doctor_socket_address to;
    socklen_t size = doctor_socket_address(address, 443, &to);
    int descriptor = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool routed = descriptor >= 0 && connect(descriptor, &to.any, size) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return routed;
}

bool doctor_has_route(const struct address_set *set) {
    for (size_t i = 0; i < set->count; i++)
        if (is_routed(&set->list[i]))
            return true;
    return set->count == 0;
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

void doctor_misspelt(const char *text, void *context) {
    const struct doctor_variables *variables = context;
    findings_tell(&(struct finding){variables->kind, "variable", variables->about,
                                    "Correct the name of the variable where the program is started"},
                  "%s", text);
}

const char *doctor_file_remedy(const char *fault) {
    if (strstr(fault, "permission denied") != NULL)
        return "Let the user of the process read the file: chmod, chown; in Kubernetes defaultMode, fsGroup";
    if (strstr(fault, "counts only if") != NULL)
        return "Let root own the file, and nobody else write it: chown root, chmod go-w";
    if (strstr(fault, "cannot be used: the file does not exist") != NULL)
        return "Put the file there, or correct its path in the list that names it";
    if (strstr(fault, "the file does not exist") != NULL)
        return "Put the file there, or correct the path in ORIGIN_BYPASS_CONFIG_FILE";
    return NULL;
}
