/* Whether the network keeps the upstreams away, as far as all of them together show it. */
#include "originbypass/command/doctor/doctor_way_out.h"

#include <unistd.h>

#include "originbypass/command/doctor/findings.h"

static const char CHECK[] = "network-policy", ABOUT[] = "external DNS";

const char doctor_open_the_way[] =
    "Let this pod's or host's traffic out to port 53 of each upstream, UDP and TCP (in Kubernetes: an egress rule in a "
    "NetworkPolicy), or name servers in ORIGIN_BYPASS_UPSTREAMS that it can reach";

const char doctor_own_firewall[] =
    "Change the rules for outgoing packets of this host or pod (nft list ruleset, iptables -S OUTPUT): they may name a "
    "user or a control group. Another user may be let through";

const char doctor_let_edns_pass[] =
    "Let UDP queries with EDNS (an OPT record, RFC 6891) through: switch off the inspection of DNS in the firewall, or "
    "update it";

const char doctor_own_firewall_on_edns[] =
    "Take the rule for outgoing DNS queries with EDNS (an OPT record, RFC 6891) out of this host's or pod's own "
    "firewall (nft list ruleset, iptables -S OUTPUT)";

const char doctor_let_long_replies_pass[] =
    "Let UDP replies of up to 1232 octets through, and fragments, in the firewall and on every link of the way (MTU), "
    "or let TCP to the port of the upstreams out, too";

static bool is_reach(const struct doctor_upstream *upstream, bool over_udp, enum doctor_reach reach) {
    return (over_udp ? upstream->udp : upstream->tcp) == reach;
}

static size_t count_reach(const struct doctor *doctor, bool over_udp, enum doctor_reach reach) {
    size_t count = 0;
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        count += is_reach(&doctor->upstreams.list[i], over_udp, reach);
    return count;
}

static size_t count_heard(const struct doctor *doctor, bool over_udp) {
    size_t count = 0;
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        count += doctor_is_heard(over_udp ? doctor->upstreams.list[i].udp : doctor->upstreams.list[i].tcp);
    return count;
}

static bool are_all_forbidden(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (!doctor->upstreams.list[i].is_forbidden)
            return false;
    return true;
}

static bool lack_all_edns(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (!doctor->upstreams.list[i].lacks_edns)
            return false;
    return true;
}

static bool forbid_all_edns(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (!doctor->upstreams.list[i].forbids_edns)
            return false;
    return true;
}

static bool lose_all_long(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (!doctor->upstreams.list[i].loses_long)
            return false;
    return true;
}

static bool has_truncated(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (doctor->upstreams.list[i].is_truncated)
            return true;
    return false;
}

/* Another port than 53 may be wrong, and then no network policy is to blame. */
static bool has_usual_ports(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (doctor->upstreams.list[i].server.port != 53)
            return false;
    return true;
}

/* How the packets that do not arrive are lost. */
static const char *loss(const struct doctor *doctor, bool over_udp) {
    bool silent = count_reach(doctor, over_udp, REACH_SILENT) > 0;
    bool rejected =
        count_reach(doctor, over_udp, REACH_UNREACHABLE) + count_reach(doctor, over_udp, REACH_NO_ROUTE) > 0;
    return silent && rejected ? "dropped and rejected" : silent ? "dropped" : "rejected";
}

static const char *what_bars(const struct doctor *doctor) {
    bool only_one = doctor->upstreams.count == 1, usual = has_usual_ports(doctor);
    if (only_one)
        return usual
                   ? "it is down, or a network policy or firewall is in the way. Nothing new can be resolved until it "
                     "answers"
                   : "its address or port is wrong, it is down, or a network policy or firewall is in the way. "
                     "Nothing new can be resolved until it answers";
    return usual ? "a network policy or firewall is in the way. Nothing new can be resolved until they answer"
                 : "their addresses or ports are wrong, or a network policy or firewall is in the way. Nothing else "
                   "can work until they answer";
}

