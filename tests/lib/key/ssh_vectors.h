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

/* "ssh-keygen -Y sign -n breakglass" of OpenSSH 9.2 over SIGNED, by software keys: with PIN and touch; with a
 * touch alone; with the PIN alone. */
#define SIGNED "web01 bg1 test AAAAA\n"
#define SIG_ED_KEY                                                                                           \
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIN3phfSgBnXlAdXlxphPUKnTqXfnUIYentfhxivmDSKI"               \
    "AAAABHNzaDo="
#define SIG_ED                                                                                               \
    "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg3emF9KAGdeUB1eXGmE9QqdOp"               \
    "d+dQhh6e1+HGK+YNIogAAAAEc3NoOgAAAApicmVha2dsYXNzAAAAAAAAAAZzaGE1MTIAAABnAAAAGnNrLXNzaC1l"               \
    "ZDI1NTE5QG9wZW5zc2guY29tAAAAQCJtI80yj8TEIyX/uZTGxPyBEHPZByWCQv/O+fxsm2BCyEkxNv8+2g0rSeT/"               \
    "DRAZ+iE5QZY2iszB8BsLqOQ+qg4FAAAAAg=="
#define SIG_EC_KEY                                                                                           \
    "AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBPkYPe2HeR8BW2o1"               \
    "rDvAAE41vNE5DgATBaWR5qaE5i27zZhYd4gdPikW5cWe63Zfe5ZmoIN525HXp3D9gtAZYvwAAAAEc3NoOg=="
#define SIG_EC                                                                                               \
    "U1NIU0lHAAAAAQAAAH8AAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1NkBvcGVuc3NoLmNvbQAAAAhuaXN0cDI1NgAA"               \
    "AEEE+Rg97Yd5HwFbajWsO8AATjW80TkOABMFpZHmpoTmLbvNmFh3iB0+KRblxZ7rdl97lmagg3nbkdencP2C0Bli"               \
    "/AAAAARzc2g6AAAACmJyZWFrZ2xhc3MAAAAAAAAABnNoYTUxMgAAAHgAAAAic2stZWNkc2Etc2hhMi1uaXN0cDI1"               \
    "NkBvcGVuc3NoLmNvbQAAAEkAAAAgfL4M2xr+9bOv38O3excHlxzCR24IXzg/vO6QvXHZOz4AAAAhAKQE0dMCTO1O"               \
    "7kqxBlr1kUr909tGJCayiZZSRmxAN7dqBQAAAAI="
#define SIG_LOOSE_KEY                                                                                        \
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOdswpB3WGIPLKcE7sOdkg6tS0tu7vlSha45Oy9LZ3Y4"               \
    "AAAABHNzaDo="
#define SIG_LOOSE                                                                                            \
    "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAg52zCkHdYYg8spwTuw52SDq1L"               \
    "S27u+VKFrjk7L0tndjgAAAAEc3NoOgAAAApicmVha2dsYXNzAAAAAAAAAAZzaGE1MTIAAABnAAAAGnNrLXNzaC1l"               \
    "ZDI1NTE5QG9wZW5zc2guY29tAAAAQAi/EmVLlbooIZwRAQHrUIE7A+gocgyIxXHMYeVAyBtj3iTe27qCo+DoCHK+"               \
    "dimHkoetBAH5eT1MxHKTsjAKYgQBAAAAAw=="
#define SIG_UNTOUCHED_KEY                                                                                    \
    "AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAICaLFR4XJnvKj9b8sgP+0zQ+4NiwTojoP+cZo5ji+GD+"               \
    "AAAABHNzaDo="
#define SIG_UNTOUCHED                                                                                        \
    "U1NIU0lHAAAAAQAAAEoAAAAac2stc3NoLWVkMjU1MTlAb3BlbnNzaC5jb20AAAAgJosVHhcme8qP1vyyA/7TND7g"               \
    "2LBOiOg/5xmjmOL4YP4AAAAEc3NoOgAAAApicmVha2dsYXNzAAAAAAAAAAZzaGE1MTIAAABnAAAAGnNrLXNzaC1l"               \
    "ZDI1NTE5QG9wZW5zc2guY29tAAAAQAnxLeZWdkrI7BI9rqDbb3wvmYFZtPEeE42HZrZxRKxvAfAlKE/yJnLNroL7"               \
    "oidtNVJnaKOaTwIYz90WjFWs1AoEAAAAAg=="

#endif
