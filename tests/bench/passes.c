/*
 * Calls that are not ours, with the library and without it: passes RULES SAMPLES. RULES names the case: the number of
 * rules in the configuration. Runs under the library, in the lab that tests/bench/run makes.
 *
 * passes count NAME TIMES looks the name up so often, for an instruction counter.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "subjects.h"

static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
static getaddrinfo_function *libc;

static void libc_address(uint64_t round) {
    (void)round;
    look_up(libc, "203.0.113.77", "443", &stream);
}
static void our_address(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "203.0.113.77", "443", &stream);
}
static void libc_numeric(uint64_t round) {
    (void)round;
    look_up(libc, "203.0.113.77", "443", &numeric);
}
static void our_numeric(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "203.0.113.77", "443", &numeric);
}
static void libc_name(uint64_t round) {
    (void)round;
    look_up(libc, "peer.bench.example.com", "443", &stream);
}
static void our_name(uint64_t round) {
    (void)round;
    look_up(getaddrinfo, "peer.bench.example.com", "443", &stream);
}

int main(int argc, char **argv) {
    char what[64];
    if (argc == 4 && strcmp(argv[1], "count") == 0) {
        for (long left = atol(argv[3]); left > 0; left--)
            look_up(getaddrinfo, argv[2], "443", &stream);
        return 0;
    }
    if (argc != 3) {
        fputs("usage: passes RULES SAMPLES | count NAME TIMES\n", stderr);
        return 2;
    }
    uint32_t samples = (uint32_t)atoi(argv[2]);
    libc = libc_getaddrinfo();
    snprintf(what, sizeof(what), "address as text among %s rules", argv[1]);
    measure("pass", what, (const struct subject[]){{"libc", libc_address}, {"library", our_address}}, 2, 1, samples,
            2000);
    snprintf(what, sizeof(what), "AI_NUMERICHOST among %s rules", argv[1]);
    measure("pass", what, (const struct subject[]){{"libc", libc_numeric}, {"library", our_numeric}}, 2, 1, samples,
            2000);
    snprintf(what, sizeof(what), "name not listed among %s rules", argv[1]);
    measure("pass", what, (const struct subject[]){{"libc", libc_name}, {"library", our_name}}, 2, 1, samples, 50);
    return 0;
}
