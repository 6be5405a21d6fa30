/*
 * Tries a URL with curl and the library. The steps are reported in the order in which they can fail, with what the
 * failure means.
 */
#include "originbypass/command/doctor/doctor_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/doctor/curl.h"
#include "originbypass/command/doctor/doctor_addresses.h"
#include "originbypass/command/doctor/doctor_common.h"
#include "originbypass/command/doctor/findings.h"
#include "originbypass/command/doctor/url.h"
#include "originbypass/command/programs/library.h"
#include "originbypass/command/programs/proc_file.h"
#include "originbypass/rules/policy.h"

/* From EXIT CODES in curl(1): the codes that show at which step curl failed. */
enum {
    CURL_NO_NAME = 6,
    CURL_NO_CONNECTION = 7,
    CURL_TIMEOUT = 28,
    CURL_NAME_DIFFERS = 51,
    CURL_CLIENT_CERTIFICATE = 58,
    CURL_CERTIFICATE = 60,
    CURL_NO_AUTHORITIES = 77,
};

/* Some of OpenSSL's codes for a certificate that is not valid. */
enum {
    CERTIFICATE_UNSPECIFIED = 1,
    CERTIFICATE_NOT_YET_VALID = 9,
    CERTIFICATE_EXPIRED = 10,
    CERTIFICATE_FOR_ANOTHER_NAME = 62
};

/* One try, as all steps use it. */
struct url_trial {
    const char *text; /* the part of the URL that says which server it leads to */
    const char *host;
    struct url url;
    struct curl_request request;
    struct curl_result result;
    bool edge;          /* curl connected to the CDN */
    bool connected;     /* by curl */
    bool leads_here;    /* the host's address is one of this machine */
    bool is_internal;   /* libc says an address of a private network, and external DNS another */
    bool has_route;     /* to one of the host's addresses */
    bool has_no_origin; /* external DNS knows edges of the CDN alone */
};

static const char ADMITS_ONLY_CLOUDFLARE[] =
    "If the origin admits only Cloudflare's addresses, let it also admit those that your traffic leaves from; "
    "otherwise look for a network policy or a firewall on the way, and whether the origin serves this port";

static const char ASKS_FOR_A_CERTIFICATE[] = "With authenticated origin pulls the origin asks for Cloudflare's client "
                                             "certificate: let it accept one of your own "
                                             "too, and give that to the program, or give it another listener for you";

static bool is_about_certificate(int exit_status) {
    return exit_status == CURL_CERTIFICATE || exit_status == CURL_NAME_DIFFERS || exit_status == CURL_NO_AUTHORITIES;
}

/* --- name and connection ------------------------------------------------------------------------------------------ */

static bool tell_name(const struct url_trial *trial) {
    bool late = trial->result.exit_status == CURL_TIMEOUT && !trial->result.resolved;
    if (trial->result.exit_status != CURL_NO_NAME && !late)
        return true;
    findings_tell(
        &(struct finding){FINDING_BAD, "url-name", trial->text, "See the findings on the host and on the upstreams"},
        "curl finds no address: %s", trial->result.message);
    return false;
}

/*
 * If a connection fails because the server has no TLS, curl 7 does not report the time, and curl 8 not the address. So
 * curl connects once more without TLS to find the address, and sends nothing.
 */
static void find_address(struct url_trial *trial) {
    struct curl_result result;
    struct curl_request request = trial->request;
    char *url = text_format("telnet://%s:%s/", trial->url.host, trial->url.port);
    request.url = url;
    request.only_connects = true;
    if (curl_fetch(&request, &result)) {
        free(trial->result.address);
        trial->result.address = text_format("%s", result.address);
        curl_free(&result);
    }
    free(url);
}

