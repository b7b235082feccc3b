/* SPDX-License-Identifier: ISC */
/* Made by OpenSSH 9.2's ssh-keygen with the software key, and a certificate of the first by the last. */
#ifndef SSH_VECTORS_H
#define SSH_VECTORS_H

#define ED                                                                                                   \
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOBtBIjC5GMta6D41W0dWkSlsDpnSg6M5P+eysbWqJ2E"               \
    "AAAABHNzaDo="
#define EC                                                                                                   \
    "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBMHQXGgazW1oPgPJ"               \
    "t0iGN0ZmXz4J1B1PbALneFGR6OQJClOm+9x/qQuUJKn9ahllasStN8foyHQGalARvsUWA3wAAAAHc3NoOmJnMQ=="
#define CERT                                                                                                 \
    "AAAAI3NrLXNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIMTXh80ArnhI1+GMF1N2tfpQjOhvyBuU"               \
    "ghv8efKosoM1AAAAIOBtBIjC5GMta6D41W0dWkSlsDpnSg6M5P+eysbWqJ2EAAAABHNzaDoAAAAAAAAAAAAAAAEA"               \
    "AAABeAAAAAcAAAADYmcxAAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAA"               \
    "AAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAA"               \
    "CnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIFsd"               \
    "IACSBS4i5QC3lP1ZMw8rJOE9FascUGndSsDkcaTuAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBwW9RI344aLMY0Auxp"               \
    "xsR19OwghN/cuiUo+EDGbOfZCzCPopqgzU1Wvk5a8Px4TilwAk9tIj/ZG8mE1opmG4QH"
#define PLAIN "AAAAC3NzaC1lZDI1NTE5AAAAIFsdIACSBS4i5QC3lP1ZMw8rJOE9FascUGndSsDkcaTu"

#endif
