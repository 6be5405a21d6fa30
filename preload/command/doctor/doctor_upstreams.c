#include "originbypass/command/doctor/doctor_upstreams.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/local_files.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/doctor_failure.h"
#include "originbypass/command/doctor/doctor_plain.h"
#include "originbypass/command/doctor/doctor_way_out.h"
#include "originbypass/command/doctor/findings.h"

enum { PORT_DNS = 53, PORT_DNS_OVER_TLS = 853 };

struct transport {
    enum dns_transport transport;
    const char *name, *check;
};

static const struct transport UDP = {DNS_OVER_UDP, "UDP", "upstream-udp"};
static const struct transport TCP = {DNS_OVER_TCP, "TCP", "upstream-tcp"};

/* What one upstream said over one transport: to its name, and, if that had no answer, to another one. */
struct trial {
    const struct doctor_upstream *upstream;
    const struct transport *over;
    const struct trial *twin; /* over the other transport */
    uint32_t timeout_ms;      /* as long as the library waits */
    const char *other_name;
    struct ask_replies named, other;
    struct doctor_plain plain; /* sent if UDP was silent */
    bool is_plain_sent;
    bool forbids_edns;
};

static const struct ask_reply *reply_of(const struct trial *trial) {
    return &trial->named.types[0];
}

/* --- judging ------------------------------------------------------------------------------------------------------ */

static bool has_route(const struct doctor_upstream *upstream) {
    struct address_set set = {0};
    address_set_add(&set, &upstream->server.address);
    bool routed = doctor_has_route(&set);
    address_set_free(&set);
    return routed;
}

static bool is_silence(const struct ask_reply *reply) {
    return reply->answer == NULL && (reply->kind == DNS_SILENT || reply->kind == DNS_UNREACHABLE);
}

static enum doctor_reach reach_of(const struct trial *trial) {
    const struct ask_reply *reply = reply_of(trial), *other = &trial->other.types[0];
    if (reply->answer != NULL)
        return reply->round_trip_us > (uint64_t)trial->timeout_ms * 1000 ? REACH_LATE : REACH_ANSWERS;
    /* If it replies to another question, the network is not what keeps this answer away. */
    if (!is_silence(reply) || (!is_silence(other) && other->kind != DNS_OUR_FAULT))
        return REACH_REFUSES;
    if (!has_route(trial->upstream))
        return REACH_NO_ROUTE;
    return reply->kind == DNS_SILENT ? REACH_SILENT : REACH_UNREACHABLE;
}

/* --- an answer ---------------------------------------------------------------------------------------------------- */

/* For the caller to free. */
static char *round_trip_text(uint64_t us) {
    return us < 100 ? memory_text("< 0.1 ms") : text_format("%" PRIu64 ".%" PRIu64 " ms", us / 1000, us / 100 % 10);
}

static const char FIND_THE_LOSS[] = "Look for what loses packets on the way (a link or a connection table that is "
                                    "full), or whether the server limits the rate";

static void tell_answer(const struct trial *trial) {
    const struct ask_replies *named = &trial->named;
    char *time = round_trip_text(reply_of(trial)->round_trip_us);
    if (named->silent > 0)
        findings_tell(&(struct finding){FINDING_NOTE, trial->over->check, trial->upstream->text, FIND_THE_LOSS},
                      "answers over %s in %s, but %u of %u questions had no answer: packets are lost",
                      trial->over->name, time, named->silent, named->times);
    else
        findings_tell(&(struct finding){FINDING_GOOD, trial->over->check, trial->upstream->text, NULL},
                      "answers over %s in %s", trial->over->name, time);
    free(time);
}

/* TCP is used only for answers that are too long for UDP, so a failure of TCP matters less. */
static bool is_spare(const struct trial *trial) {
    return trial->over == &TCP && doctor_is_heard(trial->upstream->udp) && !trial->upstream->is_truncated;
}

