#include "originbypass/command/doctor/curl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "originbypass/command/base/file_text.h"
#include "originbypass/command/base/memory.h"
#include "originbypass/command/base/text.h"
#include "originbypass/command/programs/library.h"

/* Time limits for the fetch, for name lookup and connecting, and for a fetch that only connects; and how much of the
 * document is kept. Two lost packets do not make a connection fail: the third SYN leaves after 3 s. */
#define LONGEST_S "15"
#define CONNECT_S "4"
#define ONLY_CONNECT_S "1"
enum { DOCUMENT_MAX = 1024 * 1024, NOT_RUN = 127 };

/* Files in memory: curl writes to them, and after curl has ended we read them. */
struct outputs {
    int facts, message, document;
};

static int open_output(const char *name) {
    return memfd_create(name, MFD_CLOEXEC);
}

static void close_outputs(const struct outputs *outputs) {
    const int all[] = {outputs->facts, outputs->message, outputs->document};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] >= 0)
            close(all[i]);
}

static char *read_written(int descriptor) {
    char *text = lseek(descriptor, 0, SEEK_SET) == 0 ? file_text_of(descriptor, NULL) : NULL;
    return text != NULL ? text : memory_text("");
}

/* --- in the child ------------------------------------------------------------------------------------------------- */

static void set(const char *variable, const char *value) {
    if (setenv(variable, value, 1) != 0) // NOLINT(concurrency-mt-unsafe): there is one thread
        _exit(NOT_RUN);
}

/* At the limit on the file size, the write fails with EFBIG and curl ends. */
static void prepare(const struct curl_request *request, const struct outputs *outputs) {
    const struct rlimit limit = {DOCUMENT_MAX, DOCUMENT_MAX};
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(outputs->facts, STDOUT_FILENO) < 0 ||
        dup2(outputs->message, STDERR_FILENO) < 0 || fcntl(outputs->document, F_SETFD, 0) < 0)
        _exit(NOT_RUN);
    setrlimit(RLIMIT_FSIZE, &limit);
    signal(SIGXFSZ, SIG_IGN);
    set("LD_PRELOAD", library_preload(request->library));
    set("ORIGIN_BYPASS_LOG_LEVEL", "none");
    set("LC_ALL", "C");
}

/* -q must be the first option: it makes curl ignore .curlrc. */
static void run_curl(const struct curl_request *request, const struct outputs *outputs) {
    static const char facts[] = "%{http_code} %{num_connects} %{ssl_verify_result} %{time_namelookup} %{time_connect} "
                                "%{time_appconnect} %{remote_ip}";
    char document[64];
    prepare(request, outputs);
    snprintf(document, sizeof(document), "/proc/self/fd/%d", outputs->document);
    const char *show_error[] = {"curl", "-q", "-sS", "-i"}, *show_certificate[] = {"curl", "-q", "-svk", "-I"};
    const char *const *how = request->reads_certificate ? show_certificate : show_error;
    const char *longest = request->only_connects ? ONLY_CONNECT_S : LONGEST_S;
    const char *arguments[] = {how[0],    how[1],       how[2],  how[3], "--noproxy", "*",  "--connect-timeout",
                               CONNECT_S, "--max-time", longest, "-o",   document,    "-w", facts,
                               "--url",   request->url, NULL};
    execvp("curl", (char *const *)arguments);
    _exit(NOT_RUN);
}

/* --- in the parent ------------------------------------------------------------------------------------------------ */

static bool wait_for_curl(pid_t child, int *exit_status) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN;
    return *exit_status != NOT_RUN;
}

/* Converts seconds with a fraction, as curl writes them. A time that is not zero becomes at least a millisecond. */
static int milliseconds(double seconds) {
    return seconds <= 0 ? 0 : seconds < 0.001 ? 1 : (int)(seconds * 1000);
}

static void read_facts(const char *facts, struct curl_result *result) {
    double connect = 0, secure = 0;
    char address[64] = "";
    char *rest = NULL;
    result->http_status = (int)strtol(facts, &rest, 10);
    result->connected = strtol(rest, &rest, 10) > 0;
    result->verified = (int)strtol(rest, &rest, 10);
    result->resolved = strtod(rest, &rest) > 0;
    connect = strtod(rest, &rest);
    secure = strtod(rest, &rest);
    if (rest[0] == ' ')
        snprintf(address, sizeof(address), "%s", rest + 1);
    result->connect_ms = milliseconds(connect);
    result->secure_ms = milliseconds(secure);
    result->address = memory_text(address);
}

/* curl -v shows the certificate. This finds one line of it: `*  issuer: C=US; O=...`. */
static char *issuer_in(const char *talk) {
    const char *found = strstr(talk, "issuer: ");
    if (found == NULL)
        return memory_text("");
    found += strlen("issuer: ");
    return text_format("%.*s", (int)strcspn(found, "\r\n"), found);
}

/* Finds the first line of a message such as `curl: (60) SSL certificate problem: ...`. */
static char *error_in(const char *said) {
    const char *found = strstr(said, "curl: (");
    found = found == NULL ? said : found + strlen("curl: (");
    found += strspn(found, "0123456789) ");
    return text_format("%.*s", (int)strcspn(found, "\r\n"), found);
}

bool curl_fetch(const struct curl_request *request, struct curl_result *result) {
    struct outputs outputs = {open_output("facts"), open_output("message"), open_output("document")};
    *result = (struct curl_result){0};
    bool ready = outputs.facts >= 0 && outputs.message >= 0 && outputs.document >= 0;
    fflush(stdout);
    pid_t child = ready ? fork() : -1;
    if (child == 0)
        run_curl(request, &outputs);
    bool done = child > 0 && wait_for_curl(child, &result->exit_status);
    if (done) {
        char *facts = read_written(outputs.facts), *said = read_written(outputs.message);
        read_facts(facts, result);
        result->message = request->reads_certificate ? issuer_in(said) : error_in(said);
        result->document = read_written(outputs.document);
        free(said);
        free(facts);
    }
    close_outputs(&outputs);
    return done;
}

void curl_free(struct curl_result *result) {
    free(result->address);
    free(result->message);
    free(result->document);
    *result = (struct curl_result){0};
}
