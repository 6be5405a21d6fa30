#ifndef ORIGINBYPASS_COMMAND_DOCTOR_URL_H
#define ORIGINBYPASS_COMMAND_DOCTOR_URL_H

#include <stdbool.h>

/** The parts of an http or https URL (RFC 3986) that say which server it leads to. */
struct url {
    bool tls;
    char *host; /**< without brackets */
    char *port; /**< as it is written, or the default of the scheme */
};

/**
 * Split a URL. User, password, path and query are left out. False: it is not such a URL, and there is nothing to free.
 * Otherwise the caller must call url_free().
 */
bool url_parse(const char *text, struct url *url);

void url_free(struct url *url);

#endif
