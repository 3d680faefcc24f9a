/** A key and its certificate for `localhost`, which no authority has signed; good until 2126. Made for these tests, and used nowhere else. */
export const selfSigned = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgus9h0pq71owcB5BB
HRre8FZhzhh2SGGuGJRB2nJBpa2hRANCAAR+sk0bkM0taYu3IhicEXckKf08yAbe
bRCkxdYup+LUloausBWYkEvHZ0cafEvXZ6B3uUh6S6Ujz/obwTRMgtkC
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUeLpck3qj3CCK1YfivQ+ZDevubTcwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzIxNTE0M1oYDzIxMjYxMTAz
MjE1MTQzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAR+sk0bkM0taYu3IhicEXckKf08yAbebRCkxdYup+LUloausBWYkEvH
Z0cafEvXZ6B3uUh6S6Ujz/obwTRMgtkCo2kwZzAdBgNVHQ4EFgQUdwDy4yJKeaEt
FknukvcsbW22RwQwHwYDVR0jBBgwFoAUdwDy4yJKeaEtFknukvcsbW22RwQwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAOlaYuAPqn94x7cldHIqdt+TNhGf/Xtejvt5//AlTZgkAiAhkLJioBsL
eZdIlBq57W1zpxP0FSFT7kvG/a+AOG6bhA==
-----END CERTIFICATE-----
`,
};
