/* A library that comes after ours, in libc's place. A call that asks what a service means, without a name, gets the
 * answer of proxychains with proxy_dns: one IPv4 node, whatever was asked for, in the way that STRANGE names.
 *
 * With "names" it answers a name: with a node that has no address, or a host of no family. With "waits" it answers no
 * name, but makes the file STRANGE_FILE and waits until the thread is cancelled. With "cancels" it cancels the thread,
 * and makes the file if the thread continues.
 *
 * The address is at the end of its node's memory, so that a checker sees reads beyond it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *way;

static bool is_way(const char *word) {
    return strcmp(way, word) == 0;
}

/* libc's freeaddrinfo(3) frees it. */
static struct addrinfo *make_node(const struct addrinfo *hints, const char *service, size_t size) {
    const struct sockaddr_in ipv4 = {
        .sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(service)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct addrinfo *info = calloc(1, sizeof(*info) + size);
    *info = (struct addrinfo){.ai_family = AF_INET,
                              .ai_socktype = hints->ai_socktype,
                              .ai_protocol = hints->ai_protocol,
                              .ai_addrlen = (socklen_t)size,
                              .ai_addr = (struct sockaddr *)(void *)(info + 1)};
    memcpy(info->ai_addr, &ipv4, size < sizeof(ipv4) ? size : sizeof(ipv4));
    return info;
}

static struct addrinfo *answer(const struct addrinfo *hints, const char *service) {
    bool is_short = is_way("short_address");
    struct addrinfo *info = make_node(hints, service, is_short ? sizeof(sa_family_t) : sizeof(struct sockaddr_in));
    if (is_way("claimed_family"))
        info->ai_family = hints->ai_family;
    if (is_way("no_address") || is_way("names"))
        info->ai_addr = NULL;
    if (is_way("twice"))
        info->ai_next = make_node(hints, service, sizeof(struct sockaddr_in));
    if (is_way("canonical_name"))
        info->ai_canonname = strdup("strange.test");
    if (is_way("other_socktype"))
        info->ai_socktype = SOCK_SEQPACKET;
    if (is_way("other_protocol"))
        info->ai_protocol = IPPROTO_SCTP;
    if (is_way("huge_socktype"))
        info->ai_socktype = 256 + SOCK_STREAM;
    if (is_way("other_port"))
        ((struct sockaddr_in *)(void *)info->ai_addr)->sin_port = htons(4711);
    return info;
}

static void make_file(void) {
    close(open(getenv("STRANGE_FILE"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static void wait_where_asked_to(void) {
    way = getenv("STRANGE");
    if (way == NULL || !is_way("waits"))
        return;
    make_file();
    for (;;)
        pause();
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    __typeof__(&getaddrinfo) next;
    void *address = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &address, sizeof(next));
    if (node != NULL)
        wait_where_asked_to();
    way = getenv("STRANGE");
    if (way == NULL || is_way("waits") || (node != NULL) != is_way("names"))
        return next(node, service, hints, list);
    if (is_way("cancels")) {
        pthread_cancel(pthread_self());
        pthread_testcancel();
        make_file();
    }
    *list = is_way("nothing") ? NULL : answer(hints, service);
    return 0;
}

struct hostent *gethostbyname(const char *name) {
    static char official[] = "strange.test";
    static struct hostent host = {.h_name = official, .h_addrtype = AF_UNIX};
    (void)name;
    wait_where_asked_to();
    return &host;
}

int gethostbyname_r(const char *name, struct hostent *host, char *buffer, size_t size, struct hostent **result,
                    int *host_error) {
    (void)name, (void)host, (void)buffer, (void)size;
    wait_where_asked_to();
    *result = NULL;
    *host_error = NO_RECOVERY;
    return 0;
}