static void tell_connected(const struct url_trial *trial) {
    const struct curl_result *result = &trial->result;
    const char *remedy = !trial->edge           ? NULL
                         : trial->has_no_origin ? DOCTOR_WAYS_TO_THE_ORIGIN
                                                : "See the findings on the host: its addresses are the CDN's";
    char *time = result->connect_ms > 0 ? text_format(" in %d ms", result->connect_ms) : text_format("%s", "");
    findings_tell(&(struct finding){trial->edge ? FINDING_BAD : FINDING_GOOD, "url-connection", trial->text, remedy},
                  "connected to %s%sport %s%s%s", result->address, result->address[0] == '\0' ? "" : " ",
                  trial->url.port, time, trial->edge ? ", an edge of the CDN and no origin" : "");
    free(time);
}

/* It makes sense without the notes on the host, which -q leaves out. The caller must free(3) it. */
static char *remedy_for_no_connection(const struct url_trial *trial) {
    return trial->leads_here ? memory_text("See the finding on the host: its address leads to this host itself")
           : trial->is_internal
               ? text_format(
                     "The local DNS leads inside, and with the library a program connects outside. If it should "
                     "connect inside, exclude the name: \"!%s\" among the hosts",
                     trial->host)
               : memory_text(ADMITS_ONLY_CLOUDFLARE);
}

static void tell_no_connection(const struct url_trial *trial) {
    char *remedy = remedy_for_no_connection(trial);
    const struct finding finding = {FINDING_BAD, "url-connection", trial->text, remedy};
    if (!trial->has_route)
        findings_tell(&(struct finding){FINDING_BAD, "url-connection", trial->text, "See the findings on the host"},
                      "no connection to port %s: this host has no route to any address of %s", trial->url.port,
                      trial->host);
    else if (trial->result.exit_status == CURL_TIMEOUT)
        findings_tell(&finding, "no connection to port %s within 4 s: packets to the origin or back are dropped",
                      trial->url.port);
    else if (trial->result.exit_status == CURL_NO_CONNECTION)
        findings_tell(&finding, "no connection to port %s: refused, rejected or no route (%s)", trial->url.port,
                      trial->result.message);
    else
        findings_tell(&(struct finding){FINDING_BAD, "url", trial->text, "Try the same with curl itself"},
                      "curl ends with status %d before it connects: %s", trial->result.exit_status,
                      trial->result.message);
    free(remedy);
}

static bool tell_connection(const struct url_trial *trial) {
    if (trial->result.connected)
        tell_connected(trial);
    else
        tell_no_connection(trial);
    return trial->result.connected;
}

/* --- TLS and certificate ------------------------------------------------------------------------------------------ */

static bool wants_client_certificate(const char *text) {
    return strcasestr(text, "certificate required") != NULL || strcasestr(text, "required SSL certificate") != NULL ||
           strcasestr(text, "SSL certificate error") != NULL;
}

/* curl leaves out the final dot of a name, which SNI cannot have (RFC 6066). */
static int sni_length(const struct url_trial *trial) {
    size_t length = strlen(trial->host);
    return (int)(length > 0 && trial->host[length - 1] == '.' ? length - 1 : length);
}

static void tell_no_handshake(const struct url_trial *trial) {
    bool silent = trial->result.exit_status == CURL_TIMEOUT;
    const char *message = silent ? "the server says nothing for 4 s" : trial->result.message;
    bool wanted = trial->result.exit_status == CURL_CLIENT_CERTIFICATE || wants_client_certificate(message);
    const char *remedy = wanted ? ASKS_FOR_A_CERTIFICATE
                                : "See whether the origin speaks TLS at this port and serves this name (SNI); some "
                                  "origins end the handshake with anyone but Cloudflare";
    findings_tell(&(struct finding){FINDING_BAD, "url-tls", trial->text, remedy}, "no TLS handshake with SNI %.*s: %s",
                  sni_length(trial), trial->host, message);
}

/*
 * Finds out who issued the certificate. The request has no path, query or password, because nothing secret may be sent
 * to a server that cannot prove its name.
 */
static char *find_issuer(const struct url_trial *trial) {
    struct curl_result result;
    struct curl_request request = trial->request;
    char *url = text_format("https://%s:%s/", trial->url.host, trial->url.port), *issuer = NULL;
    request.url = url;
    request.reads_certificate = true;
    if (curl_fetch(&request, &result)) {
        issuer = text_format("%s", result.message);
        curl_free(&result);
    }
    free(url);
    return issuer;
}