static void tell_late_answer(const struct trial *trial) {
    char *time = round_trip_text(reply_of(trial)->round_trip_us);
    findings_tell(&(struct finding){is_spare(trial) ? FINDING_NOTE : FINDING_BAD, trial->over->check,
                                    trial->upstream->text,
                                    "Raise timeout_ms, and deadline_ms if need be, in query in the configuration file, "
                                    "or name an upstream that is nearer"},
                  "answers over %s in %s, which is too late: query.timeout_ms is %" PRIu32, trial->over->name, time,
                  trial->timeout_ms);
    free(time);
}

/* --- a reply that is no answer ------------------------------------------------------------------------------------ */

static bool is_failure(const struct ask_reply *reply, const char *code) {
    return reply->answer == NULL && strcmp(reply->failure, code) == 0;
}

/* Then it is not the name that matters. */
static bool is_for_all_names(const struct trial *trial) {
    return is_failure(&trial->other.types[0], reply_of(trial)->failure);
}

static const char SPEAKS_NO_TLS[] = "Leave the port out: 853 is for DNS over TLS, which the library does not speak";

/* The reply to this name does not come through, and it does over TCP: so it is not the name that is in the way. */
static bool loses_long_replies(const struct trial *trial) {
    return trial->over == &UDP && is_silence(reply_of(trial)) && reply_of(trial->twin)->answer != NULL;
}

/* The same, and it does not come over TCP either. */
static bool has_no_way_for_long_replies(const struct trial *trial) {
    return trial->over == &UDP && trial->upstream->loses_long && is_silence(reply_of(trial)) &&
           reply_of(trial->twin)->answer == NULL;
}

static char *remedy_for_refusal(const struct trial *trial) {
    const struct doctor_upstream *upstream = trial->upstream;
    if (has_no_way_for_long_replies(trial))
        return memory_text(doctor_let_long_replies_pass);
    if (loses_long_replies(trial))
        return memory_text("Let UDP replies of up to 1232 octets through, and fragments, in the firewall and on every "
                           "link of the way (MTU)");
    if (upstream->server.port == PORT_DNS_OVER_TLS)
        return memory_text(SPEAKS_NO_TLS);
    if (reply_of(trial)->kind == DNS_TRUNCATED)
        return text_format("Let TCP to port %u of the server out, too: in the network policy or the firewall, and at "
                           "the server",
                           (unsigned)upstream->server.port);
    if (is_for_all_names(trial) && is_failure(reply_of(trial), "SERVFAIL"))
        return memory_text("Check the server itself (its way to the network, and its clock, which DNSSEC needs), or "
                           "name another one");
    if (!is_silence(reply_of(trial)))
        return doctor_remedy_for(reply_of(trial), upstream->name);
    char *server = describe_address(&upstream->server.address);
    char *remedy = text_format("Ask the server itself (dig @%s -p %u %s) and the zone's own name servers (dig +trace "
                               "%s), or try another upstream",
                               server, (unsigned)upstream->server.port, upstream->name, upstream->name);
    free(server);
    return remedy;
}

/* What follows from a failure for this name, and for all names if it is the same for another one. */
static const char *meaning_of(const struct trial *trial) {
    bool for_all = is_for_all_names(trial);
    if (is_failure(reply_of(trial), "SERVFAIL"))
        return for_all ? ": it can look nothing up"
                       : ": its own lookup of this name failed (DNSSEC, or the zone's name servers)";
    if (is_failure(reply_of(trial), "REFUSED"))
        return for_all ? ": it does not serve this client" : ": it does not serve this name";
    return "";
}

