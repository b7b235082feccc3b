/* SPDX-License-Identifier: ISC */
/* What the rules about a host ask of it: settings, small files of the kernel's, processes, packages. */
#ifndef BG_ADMIN_CHECK_HOST_H
#define BG_ADMIN_CHECK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The last "key = value", "key: value" or "key value" of a file, quotes around the value gone; the case of
 * the key is not looked at. False, and out "": there is none.
 */
bool host_setting(const char *path, const char *key, char *out, size_t cap);

/* The same over a file and then those that a pattern (glob(7)) names, in their order: the last one counts. */
bool host_settings(const char *path, const char *pattern, const char *key, char *out, size_t cap);

/* The first line of a small file, without its newline; never waits for the other end of a FIFO. */
bool host_line(const char *path, char *out, size_t cap);

/* The number that such a file begins with; "max" is UINT64_MAX. */
bool host_number(const char *path, uint64_t *out);

/* Does the file hold that text? No for one that cannot be read. */
bool host_holds(const char *path, const char *text);

/* Does any file of that pattern (glob(7)) exist? */
bool host_any(const char *pattern);

/* The options of what is mounted there, as mount(8) shows them. False: nothing is. */
bool host_mount_options(const char *on, char *out, size_t cap);

/* Each living process but this one; false of fn ends the walk. comm is as in proc(5), hostile. */
typedef bool host_process_fn(void *arg, pid_t pid, const char *comm);
void host_processes(host_process_fn *fn, void *arg);

/* A living process of that name, 0: there is none. */
pid_t host_process(const char *comm);

/* Is it the sshd that takes connections, and not one that serves a person, which has other limits? */
bool host_is_listener(pid_t pid, const char *comm);

/* systemd is process 1 (sd_booted(3)). */
bool host_by_systemd(void);

/*
 * What "systemctl is-enabled" says of a unit, read from files: "enabled", "masked" ..., "" where it cannot be
 * asked. At most 2 s.
 */
void host_unit(const char *unit, char out[32]);

/* Of a package of dpkg's: its version and the state it is in ("installed", "unpacked" ...; dpkg(1)). */
struct host_package {
    char version[80], state[32];
};
struct host_packages {
    char *text; /* dpkg's list; NULL: there is none */
};
void host_packages(struct host_packages *out);
void host_packages_free(struct host_packages *p);
/* False: it is not there, or only its configuration is. */
bool host_package(const struct host_packages *p, const char *name, struct host_package *out);

#endif