/* curl compares the names itself, before it looks at what OpenSSL has found. */
static bool is_for_another_name(const struct curl_result *result) {
    return result->exit_status == CURL_NAME_DIFFERS || result->verified <= CERTIFICATE_UNSPECIFIED ||
           result->verified == CERTIFICATE_FOR_ANOTHER_NAME;
}

static const char *remedy_for_certificate(const struct url_trial *trial, bool origin_ca) {
    if (trial->result.exit_status == CURL_NO_AUTHORITIES)
        return "Install the certification authorities (package ca-certificates), or correct what CURL_CA_BUNDLE and "
               "SSL_CERT_FILE name";
    if (origin_ca)
        return "Only Cloudflare trusts a Cloudflare Origin CA certificate: give the program Cloudflare's Origin CA "
               "root "
               "(nginx: proxy_ssl_trusted_certificate, curl: --cacert), or the origin a public certificate";
    if (trial->result.verified == CERTIFICATE_NOT_YET_VALID)
        return "Correct the clock of this host, if it is wrong; if it is right, the origin has its new certificate too "
               "early";
    if (trial->result.verified == CERTIFICATE_EXPIRED)
        return "Renew the origin's certificate, unless the clock of this host is wrong: the CDN in front of it may "
               "ignore this, or not check";
    if (is_for_another_name(&trial->result))
        return "Give the origin a certificate that is for this name: the CDN in front of it may accept another one";
    return "Give the program the certificate of the authority that has issued it, or the origin a public certificate; "
           "do "
           "not switch the check off";
}

static void write_clock(char *text, size_t size) {
    struct tm utc;
    time_t now = time(NULL);
    if (gmtime_r(&now, &utc) == NULL || strftime(text, size, " by this host's clock, which says %F %R UTC", &utc) == 0)
        text[0] = '\0';
}

static void tell_bad_certificate(const struct url_trial *trial) {
    char *issuer = find_issuer(trial);
    bool known = issuer != NULL && issuer[0] != '\0';
    bool origin_ca = known && strcasestr(issuer, "CloudFlare Origin") != NULL;
    char clock[sizeof(" by this host's clock, which says 0000-00-00 00:00 UTC")] = "";
    if (trial->result.verified == CERTIFICATE_NOT_YET_VALID || trial->result.verified == CERTIFICATE_EXPIRED)
        write_clock(clock, sizeof(clock));
    findings_tell(
        &(struct finding){FINDING_BAD, "url-certificate", trial->text, remedy_for_certificate(trial, origin_ca)},
        "the certificate is not valid%s%s: %s (issuer: %s)", origin_ca ? ", it is an Origin CA certificate" : "", clock,
        trial->result.message, known ? issuer : "unknown");
    free(issuer);
}

static bool tell_tls(const struct url_trial *trial) {
    const struct curl_result *result = &trial->result;
    if (!trial->url.tls)
        return true;
    if (is_about_certificate(result->exit_status)) {
        findings_tell(&(struct finding){FINDING_GOOD, "url-tls", trial->text, NULL},
                      "a server speaks TLS there, and was told SNI %s", trial->host);
        tell_bad_certificate(trial);
        return false;
    }
    if (result->secure_ms == 0) {
        tell_no_handshake(trial);
        return false;
    }
    findings_tell(&(struct finding){FINDING_GOOD, "url-tls", trial->text, NULL}, "TLS handshake with SNI %.*s in %d ms",
                  sni_length(trial), trial->host, result->secure_ms - result->connect_ms);
    findings_tell(&(struct finding){FINDING_GOOD, "url-certificate", trial->text, NULL},
                  "the certificate is valid and for this name");
    return true;
}

/* --- status ------------------------------------------------------------------------------------------------------- */

