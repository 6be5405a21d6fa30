/*
 * Checks whether the upstreams themselves answer. A mesh's sidecar, a cluster's node-local cache or a firewall may
 * intercept everything that goes to port 53. An answer that the asked server could not have given reveals this.
 */
#include "originbypass/command/doctor/doctor_capture.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/address_set.h"
#include "originbypass/command/dns/local.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/findings.h"

static const char TURN_CAPTURE_OFF[] =
    "In Istio annotate the pod template with proxy.istio.io/config: 'proxyMetadata: {ISTIO_META_DNS_CAPTURE: "
    "\"false\"}' and traffic.sidecar.istio.io/excludeOutboundPorts: \"53\", in ambient mode with "
    "ambient.istio.io/dns-capture: \"false\"; elsewhere look for a rule that redirects port 53";

static const char *const TRANSPORTS[] = {[DNS_OVER_UDP] = "UDP", [DNS_OVER_TCP] = "TCP"};

static struct ask_question question_for(const struct doctor *doctor, const struct server_address *server,
                                        enum dns_transport transport, const char *name) {
    return (struct ask_question){
        server, transport, name, RECORD_A, doctor->config->general.query.timeout_ms, transport == DNS_OVER_UDP ? 2 : 1};
}

static bool is_asked(const struct doctor_upstream *upstream, enum dns_transport transport) {
    return doctor_is_heard(transport == DNS_OVER_UDP ? upstream->udp : upstream->tcp);
}

/* --- a place without a server ------------------------------------------------------------------------------------- */

/* 192.0.2.0/24 is reserved for documentation (RFC 5737), so there is no server. */
static const char NOBODY[] = "192.0.2.1";

static bool was_heard(struct ask_replies *replies) {
    bool heard = replies->heard || replies->types[0].answer != NULL;
    ask_free(replies);
    return heard;
}

static bool look_where_nobody_is(const struct doctor *doctor) {
    struct server_address nobody;
    if (server_address_parse(NOBODY, &nobody) != NULL)
        return false;
    const struct ask_question over_udp = question_for(doctor, &nobody, DNS_OVER_UDP, doctor->upstreams.list[0].name),
                              over_tcp = question_for(doctor, &nobody, DNS_OVER_TCP, doctor->upstreams.list[0].name);
    struct ask_replies replies[2];
    ask_together((const struct ask_question[]){over_udp, over_tcp}, replies, 2);
    bool udp = was_heard(&replies[0]), tcp = was_heard(&replies[1]);
    if (udp || tcp)
        findings_tell(&(struct finding){FINDING_CAUSE, "capture", NOBODY, TURN_CAPTURE_OFF},
                      "there is no server at this address, and yet it answers over %s: something on the way takes DNS "
                      "queries whatever their destination",
                      udp && tcp ? "UDP and TCP"
                      : udp      ? "UDP"
                                 : "TCP");
    return udp || tcp;
}

/* --- names that do not exist -------------------------------------------------------------------------------------- */

/* With 96 random bits, nobody has registered the name, and no cache has it. */
static char *invent_name(void) {
    unsigned char octets[12];
    char label[2 * sizeof(octets) + 1];
    if (getrandom(octets, sizeof(octets), 0) != sizeof(octets))
        memset(octets, 0x5a, sizeof(octets));
    for (size_t i = 0; i < sizeof(octets); i++)
        snprintf(label + 2 * i, 3, "%02x", octets[i]);
    return text_format("nobody-%s.com", label);
}

/* The name of the cluster's own API service, which no public server knows. NULL: this is not a cluster. */
static char *cluster_name(void) {
    char *resolv = file_text("/etc/resolv.conf", NULL), *rest = NULL, *name = NULL;
    for (char *word = resolv == NULL ? NULL : strtok_r(resolv, " \t\n", &rest); word != NULL;
         word = strtok_r(NULL, " \t\n", &rest))
        if (name == NULL && strncmp(word, "svc.", 4) == 0)
            name = text_format("kubernetes.default.%s", word);
    free(resolv);
    return name;
}

