/*
 * Compares hits with the bare memory that they return and with what users have today.
 *
 *     hits NAMES SAMPLES                     the table; the cases with many names use NAMES of them
 *     hits count floor | hit TIMES           only one of the two, TIMES times, for a tool that counts instructions
 *
 * Runs under the library, in the lab that tests/bench/run makes.
 */
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "subjects.h"

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
static const struct addrinfo configured = {.ai_flags = AI_ADDRCONFIG, .ai_socktype = SOCK_STREAM};

static getaddrinfo_function *libc, *nss_wrapper;
static gethostbyname_r_function *libc_by_name;
static uint32_t name_count;
static char (*names)[64];

static void floor_1(uint64_t round) {
    (void)round;
    make_and_free(1, 0);
}
static void floor_2(uint64_t round) {
    (void)round;
    make_and_free(1, 1);
}
static void floor_6(uint64_t round) {
    (void)round;
    make_and_free(3, 3);
}
static void floor_8(uint64_t round) {
    (void)round;
    make_and_free(4, 4);
}
static void floor_48(uint64_t round) {
    (void)round;
    make_and_free(24, 24);
}

static void hit_1(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "one.bench.example.com", "443", &stream);
}
static void hit_2(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "two.bench.example.com", "443", &stream);
}
static void hit_8(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "eight.bench.example.com", "443", &stream);
}
static void hit_48(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "many.bench.example.com", "443", &stream);
}
static void hit_wildcard(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "two.wild.example.net", "443", &stream);
}
static void hit_service(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "https.bench.example.com", "https", &stream);
}
static void hit_no_hints(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "null.bench.example.com", "443", NULL);
}
static void hit_configured(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "config.bench.example.com", "443", &configured);
}
static void hit_any_name(uint64_t round) {
    look_up(getaddrinfo, names[round % name_count], "443", &stream);
}
/* For each name only one kind of call is remembered, and these two kinds alternate. */
static void hit_in_turns(uint64_t round) {
    look_up(getaddrinfo, "turns.bench.example.com", round % 2 ? "443" : "80", &stream);
}

static void by_name(gethostbyname_r_function *function, const char *name) {
    struct hostent host, *result;
    char buffer[1024];
    int error;
    if (function(name, &host, buffer, sizeof(buffer), &result, &error) != 0 || result == NULL) {
        fprintf(stderr, "bench: gethostbyname_r: %s\n", hstrerror(error));
        exit(1);
    }
}
static void hit_by_name(uint64_t round) {
    (void)round;
    by_name(gethostbyname_r, "two.bench.example.com");
}

static void wrapper_hosts(uint64_t round) {
    (void)round;
    look_up(nss_wrapper, "peer.bench.example.com", "443", &stream);
}
static void libc_hosts(uint64_t round) {
    (void)round;
    look_up(libc, "peer.bench.example.com", "443", &stream);
}
static void libc_dnsmasq(uint64_t round) {
    (void)round;
    look_up(libc, "dual.example.com", "443", &stream);
}
static void libc_by_name_hosts(uint64_t round) {
    (void)round;
    by_name(libc_by_name, "peer.bench.example.com");
}

static void make_names(uint32_t count) {
    names = calloc(count, sizeof(*names));
    if (names == NULL)
        give_up("calloc");
    for (uint32_t i = 0; i < count; i++)
        snprintf(names[i], sizeof(names[i]), "name-%05u.names.example.net", i);
    name_count = count;
    for (uint32_t i = 0; i < count; i++)
        hit_any_name(i);
}

#define BATCH 2000
#define SLOW_BATCH 50
#define SUBJECTS(...)                                                                                                  \
    (const struct subject[]){__VA_ARGS__}, sizeof((const struct subject[]){__VA_ARGS__}) / sizeof(struct subject)

static void measure_hits(uint32_t samples) {
    measure("hit", "1 address", SUBJECTS({"floor", floor_1}, {"hit", hit_1}), 1, samples, BATCH);
    measure("hit", "2 addresses", SUBJECTS({"floor", floor_2}, {"hit", hit_2}), 1, samples, BATCH);
    measure("hit", "8 addresses", SUBJECTS({"floor", floor_8}, {"hit", hit_8}), 1, samples, BATCH);
    measure("hit", "48 addresses", SUBJECTS({"floor", floor_48}, {"hit", hit_48}), 1, samples, BATCH);
    measure("hit", "wildcard rule", SUBJECTS({"floor", floor_2}, {"hit", hit_wildcard}), 1, samples, BATCH);
    measure("hit", "service https", SUBJECTS({"floor", floor_2}, {"hit", hit_service}), 1, samples, BATCH);
    measure("hit", "hints NULL", SUBJECTS({"floor", floor_6}, {"hit", hit_no_hints}), 1, samples, BATCH);
    measure("hit", "AI_ADDRCONFIG", SUBJECTS({"floor", floor_2}, {"hit", hit_configured}), 1, samples, BATCH);
    measure("hit", "two kinds of call in turns", SUBJECTS({"floor", floor_2}, {"hit", hit_in_turns}), 1, samples,
            BATCH);
    measure("hit", "gethostbyname_r", SUBJECTS({"floor", floor_2}, {"hit", hit_by_name}), 1, samples, BATCH);
}

static void measure_threads(uint32_t samples) {
    uint32_t cores = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    for (uint32_t threads = 1; threads <= cores; threads += cores > 1 ? cores - 1 : 1) {
        measure("threads", "one name", SUBJECTS({"floor", floor_2}, {"hit", hit_2}), threads, samples, 10 * BATCH);
        measure("threads", "many names", SUBJECTS({"floor", floor_2}, {"hit", hit_any_name}), threads, samples,
                10 * BATCH);
    }
}

static void measure_peers(uint32_t samples) {
    measure("peers", "getaddrinfo",
            SUBJECTS({"floor", floor_2}, {"hit", hit_2}, {"nss_wrapper hosts file", wrapper_hosts},
                     {"glibc /etc/hosts", libc_hosts}, {"glibc dnsmasq on loopback", libc_dnsmasq}),
            1, samples, SLOW_BATCH);
    measure("peers", "gethostbyname_r", SUBJECTS({"hit", hit_by_name}, {"glibc /etc/hosts", libc_by_name_hosts}), 1,
            samples, SLOW_BATCH);
}

static int count(const char *what, uint32_t times) {
    void (*run)(uint64_t) = strcmp(what, "floor") == 0 ? floor_2 : hit_2;
    for (uint32_t i = 0; i < times; i++)
        run(i);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "count") == 0)
        return count(argv[2], (uint32_t)atoi(argv[3]));
    if (argc != 3) {
        fputs("usage: hits NAMES SAMPLES | hits count floor|hit TIMES\n", stderr);
        return 2;
    }
    uint32_t samples = (uint32_t)atoi(argv[2]);
    libc = libc_getaddrinfo();
    libc_by_name = libc_gethostbyname_r();
    nss_wrapper = nss_wrapper_getaddrinfo();
    make_names((uint32_t)atoi(argv[1]));
    measure_hits(samples);
    measure_threads(samples / 4 + 1);
    measure_peers(samples / 4 + 1);
    free(names);
    return 0;
}