/* https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/ */
static const struct {
    int status;
    const char *meaning;
} CLOUDFLARE[] = {
    {520, "the edge got something from its origin that it does not understand"},
    {521, "the edge's origin refused its connection"},
    {522, "the edge's connection to its origin timed out"},
    {523, "the edge has no way to its origin: the address in its DNS is wrong"},
    {524, "the edge's origin took too long to answer"},
    {525, "the TLS handshake between the edge and its origin failed"},
    {526, "the edge does not take its origin's certificate"},
    {530, "the edge cannot resolve or reach its origin; the page says which error of the 1000s it is"},
};

static const char *cloudflare_meaning(int status) {
    for (size_t i = 0; i < sizeof(CLOUDFLARE) / sizeof(CLOUDFLARE[0]); i++)
        if (CLOUDFLARE[i].status == status)
            return CLOUDFLARE[i].meaning;
    return NULL;
}

/* Error 1000 is plain text for programs, and part of a page for people. */
static bool is_error_1000(const char *document) {
    return strcasestr(document, "error code: 1000") != NULL || strcasestr(document, "Error 1000") != NULL ||
           strcasestr(document, "cf-error-code\">1000<") != NULL;
}

static bool is_from_cloudflare(const char *document) {
    return strcasestr(document, "\ncf-ray:") != NULL || strcasestr(document, "\nserver: cloudflare") != NULL ||
           strcasestr(document, "error code: 1") != NULL;
}

static const char CONNECTED_TO_THE_CDN[] = "First see to it that the connection goes to the origin: it went to the CDN";

static void tell_error_1000(const struct url_trial *trial) {
    const char *remedy = trial->edge
                             ? CONNECTED_TO_THE_CDN
                             : "Either something on the way takes the connection to the CDN (a mesh's sidecar, a rule "
                               "of nat: look at the origin's log for this request), or the origin, or a proxy there, "
                               "goes to Cloudflare itself with this name, or passes on CF-Connecting-IP or a long "
                               "X-Forwarded-For; strip these headers; see originbypass-troubleshooting(7), HEADERS";
    findings_tell(&(struct finding){FINDING_BAD, "url-status", trial->text, remedy},
                  "status %d, Cloudflare's error 1000 %s", trial->result.http_status,
                  trial->edge ? "(DNS points to prohibited IP)" : "all the same");
}

static void tell_client_error(const struct url_trial *trial) {
    int status = trial->result.http_status;
    struct finding finding = {FINDING_NOTE, "url-status", trial->text, NULL};
    if (wants_client_certificate(trial->result.document)) {
        finding.kind = FINDING_BAD;
        finding.remedy = ASKS_FOR_A_CERTIFICATE;
        findings_tell(&finding, "status %d: the server asks for a client certificate", status);
    } else if (status == 403) {
        finding.kind = FINDING_BAD;
        finding.remedy = "If the origin admits only Cloudflare (by address, or by a header or certificate that "
                         "Cloudflare sends), let it admit your traffic too";
        findings_tell(&finding, "status 403: the server is there and does not admit this request");
    } else if (status == 421) {
        finding.kind = FINDING_BAD;
        finding.remedy = "Let the program send the same name as SNI and as Host, and the origin serve it";
        findings_tell(&finding, "status 421: the server does not serve this name over this connection");
    } else {
        findings_tell(&finding, "status %d: the server is there and answers", status);
    }
}

static void tell_server_error(const struct url_trial *trial) {
    int status = trial->result.http_status;
    const char *meaning = cloudflare_meaning(status);
    if (meaning != NULL && (trial->edge || is_from_cloudflare(trial->result.document)))
        findings_tell(&(struct finding){FINDING_BAD, "url-status", trial->text,
                                        trial->edge ? CONNECTED_TO_THE_CDN
                                                    : "The origin's own way leads to Cloudflare: look there"},
                      "status %d of Cloudflare: %s", status, meaning);
    else
        findings_tell(&(struct finding){FINDING_BAD, "url-status", trial->text, "Look at the origin: it is reached"},
                      "status %d: the server is there and fails", status);
}

