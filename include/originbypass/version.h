#ifndef ORIGINBYPASS_VERSION_H
#define ORIGINBYPASS_VERSION_H

/** The release (semantic versioning), in one place for the command, the counters and the packages. */
#define ORIGINBYPASS_VERSION "0.1.0"

#endif
