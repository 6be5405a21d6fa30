/* For the programs here: each is run under the library, in the lab, with every name below example.com on its list. */
#ifndef GUEST_H
#define GUEST_H

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* What external DNS says of the names, and what libc's own DNS says. */
#define ORIGIN "203.0.113.7"
#define EDGE "104.21.80.230"

/* What libc says of a name without a record of the type. musl tells it from a name that does not exist since 1.2.4, and
 * says so of an address of the other family too. */
static inline int no_data_error(void) {
#ifndef __GLIBC__
    struct addrinfo hints = {.ai_family = AF_INET6}, *list;
    return getaddrinfo("127.0.0.1", NULL, &hints, &list);
#else
    return EAI_NODATA;
#endif
}

/* One of the names N.many.example.com, which nobody has asked for yet. */
#define COLD_NAME(number) cold_name((char[64]){0}, number)

static inline const char *cold_name(char text[static 64], unsigned number) {
    snprintf(text, 64, "%u.many.example.com", number);
    return text;
}

/* The first IPv4 address of a name; "" if there is an error. */
static inline const char *first_address(const char *name, char text[static INET_ADDRSTRLEN]) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
    text[0] = '\0';
    if (getaddrinfo(name, "443", &hints, &list) != 0)
        return text;
    inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr, text, INET_ADDRSTRLEN);
    freeaddrinfo(list);
    return text;
}

static inline bool leads_to(const char *name, const char *address) {
    char text[INET_ADDRSTRLEN];
    return strcmp(first_address(name, text), address) == 0;
}

static inline bool leads_to_origin(const char *name) {
    return leads_to(name, ORIGIN);
}

/* Names of every kind, by the two most common functions: cold or warm, over UDP or TCP, with one address or many. */
static inline bool answers_all_kinds(void) {
    return leads_to_origin("cdn.example.com") && leads_to_origin("alias.example.com") &&
           strncmp(first_address("crowd.example.com", (char[INET_ADDRSTRLEN]){0}), "203.0.113.", 10) == 0 &&
           gethostbyname("sixty.example.com") != NULL;
}

static inline long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static inline void pause_ms(long duration_ms) {
    struct timespec left = {duration_ms / 1000, duration_ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* A lookup has sockets while it waits. Counted by their links, because fstat(2) on another thread's descriptor would be
 * a data race. */
static inline size_t count_sockets(void) {
    size_t count = 0;
    for (int number = 0; number < 1024; number++) {
        char path[32], link[16];
        snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
        ssize_t length = readlink(path, link, sizeof(link));
        count += length > 7 && memcmp(link, "socket:", 7) == 0;
    }
    return count;
}

static inline void signal_after_ms(long ms) {
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_usec = ms * 1000}}, NULL);
}

/* Ends the process (also a child) at once if the condition is false, and prints it to standard output. */
#define EXPECT(condition) ((condition) ? (void)0 : give_up(__FILE__, __LINE__, #condition))

_Noreturn static inline void give_up(const char *file, int line, const char *condition) {
    int error = errno;
    char text[512];
    int length =
        snprintf(text, sizeof(text), "%s:%d: expected %s (errno: %s)\n", file, line, condition, strerror(error));
    _exit(write(STDOUT_FILENO, text, (size_t)length) == length ? 1 : 2);
}

#endif
