#ifndef ORIGINBYPASS_COMMAND_DOCTOR_CURL_H
#define ORIGINBYPASS_COMMAND_DOCTOR_CURL_H

#include <stdbool.h>

/** One fetch of a URL with the curl that is installed. */
struct curl_request {
    const char *url;
    const char *library;    /**< preloaded; an absolute path */
    const char *hosts;      /**< for ORIGIN_BYPASS_HOSTS; NULL: what the environment says */
    bool reads_certificate; /**< take whatever certificate comes, and say whose it is */
    bool only_connects;     /**< of a telnet URL: send nothing, and do not wait long for what comes */
};

/** What came of it. curl_free() frees the texts. */
struct curl_result {
    int exit_status; /**< as EXIT CODES in curl(1) */
    bool resolved;   /**< it has an address of the host */
    bool connected;
    int connect_ms;  /**< until connected; 0: curl does not say */
    int secure_ms;   /**< until the TLS handshake was done; 0: it was not */
    int verified;    /**< OpenSSL's X509_V_ code for the certificate; 0: it holds, 1: curl has not looked */
    int http_status; /**< 0: none */
    char *address;   /**< that it connected to; empty: none, or curl does not say */
    char *message;   /**< what it said on standard error, or the issuer's line where the certificate was asked for */
    char *document;  /**< headers and the beginning of the body, up to the first NUL */
};

/** Fetch. False: curl is not installed or cannot be run. No proxy is used, and no .curlrc is read. */
bool curl_fetch(const struct curl_request *request, struct curl_result *result);

void curl_free(struct curl_result *result);

#endif
