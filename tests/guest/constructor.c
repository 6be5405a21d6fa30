/* A library that resolves while it is loaded. */
#include "guest.h"

__attribute__((constructor)) static void resolve(void) {
    char text[INET_ADDRSTRLEN];
    printf("constructor: %s\n", first_address("cdn.example.com", text));
    fflush(stdout);
}
