#ifndef ORIGINBYPASS_VERSION_H
#define ORIGINBYPASS_VERSION_H

/** The version of library and command (Semantic Versioning 2.0.0). */
#define ORIGINBYPASS_VERSION "1.0.0"

#endif
