#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_NEIGHBOURS_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_NEIGHBOURS_H

/**
 * Report which other objects of process `pid` answer getaddrinfo(3) before the library, and whether it has the library
 * twice. `maps` is the text of /proc/PID/maps, and `preload` is LD_PRELOAD in its environment; NULL: not known.
 */
void doctor_neighbours(const char *pid, const char *about, const char *maps, const char *preload);

/** The same for a value of LD_PRELOAD in the environment of this command; NULL: it is not set. */
void doctor_neighbours_in(const char *about, const char *preload);

#endif
