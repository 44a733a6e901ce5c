#ifndef ODR_TESTS_UNIT_CRYPTO_CERTIFICATE_PEM_H
#define ODR_TESTS_UNIT_CRYPTO_CERTIFICATE_PEM_H

/* A certificate that signs itself, of 2026 to 2126, and its key, which protects nothing. */
#define CERTIFICATE_PEM                                               \
 "-----BEGIN CERTIFICATE-----\n"                                      \
 "MIIB4DCCAYagAwIBAgICEjQwCgYIKoZIzj0EAwIwNTELMAkGA1UEBhMCRlIxEDAO\n" \
 "BgNVBAoMB0V4YW1wbGUxFDASBgNVBAMMC2VycC5leGFtcGxlMCAXDTI2MTEyODAx\n" \
 "MDQ0OVoYDzIxMjYxMTA0MDEwNDQ5WjA1MQswCQYDVQQGEwJGUjEQMA4GA1UECgwH\n" \
 "RXhhbXBsZTEUMBIGA1UEAwwLZXJwLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO\n" \
 "PQMBBwNCAATnSkcyD7fotC5ISUS8y7/dtEDXoPIbKEVz8Los427KH/XpEg0qPN3v\n" \
 "3uEVTZVJD1k/2oEDdGnE1beBpL3TCnL3o4GDMIGAMB0GA1UdDgQWBBTY12eMlwCC\n" \
 "nSsoDBnVgewehMGADTAfBgNVHSMEGDAWgBTY12eMlwCCnSsoDBnVgewehMGADTAP\n" \
 "BgNVHRMBAf8EBTADAQH/MC0GA1UdEQQmMCSCC2VycC5leGFtcGxlgg93d3cuZXJw\n" \
 "LmV4YW1wbGWHBMAAAgEwCgYIKoZIzj0EAwIDSAAwRQIgMHhd6pujQYhJy5lj3IaQ\n" \
 "/eH96+TuUXuWUBrHO5JwRxoCIQCIh/UBJTvUm1+VfID9nJgFAkZZoJ3o940bR1Vv\n" \
 "Qo0JrQ==\n"                                                         \
 "-----END CERTIFICATE-----\n"
#define CERTIFICATE_KEY_PEM                                           \
 "-----BEGIN PRIVATE KEY-----\n"                                      \
 "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1Bi4V8CQPgOqoaWd\n" \
 "GL5xqnVjvyuKL3zPW5iBmmd+OzehRANCAATnSkcyD7fotC5ISUS8y7/dtEDXoPIb\n" \
 "KEVz8Los427KH/XpEg0qPN3v3uEVTZVJD1k/2oEDdGnE1beBpL3TCnL3\n"         \
 "-----END PRIVATE KEY-----\n"

#endif