static void tell_no_status(const struct url_trial *trial) {
    bool wanted = wants_client_certificate(trial->result.message);
    findings_tell(&(struct finding){FINDING_BAD, "url-status", trial->text,
                                    wanted ? ASKS_FOR_A_CERTIFICATE : "Look at the origin's log: it is reached"},
                  "connected, and no answer: %s", trial->result.message);
}

/* Where a redirect leads, if that is another host; the caller frees the text. NULL: it does not. */
static char *redirected_host(const struct url_trial *trial) {
    static const char field[] = "\nlocation:";
    const char *found = strcasestr(trial->result.document, field);
    struct url url;
    if (trial->result.http_status / 100 != 3 || found == NULL)
        return NULL;
    found += sizeof(field) - 1;
    found += strspn(found, " \t");
    char *location = text_format("%.*s", (int)strcspn(found, "\r\n"), found), *host = NULL;
    if (url_parse(location, &url)) {
        host = strcasecmp(url.host, trial->host) == 0 ? NULL : memory_text(url.host);
        url_free(&url);
    }
    free(location);
    return host;
}

/* A program that follows the redirect looks up the other name. */
static void tell_redirect(const struct doctor *doctor, const struct url_trial *trial) {
    char *host = redirected_host(trial);
    if (host == NULL)
        return;
    bool listed = doctor_is_listed(doctor, host);
    findings_tell(&(struct finding){FINDING_NOTE, "url-redirect", trial->text,
                                    listed ? NULL
                                           : "If the program follows it and should go to the origin there, list "
                                             "that host, too"},
                  "redirects to %s, which %s", host, listed ? "is listed" : "is not listed, so libc answers for it");
    free(host);
}

