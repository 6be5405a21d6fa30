#ifndef ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_URL_H
#define ORIGINBYPASS_COMMAND_DOCTOR_DOCTOR_URL_H

#include "originbypass/command/doctor/doctor_common.h"

/** Try a URL with curl and the library. */
void doctor_url(const struct doctor *doctor, const char *url, const char *host);

#endif