/* The addresses that a server gives; an empty set if it gives none. */
static struct address_set addresses_of(const struct doctor *doctor, const struct doctor_upstream *upstream,
                                       enum dns_transport transport, const char *name) {
    struct address_set set = {0};
    if (is_asked(upstream, transport)) {
        struct ask_question question = question_for(doctor, &upstream->server, transport, name);
        struct ask_replies replies = ask(&question);
        address_set_add_answer(&set, replies.types[0].answer);
        ask_free(&replies);
    }
    return set;
}

static void look_for_name(const struct doctor *doctor, struct doctor_upstream *upstream, const char *name,
                          const char *why) {
    for (enum dns_transport transport = DNS_OVER_UDP; transport <= DNS_OVER_TCP && !upstream->is_captured;
         transport++) {
        struct address_set set = addresses_of(doctor, upstream, transport, name);
        char *text = address_set_text(&set);
        upstream->is_captured = set.count > 0;
        if (upstream->is_captured)
            findings_tell(&(struct finding){FINDING_BAD, "capture", upstream->text, TURN_CAPTURE_OFF},
                          "answers %s over %s for %s, %s: something else answers in its place", text,
                          TRANSPORTS[transport], name, why);
        free(text);
        address_set_free(&set);
    }
}

static void look_for_names(const struct doctor *doctor, struct doctor_upstream *upstream) {
    char *invented = invent_name(), *inner = cluster_name();
    look_for_name(doctor, upstream, invented, "which does not exist");
    if (inner != NULL)
        look_for_name(doctor, upstream, inner, "which only the cluster knows");
    free(inner);
    free(invented);
}

/* --- one answer against another ----------------------------------------------------------------------------------- */

static void tell_difference(const struct doctor_upstream *upstream, const struct address_set *udp,
                            const struct address_set *tcp, const struct address_set *local) {
    char *udp_text = address_set_text(udp), *tcp_text = address_set_text(tcp);
    const char *captured = address_set_equal(udp, local) ? "UDP" : address_set_equal(tcp, local) ? "TCP" : NULL;
    if (captured != NULL)
        findings_tell(&(struct finding){FINDING_BAD, "capture", upstream->text, TURN_CAPTURE_OFF},
                      "says %s over UDP and %s over TCP for %s; over %s it is what libc says: something takes %s "
                      "to port 53 and asks the local DNS instead",
                      udp_text, tcp_text, upstream->name, captured, captured);
    else
        findings_tell(
            &(struct finding){FINDING_NOTE, "capture", upstream->text,
                              "Ask again: a name whose addresses take turns is no cause for concern; one that "
                              "stays so is answered by two servers"},
            "says %s over UDP and %s over TCP for %s", udp_text, tcp_text, upstream->name);
    free(tcp_text);
    free(udp_text);
}

/* Only the IPv4 addresses, because the servers were asked only for these. */
static struct address_set local_answer(const char *name) {
    struct address_set all = {0}, ipv4 = {0};
    if (local_resolve(name, &all) == 0)
        for (size_t i = 0; i < all.count; i++)
            if (all.list[i].family == AF_INET)
                address_set_add(&ipv4, &all.list[i]);
    address_set_free(&all);
    return ipv4;
}

static void compare_transports(const struct doctor *doctor, struct doctor_upstream *upstream) {
    if (upstream->udp != REACH_ANSWERS || upstream->tcp != REACH_ANSWERS)
        return;
    struct address_set udp = addresses_of(doctor, upstream, DNS_OVER_UDP, upstream->name);
    struct address_set tcp = addresses_of(doctor, upstream, DNS_OVER_TCP, upstream->name);
    bool answered = udp.count > 0 && tcp.count > 0; /* and neither answer was lost */
    if (answered && !address_set_equal(&udp, &tcp)) {
        struct address_set local = local_answer(upstream->name);
        tell_difference(upstream, &udp, &tcp, &local);
        upstream->is_captured = true;
        address_set_free(&local);
    }
    address_set_free(&tcp);
    address_set_free(&udp);
}

/* --- a service mesh ----------------------------------------------------------------------------------------------- */

