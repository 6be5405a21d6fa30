/* What is wrong where libc itself has no answer: its name servers, and the file that names them. */
#include "originbypass/command/doctor/doctor_local.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>

#include "originbypass/command/base/describe.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/dns/ask.h"
#include "originbypass/command/dns/local.h"
#include "originbypass/command/dns/local_files.h"
#include "originbypass/command/doctor/findings.h"

/* libc asks no more (resolv.conf(5), MAXNS), and waits for each of them five seconds by default. */
enum { SERVERS_MAX = 3, TIMEOUT_MS = 900 };

char *doctor_local_why(int problem) {
    const char *fault = local_files_fault();
    return text_format("%s%s%s", local_problem_text(problem), fault == NULL ? "" : "; ", fault == NULL ? "" : fault);
}

/* `192.0.2.1, 10.0.0.10`: those without any reply. For the caller to free; empty: each has replied. */
static char *silent_servers(const char *host) {
    struct server_address servers[SERVERS_MAX];
    struct ask_question questions[SERVERS_MAX];
    struct ask_replies replies[SERVERS_MAX];
    size_t count = local_files_servers(servers, SERVERS_MAX);
    char *list = memory_text("");
    for (size_t i = 0; i < count; i++)
        questions[i] = (struct ask_question){&servers[i], DNS_OVER_UDP, host, RECORD_A, TIMEOUT_MS, 2};
    ask_together(questions, replies, count);
    for (size_t i = 0; i < count; i++) {
        const struct ask_reply *reply = &replies[i].types[0];
        if (reply->answer == NULL && (reply->kind == DNS_SILENT || reply->kind == DNS_UNREACHABLE)) {
            char *server = describe_server(&servers[i]), *before = list;
            list = text_format("%s%s%s", before, before[0] == '\0' ? "" : ", ", server);
            free(before);
            free(server);
        }
        ask_free(&replies[i]);
    }
    return list;
}

/* A program that waits longer may get an answer from the next server. */
static void tell_dns_failure(const char *host, int problem) {
    char *silent = silent_servers(host), *why = doctor_local_why(problem);
    struct finding finding = {FINDING_BAD, "local", host,
                              "Take name servers that do not answer out of /etc/resolv.conf, or let this pod's or "
                              "host's traffic out to them (port 53, UDP and TCP)"};
    findings_tell(&finding, "a program gets libc's answer, and %s (%s)%s%s",
                  problem == LOCAL_SILENT ? "waits for it" : "there is none", why,
                  silent[0] == '\0' ? "" : ": no reply from the name server of /etc/resolv.conf ", silent);
    free(why);
    free(silent);
}

/* Without a name server libc knows no name but those of the hosts file, whether the host is listed or not. */
void doctor_local_failure(const char *host, int problem) {
    static const char remedy[] =
        "Name this network's name servers in /etc/resolv.conf (nameserver ADDRESS), or mount or link it again";
    bool nobody_asked = local_files_fault() != NULL && problem != EAI_NONAME;
    bool failed = problem == LOCAL_SILENT || problem == EAI_AGAIN || problem == EAI_FAIL;
    if (failed && !nobody_asked) {
        tell_dns_failure(host, problem);
        return;
    }
    char *why = doctor_local_why(problem);
    findings_tell(
        &(struct finding){nobody_asked ? FINDING_CAUSE : FINDING_NOTE, "local", host, nobody_asked ? remedy : NULL},
        "a program gets libc's answer, and there is none: %s", why);
    free(why);
}
