#ifndef ORIGINBYPASS_DOORS_NETDB_NAMES_H
#define ORIGINBYPASS_DOORS_NETDB_NAMES_H

#include <netdb.h>

/*
 * Names of glibc's netdb.h that musl's does not have, for the command that is compiled for musl (make STATIC=1). The
 * values are glibc's: the library serves programs of both, whatever it is compiled with.
 */
#ifndef NETDB_INTERNAL
#define NETDB_INTERNAL (-1)
#define NETDB_SUCCESS 0
#endif

#ifndef AI_IDN
#define AI_IDN 0x40
#define AI_CANONIDN 0x80
#endif

#endif