static void tell_refusal(const struct trial *trial) {
    const struct ask_reply *reply = reply_of(trial), *other = &trial->other.types[0];
    const char *over = trial->over->name, *name = trial->upstream->name;
    char *remedy = remedy_for_refusal(trial);
    struct finding finding = {FINDING_BAD, trial->over->check, trial->upstream->text, remedy};
    const char *link = is_for_all_names(trial) ? " and for " : other->answer != NULL ? ", and answers for " : NULL;
    if (loses_long_replies(trial))
        findings_tell(
            &finding,
            "its answer for %s comes over TCP and not over UDP, where it replies for %s: long replies are lost "
            "on the way",
            name, trial->other_name);
    else if (has_no_way_for_long_replies(trial))
        findings_tell(&finding,
                      "its answer for %s is longer than 512 octets (it comes cut off without EDNS), and comes neither "
                      "over UDP with EDNS nor over TCP (%s), while it replies for %s: long replies are lost on the way",
                      name, reply_of(trial->twin)->failure, trial->other_name);
    else if (is_silence(reply))
        findings_tell(&finding,
                      "replies to no question over %s for %s (asked %u times), and to %u of %u for %s: its own lookup "
                      "of this name takes too long, or it drops the question",
                      over, name, trial->named.times, trial->other.times - trial->other.silent, trial->other.times,
                      trial->other_name);
    else if (reply->kind == DNS_TRUNCATED)
        findings_tell(&finding, "its answer for %s is too long for UDP, and it does not come over TCP (%s)", name,
                      reply->failure);
    else if (is_failure(reply, "it closes TCP without an answer"))
        findings_tell(&finding, "closes TCP without an answer to a question for %s%s%s", name, link == NULL ? "" : link,
                      link == NULL ? "" : trial->other_name);
    else
        findings_tell(&finding, "says %s over %s for %s%s%s%s", reply->failure, over, name, link == NULL ? "" : link,
                      link == NULL ? "" : trial->other_name, meaning_of(trial));
    free(remedy);
}

/* --- no reply ----------------------------------------------------------------------------------------------------- */

/* `has_ipv6`: there is a route to another IPv6 server. */
static const char *remedy_for_lack_of_route(const struct server_address *server, bool has_ipv6) {
    return server->address.family == AF_INET6 && !has_ipv6
               ? "Give this host IPv6, or name IPv4 servers in upstreams or ORIGIN_BYPASS_UPSTREAMS"
               : "Give this host a route to it, or name another server in upstreams or ORIGIN_BYPASS_UPSTREAMS";
}

static const char *remedy_for_no_way(const struct trial *trial, enum doctor_reach reach) {
    const struct server_address *server = &trial->upstream->server;
    if (reach == REACH_NO_ROUTE)
        return remedy_for_lack_of_route(server, false);
    if (server->port == PORT_DNS_OVER_TLS)
        return SPEAKS_NO_TLS;
    if (server->port != PORT_DNS)
        return "Correct the port (name servers listen at 53 unless they are told otherwise). If it is right, let this "
               "pod's or host's traffic out to it, UDP and TCP";
    return doctor_open_the_way;
}

static void tell_forbidden(const struct trial *trial) {
    findings_tell(&(struct finding){FINDING_BAD, trial->over->check, trial->upstream->text, doctor_own_firewall},
                  "not reachable over UDP: this host's own firewall does not let user %u send to it (%s)",
                  (unsigned)geteuid(), strerror(EPERM)); // NOLINT(concurrency-mt-unsafe): there is one thread
}

static void tell_lack_of_edns(const struct trial *trial) {
    bool own = trial->upstream->forbids_edns;
    findings_tell(&(struct finding){FINDING_BAD, trial->over->check, trial->upstream->text,
                                    own ? doctor_own_firewall_on_edns : doctor_let_edns_pass},
                  own ? "answers over UDP to a query without EDNS, and this host's own firewall lets none with EDNS out"
                      : "answers over UDP to a query without EDNS, and to none with it: something on the way drops "
                        "queries with EDNS");
}

