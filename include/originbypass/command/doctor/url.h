#ifndef ORIGINBYPASS_COMMAND_DOCTOR_URL_H
#define ORIGINBYPASS_COMMAND_DOCTOR_URL_H

#include <stdbool.h>

/** The parts of an http or https URL (RFC 3986) that say where it leads. */
struct url {
    bool tls;
    char *host; /**< without brackets */
    char *port; /**< as it is written, or the scheme's */
};

/** Take a URL apart; user and password, path and query are left out. False: it is none, and there is nothing to free.
 */
bool url_parse(const char *text, struct url *url);

void url_free(struct url *url);

#endif
