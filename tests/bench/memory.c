/*
 * The memory for cached names: memory NAMES. Writes a line of CSV: the resident size in KiB before and after it has
 * looked up so many names with an A and an AAAA record. Runs under the library, in the lab.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "measure.h"
#include "subjects.h"

static long resident_kib(void) {
    long all, resident;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm == NULL || fscanf(statm, "%ld %ld", &all, &resident) != 2)
        give_up("/proc/self/statm");
    fclose(statm);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv) {
    static const struct addrinfo stream = {.ai_socktype = SOCK_STREAM};
    if (argc != 2) {
        fputs("usage: memory NAMES\n", stderr);
        return 2;
    }
    /* What the first lookup allocates does not depend on the number of names. */
    look_up(getaddrinfo, "first.names.example.net", "443", &stream);
    look_up(getaddrinfo, "first.names.example.net", "443", &stream);
    long before_kib = resident_kib();
    for (int i = 0; i < atoi(argv[1]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "name-%06d.names.example.net", i);
        look_up(getaddrinfo, name, "443", &stream);
        /* The second call also remembers the whole answer of the call. */
        look_up(getaddrinfo, name, "443", &stream);
    }
    printf("memory,%s names,%ld,%ld\n", argv[1], before_kib, resident_kib());
    return 0;
}