static void tell_no_way(const struct trial *trial, enum doctor_reach reach) {
    bool spare = is_spare(trial);
    const char *so = spare ? "; only answers too long for UDP are lost by it" : "", *over = trial->over->name;
    struct finding finding = {spare ? FINDING_NOTE : FINDING_BAD, trial->over->check, trial->upstream->text,
                              remedy_for_no_way(trial, reach)};
    if (reach == REACH_SILENT)
        findings_tell(&finding, "nothing comes back over %s within %" PRIu32 " ms%s", over,
                      doctor_patience_ms(trial->timeout_ms), so);
    else if (reach == REACH_NO_ROUTE)
        findings_tell(&finding, "not reachable over %s: this host has no route to it%s", over, so);
    else
        findings_tell(&finding, "not reachable over %s: rejected on the way, or nothing listens there%s", over, so);
}

static enum doctor_reach tell_upstream(const struct trial *trial) {
    enum doctor_reach reach = reach_of(trial);
    if (reach == REACH_ANSWERS)
        tell_answer(trial);
    else if (reach == REACH_LATE)
        tell_late_answer(trial);
    else if (reach == REACH_REFUSES)
        tell_refusal(trial);
    else if (trial->over == &UDP && trial->upstream->is_forbidden)
        tell_forbidden(trial);
    else if (trial->over == &UDP && (trial->upstream->lacks_edns || trial->upstream->forbids_edns))
        tell_lack_of_edns(trial);
    else
        tell_no_way(trial, reach);
    return reach;
}

/* --- asking ------------------------------------------------------------------------------------------------------- */

/* A name in another zone, of which a server that works knows something, or at least says that it does not serve it. */
static const char *other_name_than(const char *name) {
    static const char first[] = "example.com", second[] = "example.net";
    size_t length = strlen(name), zone = sizeof(first) - 1;
    return length >= zone && strcasecmp(name + length - zone, first) == 0 ? second : first;
}

static struct ask_question question_of(const struct trial *trial, const char *name, uint32_t timeout_ms) {
    unsigned times = trial->over == &UDP ? DOCTOR_TIMES : 1;
    return (struct ask_question){&trial->upstream->server, trial->over->transport, name, RECORD_A, timeout_ms, times};
}

/* All servers are asked at the same time, so that several silent servers cost no more time than one. */
static void ask_for_names(struct trial *trials, size_t count) {
    struct ask_question *questions = memory_zeroed(count, sizeof(questions[0]));
    struct ask_replies *replies = memory_zeroed(count, sizeof(replies[0]));
    for (size_t i = 0; i < count; i++)
        questions[i] = question_of(&trials[i], trials[i].upstream->name, trials[i].timeout_ms);
    ask_together(questions, replies, count);
    for (size_t i = 0; i < count; i++)
        trials[i].named = replies[i];
    free(replies);
    free(questions);
}

/* What had no answer is asked for once more, with more patience, and at the same time for the other name. */
static void ask_once_more(struct trial *trials, size_t count) {
    struct ask_question *questions = memory_zeroed(2 * count, sizeof(questions[0]));
    struct ask_replies *replies = memory_zeroed(2 * count, sizeof(replies[0]));
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (reply_of(&trials[i])->answer != NULL)
            continue;
        uint32_t timeout_ms = doctor_patience_ms(trials[i].timeout_ms);
        questions[used++] = question_of(&trials[i], trials[i].upstream->name, timeout_ms);
        questions[used++] = question_of(&trials[i], trials[i].other_name, trials[i].timeout_ms);
    }
    ask_together(questions, replies, used);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        if (reply_of(&trials[i])->answer != NULL)
            continue;
        ask_add(&trials[i].named, &replies[used++]);
        trials[i].other = replies[used++];
    }
    free(replies);
    free(questions);
}

/* Sent before the other questions are asked once more, so that the waits go on at the same time. */
static void ask_plainly(struct trial *trials, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (trials[i].over != &UDP || !is_silence(reply_of(&trials[i])))
            continue;
        const struct doctor_upstream *upstream = trials[i].upstream;
        trials[i].plain =
            doctor_plain_begin(&upstream->server, upstream->name, doctor_patience_ms(trials[i].timeout_ms));
        trials[i].is_plain_sent = true;
        trials[i].forbids_edns = doctor_plain_forbids_edns(&upstream->server, upstream->name);
    }
}

