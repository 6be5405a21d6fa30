#ifndef ORIGINBYPASS_COMMAND_DOCTOR_CURL_H
#define ORIGINBYPASS_COMMAND_DOCTOR_CURL_H

#include <stdbool.h>

/** One fetch of a URL with the installed curl. */
struct curl_request {
    const char *url;
    const char *library;    /**< preloaded; an absolute path */
    bool reads_certificate; /**< accept any certificate, and report its issuer */
    bool only_connects;     /**< for a telnet URL: send nothing, and wait only briefly for data */
};

/** The result of a fetch. curl_free() frees the texts. */
struct curl_result {
    int exit_status; /**< see EXIT CODES in curl(1) */
    bool resolved;   /**< it has an address of the host */
    bool connected;
    int connect_ms;  /**< time until connected; 0: curl does not say */
    int secure_ms;   /**< time until the TLS handshake was done; 0: it was not done */
    int verified;    /**< OpenSSL's X509_V_ code of the certificate; 0: it is valid, 1: curl has not checked it */
    int http_status; /**< 0: none */
    char *address;   /**< that curl connected to; empty: none, or curl does not say */
    char *message;   /**< from standard error; if the certificate was asked for, the issuer's line */
    char *document;  /**< headers and the beginning of the body, up to the first NUL */
};

/**
 * Fetch. False: curl is not installed or cannot be run. No proxy is used, and no .curlrc is read. The caller must call
 * curl_free() if the result is true.
 */
bool curl_fetch(const struct curl_request *request, struct curl_result *result);

void curl_free(struct curl_result *result);

#endif