static void tell_status(const struct url_trial *trial) {
    int status = trial->result.http_status;
    if (status == 0)
        tell_no_status(trial);
    else if (is_error_1000(trial->result.document))
        tell_error_1000(trial);
    else if (status >= 500)
        tell_server_error(trial);
    else if (status >= 400)
        tell_client_error(trial);
    else
        findings_tell(&(struct finding){trial->edge ? FINDING_NOTE : FINDING_GOOD, "url-status", trial->text, NULL},
                      "status %d", status);
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

/* If curl connected to an address that external DNS does not give, the library was not asked, or it asked libc. */
static void tell_way(const struct doctor *doctor, const struct url_trial *trial) {
    struct address address;
    struct address_set external = {0};
    char *text = NULL;
    if (doctor_is_listed(doctor, trial->host) && address_parse(trial->result.address, &address) &&
        doctor_external(trial->host, &external) && external.count > 0 && !address_set_has(&external, &address)) {
        text = address_set_text(&external);
        findings_tell(&(struct finding){FINDING_NOTE, "url-way", trial->text,
                                        "A curl that is static or built with c-ares does not ask the library; "
                                        "originbypass doctor -- curl says more"},
                      "curl connected to %s; external DNS says %s", trial->result.address, text);
    }
    free(text);
    address_set_free(&external);
}

static bool is_edge(const struct doctor *doctor, const struct url_trial *trial) {
    struct address address;
    return address_parse(trial->result.address, &address) &&
           policy_edge(doctor_settings(doctor, trial->host), &address) != NULL;
}

static void tell_trial(const struct doctor *doctor, struct url_trial *trial) {
    if (trial->result.connected && trial->result.address[0] == '\0')
        find_address(trial);
    trial->edge = is_edge(doctor, trial);
    if (tell_name(trial) && tell_connection(trial)) {
        tell_way(doctor, trial);
        if (tell_tls(trial)) {
            tell_status(trial);
            tell_redirect(doctor, trial);
        }
    }
}

static void try_with_curl(const struct doctor *doctor, struct url_trial *trial) {
    if (!curl_fetch(&trial->request, &trial->result)) {
        findings_tell(&(struct finding){FINDING_NOTE, "url", trial->text, "Install curl to have it tried"},
                      "curl is not installed: not tried");
        return;
    }
    tell_trial(doctor, trial);
    trial->connected = trial->result.connected;
    curl_free(&trial->result);
}

/* If none takes a connection, that has been reported. */
static void try_each_address(const struct doctor *doctor, const struct url_trial *trial) {
    struct address_set external = {0};
    if (trial->connected && doctor_is_listed(doctor, trial->host) && doctor_external(trial->host, &external) &&
        external.count > 1)
        doctor_addresses(&external, trial->url.port, trial->text);
    address_set_free(&external);
}

/* The first of these variables that is set, in the environment of process `pid`; NULL: in ours. */
static const char *proxy_variable(const char *pid, const char *const *names, size_t count) {
    size_t size = 0;
    char *environment = pid == NULL ? NULL : proc_file_text(pid, "environ", &size);
    const char *found = NULL;
    for (size_t i = 0; i < count && found == NULL; i++) {
        const char *value = pid == NULL           ? secure_getenv(names[i])
                            : environment == NULL ? NULL
                                                  : proc_file_variable(environment, size, names[i]);
        if (value != NULL && value[0] != '\0')
            found = names[i];
    }
    free(environment);
    return found;
}

/* The value is not shown, because it may have a password in it. curl takes HTTP_PROXY for no proxy, others do. */
static void tell_proxy(const struct url_trial *trial, const char *pid) {
    const char *const names[] = {trial->url.tls ? "https_proxy" : "http_proxy",
                                 trial->url.tls ? "HTTPS_PROXY" : "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
    const char *name = proxy_variable(pid, names, sizeof(names) / sizeof(names[0]));
    if (name == NULL)
        return;
    char *place = pid == NULL ? text_format("here") : text_format("in the environment of process %s", pid);
    char *remedy = text_format(
        "Add %s to no_proxy of the program unless that covers it, or have the library in the proxy", trial->host);
    findings_tell(&(struct finding){FINDING_NOTE, "url-proxy", trial->text, remedy},
                  "%s is set %s, and this report went past that proxy. A program that uses the proxy does not look up "
                  "%s: the proxy does",
                  name, place, trial->host);
    free(remedy);
    free(place);
}

/* That libc has no answer is a note on the host, as it may be right: -q leaves it out. */
static void tell_not_tried(const char *url, const struct doctor_host *host) {
    if (host->is_libcs)
        findings_tell(&(struct finding){FINDING_BAD, "url-name", url,
                                        "Correct the name, or what libc asks for it: /etc/hosts, /etc/resolv.conf and "
                                        "the name servers there"},
                      "not tried: a program gets libc's answer for %s, and libc has no address", host->name);
    else
        findings_tell(
            &(struct finding){FINDING_BAD, "url-name", url, "See the findings on the host and on the upstreams"},
            "not tried: a program gets no address for %s", host->name);
}

void doctor_url(const struct doctor *doctor, const char *url, const char *host) {
    struct url_trial trial = {.host = host};
    char *library = library_find(), *shown = NULL;
    if (library == NULL) {
        findings_tell(&(struct finding){FINDING_BAD, "library", "liboriginbypass.so",
                                        "Put it beside this command, or name it in ORIGIN_BYPASS_LIBRARY"},
                      "not found: %s is not tried", host);
    } else if (url_parse(url, &trial.url)) {
        shown = text_format("%s://%s:%s/", trial.url.tls ? "https" : "http", trial.url.host, trial.url.port);
        trial.text = shown;
        trial.request = (struct curl_request){.url = url, .library = library};
        const struct doctor_host *looked_at = doctor_find_host(doctor, host);
        trial.leads_here = looked_at->leads_here;
        trial.is_internal = looked_at->is_internal;
        trial.has_route = looked_at->has_route;
        trial.has_no_origin = looked_at->has_no_origin;
        if (looked_at->has_address) {
            try_with_curl(doctor, &trial);
            try_each_address(doctor, &trial);
            tell_proxy(&trial, doctor->pid);
        } else {
            tell_not_tried(shown, looked_at);
        }
        url_free(&trial.url);
    }
    free(shown);
    free(library);
}