static void note_plain_reply(struct trial *trial, struct doctor_upstream *upstream) {
    if (!trial->is_plain_sent)
        return;
    enum doctor_plain_result result = doctor_plain_end(&trial->plain);
    bool heard = result == PLAIN_HEARD || result == PLAIN_TRUNCATED;
    /* If it replies to another question with EDNS, it is not EDNS that keeps this answer away. */
    bool heard_with_edns = !is_silence(reply_of(trial)) || !is_silence(&trial->other.types[0]);
    upstream->is_forbidden = result == PLAIN_FORBIDDEN;
    upstream->forbids_edns = heard && !heard_with_edns && trial->forbids_edns;
    upstream->lacks_edns = heard && !heard_with_edns && !trial->forbids_edns;
    upstream->loses_long = result == PLAIN_TRUNCATED && is_silence(reply_of(trial)) && heard_with_edns;
    upstream->is_truncated = upstream->is_truncated || upstream->loses_long;
}

/* Its answers cannot differ from libc's, so there is nothing to be gained by it. */
static void tell_whether_local(const struct doctor_upstream *upstream) {
    if (local_files_name(&upstream->server))
        findings_tell(&(struct finding){FINDING_NOTE, "upstream", upstream->text,
                                        "If this is the local DNS, name a server outside in upstreams or "
                                        "ORIGIN_BYPASS_UPSTREAMS"},
                      "is a nameserver of /etc/resolv.conf, too: it says to the library what it says to libc");
}

static void look_at_each(struct doctor *doctor) {
    size_t count = 2 * doctor->upstreams.count;
    struct trial *trials = memory_zeroed(count, sizeof(trials[0]));
    for (size_t i = 0; i < count; i++) {
        const struct doctor_upstream *upstream = &doctor->upstreams.list[i / 2];
        trials[i] = (struct trial){.upstream = upstream,
                                   .over = i % 2 == 0 ? &UDP : &TCP,
                                   .twin = &trials[i ^ 1],
                                   .timeout_ms = doctor->config->general.query.timeout_ms,
                                   .other_name = other_name_than(upstream->name)};
    }
    ask_for_names(trials, count);
    ask_plainly(trials, count);
    ask_once_more(trials, count);
    for (size_t i = 0; i < count; i++) {
        struct doctor_upstream *upstream = &doctor->upstreams.list[i / 2];
        note_plain_reply(&trials[i], upstream);
        upstream->is_truncated = upstream->is_truncated || reply_of(&trials[i])->kind == DNS_TRUNCATED;
        if (i % 2 == 0)
            upstream->udp = tell_upstream(&trials[i]);
        else
            upstream->tcp = tell_upstream(&trials[i]);
        ask_free(&trials[i].named);
        ask_free(&trials[i].other);
    }
    free(trials);
}

static bool asks_ipv6(const struct doctor *doctor) {
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        if (doctor->upstreams.list[i].server.address.family == AF_INET6)
            return true;
    return false;
}

static void tell_left_out(const struct doctor *doctor, const struct doctor_upstream *upstream) {
    findings_tell(&(struct finding){FINDING_NOTE, "upstream", upstream->text,
                                    remedy_for_lack_of_route(&upstream->server, asks_ipv6(doctor))},
                  "not asked: this host has no route to it. The others are asked in its place");
}

void doctor_upstreams(struct doctor *doctor) {
    for (size_t i = 0; i < doctor->left_out.count; i++)
        tell_left_out(doctor, &doctor->left_out.list[i]);
    for (size_t i = 0; i < doctor->upstreams.count; i++)
        tell_whether_local(&doctor->upstreams.list[i]);
    look_at_each(doctor);
    doctor_way_out(doctor);
}