static void look_for_mesh_addresses(const struct doctor *doctor, struct doctor_upstream *upstream) {
    struct address_set set = addresses_of(doctor, upstream, DNS_OVER_UDP, upstream->name);
    for (size_t i = 0; i < set.count && !upstream->is_captured; i++) {
        if (!doctor_is_mesh_address(&set.list[i]))
            continue;
        char text[INET6_ADDRSTRLEN];
        address_text(&set.list[i], text);
        findings_tell(
            &(struct finding){FINDING_BAD, "mesh-address", upstream->text, TURN_CAPTURE_OFF},
            "answers %s for %s, an address that Istio gives to services in the mesh: its DNS proxy answers in "
            "the upstream's place",
            text, upstream->name);
        upstream->is_captured = true;
    }
    address_set_free(&set);
}

/* Whether a process in this network namespace has a socket at this port, according to the kernel's tables (proc(5)). */
static bool is_port_taken(const char *path, const char *state, unsigned port) {
    char *table = file_text(path, NULL), *rest = NULL;
    char wanted[8];
    bool taken = false;
    snprintf(wanted, sizeof(wanted), ":%04X", port);
    for (char *line = table == NULL ? NULL : strtok_r(table, "\n", &rest); line != NULL && !taken;
         line = strtok_r(NULL, "\n", &rest)) {
        char local[64], remote[64], found[8];
        if (sscanf(line, " %*[^:]: %63s %63s %7s", local, remote, found) != 3 || strcmp(found, state) != 0)
            continue;
        const char *colon = strrchr(local, ':');
        taken = colon != NULL && strcmp(colon, wanted) == 0;
    }
    free(table);
    return taken;
}

enum { ISTIO_OUTBOUND = 15001, ISTIO_DNS = 15053 };

static bool is_listening(unsigned port) {
    return is_port_taken("/proc/net/tcp", "0A", port) || is_port_taken("/proc/net/tcp6", "0A", port);
}

static bool is_bound_udp(unsigned port) {
    return is_port_taken("/proc/net/udp", "07", port) || is_port_taken("/proc/net/udp6", "07", port);
}

static void look_for_mesh(bool captured) {
    bool dns = is_bound_udp(ISTIO_DNS) || is_listening(ISTIO_DNS);
    if (dns)
        findings_tell(&(struct finding){captured ? FINDING_BAD : FINDING_NOTE, "mesh", "service mesh",
                                        captured ? TURN_CAPTURE_OFF
                                                 : "As long as the findings about capture are good, leave it as it is"},
                      "something listens at port 15053 here, as Istio's DNS proxy does%s",
                      captured ? ": it may be what answers" : "");
    else if (is_listening(ISTIO_OUTBOUND))
        findings_tell(
            &(struct finding){FINDING_NOTE, "mesh", "service mesh",
                              "Under outboundTrafficPolicy REGISTRY_ONLY the origin needs a ServiceEntry"},
            "something listens at port 15001 here, as Istio's sidecar does: it takes outgoing TCP connections");
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static bool is_any_asked(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (is_asked(&doctor->upstreams.list[i], DNS_OVER_UDP) || is_asked(&doctor->upstreams.list[i], DNS_OVER_TCP))
            return true;
    return false;
}

void doctor_capture(struct doctor *doctor) {
    if (!is_any_asked(doctor)) {
        look_for_mesh(false);
        return;
    }
    doctor->is_captured = look_where_nobody_is(doctor);
    for (size_t i = 0; i < doctor->upstreams.count; i++) {
        struct doctor_upstream *upstream = &doctor->upstreams.list[i];
        look_for_mesh_addresses(doctor, upstream);
        look_for_names(doctor, upstream);
        compare_transports(doctor, upstream);
        doctor->is_captured = doctor->is_captured || upstream->is_captured;
    }
    if (!doctor->is_captured)
        findings_tell(&(struct finding){FINDING_GOOD, "capture", "external DNS", NULL},
                      "no sign of anything that answers in the upstreams' place");
    look_for_mesh(doctor->is_captured);
}