static void tell_barred(const struct doctor *doctor) {
    const char *which = doctor->upstreams.count == 1 ? "the only upstream" : "every upstream";
    if (count_reach(doctor, true, REACH_NO_ROUTE) == doctor->upstreams.count)
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, ABOUT,
                                        "Give this host a route to them, or name servers in ORIGIN_BYPASS_UPSTREAMS "
                                        "that it can reach"},
                      "this host has no route to %s. Nothing new can be resolved until it has one",
                      doctor->upstreams.count == 1 ? which : "any upstream");
    else if (are_all_forbidden(doctor))
        findings_tell(
            &(struct finding){FINDING_CAUSE, CHECK, ABOUT, doctor_own_firewall},
            "%s is out of reach: this host's own firewall does not let user %u send to it. Nothing new can be "
            "resolved until it does",
            which, (unsigned)geteuid());
    else
        findings_tell(
            &(struct finding){FINDING_CAUSE, CHECK, ABOUT,
                              has_usual_ports(doctor) ? doctor_open_the_way : "See the findings on each upstream"},
            "%s is out of reach, over UDP and TCP (packets are %s): %s", which, loss(doctor, true), what_bars(doctor));
}

static void tell_udp_barred(const struct doctor *doctor) {
    findings_tell(&(struct finding){FINDING_CAUSE, CHECK, ABOUT,
                                    "Allow UDP to the port of each upstream in the network policy or firewall: the "
                                    "library asks over UDP first"},
                  "UDP to every upstream is %s, TCP passes: a network policy or firewall is in the way",
                  loss(doctor, true));
}

/* A server may also do without TCP, although RFC 7766 demands it. */
static void tell_tcp_barred(const struct doctor *doctor) {
    findings_tell(&(struct finding){has_truncated(doctor) ? FINDING_CAUSE : FINDING_NOTE, CHECK, ABOUT,
                                    "Allow TCP to the port of each upstream in the network policy or firewall, too, "
                                    "for answers that are too long for UDP"},
                  doctor->upstreams.count == 1
                      ? "TCP to the only upstream is %s, UDP passes: it does not serve TCP, or a network policy or "
                        "firewall is in the way"
                      : "TCP to every upstream is %s, UDP passes: a network policy or firewall is in the way",
                  loss(doctor, false));
}

void doctor_way_out(const struct doctor *doctor) {
    size_t all = doctor->upstreams.count, over_udp = count_heard(doctor, true), over_tcp = count_heard(doctor, false);
    if (over_udp == 0 && lack_all_edns(doctor))
        findings_tell(
            &(struct finding){FINDING_CAUSE, CHECK, ABOUT, doctor_let_edns_pass},
            "UDP queries with EDNS are dropped, and those without it pass: a firewall that does not know EDNS "
            "is in the way. The library asks with EDNS");
    else if (over_udp == 0 && forbid_all_edns(doctor))
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, ABOUT, doctor_own_firewall_on_edns},
                      "this host's own firewall rejects UDP queries with EDNS, and those without it get answers. The "
                      "library asks with EDNS");
    else if (over_tcp == 0 && lose_all_long(doctor))
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, ABOUT, doctor_let_long_replies_pass},
                      "replies longer than 512 octets are lost over UDP, and TCP, which would bring them, is %s: a "
                      "network policy or firewall is in the way. Only short answers arrive",
                      loss(doctor, false));
    else if (over_udp == 0 && over_tcp == 0)
        tell_barred(doctor);
    else if (over_udp == 0 && count_reach(doctor, false, REACH_ANSWERS) > 0)
        tell_udp_barred(doctor);
    else if (over_udp == 0)
        findings_tell(&(struct finding){FINDING_CAUSE, CHECK, ABOUT, "See the findings on each upstream"},
                      "no upstream answers over UDP or TCP. Nothing new can be resolved until one does");
    else if (over_tcp == 0 && over_udp == all)
        tell_tcp_barred(doctor);
    else if (over_udp < all)
        findings_tell(&(struct finding){FINDING_NOTE, CHECK, ABOUT, NULL},
                      "%zu of %zu upstreams can be asked: no network policy keeps them all away", over_udp, all);
    else
        findings_tell(&(struct finding){FINDING_GOOD, CHECK, ABOUT, NULL},
                      "no network policy keeps the upstreams away");
}
