/* SPDX-License-Identifier: ISC */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "admin/check/con.h"
#include "admin/check/facts.h"
#include "config/ways.h"

#define GUARD_CONF  "/etc/usbguard/usbguard-daemon.conf"
#define GUARD_RULES "/etc/usbguard/rules.conf"

struct usb {
    struct check *c;
    struct check_at at;
    bool only; /* nothing but a key opens the account at a console */
};

static void blocked(const struct usb *u, const char *file, const char *why)
{
    struct check_at at = u->at;

    at.file = file;
    check_find(u->c, u->only ? CHECK_CON_NO_USB : CHECK_CON_NO_USB_ELSE, &at, BG_ARGS(at.account, why));
}

/* Keys that are plugged in here: does one open it at a console, and does nothing else? */
static bool wants_key(const struct bg_credential *cred, bool *only)
{
    const struct bg_place here = bg_place_of(BG_SOURCE_CONSOLE);
    struct bg_place without = here;
    struct bg_ways ways;
    bool any = false;

    for (size_t i = 0; i < cred->key_count; i++)
        any = any || (cred->key[i].use != BG_USE_TEXT && bg_key_usable(&cred->key[i], &here));
    without.key_here = false;
    *only = any && !bg_credential_ways(cred, &without, &ways);
    return any;
}

static bool is_zero(const char *line, const void *what)
{
    (void)what;
    return strcmp(line, "0") == 0;
}

static bool holds(const char *line, const void *what)
{
    return strstr(line, what) != NULL;
}

/* "blacklist usbhid", "install usbhid /bin/false" */
static bool disabled(const char *line, const void *what)
{
    static const char *const verbs[] = {"blacklist", "install"};
    char verb[32], module[64], with[64] = "";
    int n = sscanf(line, "%31s %63s %63s", verb, module, with);

    if (n < 2 || strcmp(module, what) != 0)
        return false;
    return strcmp(verb, verbs[0]) == 0 ||
           (strcmp(verb, verbs[1]) == 0 && (strstr(with, "/false") != NULL || strstr(with, "/true") != NULL));
}

static bool matches(const char *pattern)
{
    glob_t g;
    bool any = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0;

    if (any)
        globfree(&g);
    return any;
}

/* Is the driver running, part of the kernel, or a module that can be loaded? */
static bool has_driver(const char *module, const char *running)
{
    char pattern[400], part[64];
    struct utsname u;

    if (access(running, F_OK) == 0)
        return true;
    if (uname(&u) != 0)
        return false;
    (void)snprintf(pattern, sizeof pattern, "/lib/modules/%.64s/modules.builtin", u.release);
    (void)snprintf(part, sizeof part, "/%s.ko", module);
    if (facts_say(pattern, holds, part) == BG_PAM_YES)
        return true;
    (void)snprintf(pattern, sizeof pattern, "/lib/modules/%.64s/kernel/drivers/hid/%s.ko*", u.release,
                   module);
    if (matches(pattern))
        return true;
    (void)snprintf(pattern, sizeof pattern, "/lib/modules/%.64s/kernel/drivers/hid/usbhid/%s.ko*", u.release,
                   module);
    return matches(pattern);
}

static void drivers(const struct usb *u)
{
    static const struct {
        const char *module, *running;
    } needed[] = {{"usbhid", "/sys/bus/usb/drivers/usbhid"},
                  {"hid-generic", "/sys/bus/hid/drivers/hid-generic"}};
    char why[100];

    for (size_t i = 0; i < 2; i++) {
        bool runs = access(needed[i].running, F_OK) == 0;
        (void)snprintf(why, sizeof why, "the kernel has no driver %s", needed[i].module);
        if (!has_driver(needed[i].module, needed[i].running)) {
            blocked(u, NULL, why);
        } else if (!runs &&
                   facts_any_say("/etc/modprobe.d/*.conf", disabled, needed[i].module) == BG_PAM_YES) {
            (void)snprintf(why, sizeof why, "the driver %s is switched off below /etc/modprobe.d",
                           needed[i].module);
            blocked(u, NULL, why);
        }
    }
}

static bool allows_hid(const char *line, const void *what)
{
    (void)what;
    return strncmp(line, "allow", 5) == 0 &&
           (line[5] == '\0' || strstr(line, " 03:") != NULL || strstr(line, "{03:") != NULL ||
            (strstr(line, "id ") == NULL && strstr(line, "hash ") == NULL &&
             strstr(line, "with-interface") == NULL && strstr(line, "via-port") == NULL &&
             strstr(line, "serial ") == NULL));
}

/* Its rules decide by serial number or hash: a key that was never plugged in here is new to them. */
static void guard(const struct usb *u)
{
    bool runs =
        matches("/etc/systemd/system/*.wants/usbguard.service") || access("/run/usbguard.pid", F_OK) == 0;

    if (access("/usr/sbin/usbguard-daemon", X_OK) != 0 || !runs ||
        facts_say(GUARD_CONF, holds, "ImplicitPolicyTarget=allow") == BG_PAM_YES)
        return;
    if (facts_say(GUARD_RULES, allows_hid, NULL) != BG_PAM_YES)
        blocked(
            u, GUARD_RULES,
            "USBGuard blocks a device that it does not know, and no rule allows keys (with-interface 03:*)");
}

void con_look_usb(struct check *c, const struct check_account *a)
{
    struct usb u = {.c = c, .at = {.account = a->row->name}};

    if (a->credential == NULL || !wants_key(a->credential, &u.only))
        return;
    if (access("/sys/bus/usb", F_OK) != 0 || !matches("/sys/bus/usb/devices/usb*")) {
        blocked(&u, NULL, "this machine has no USB");
        return;
    }
    if (facts_any_say("/sys/bus/usb/devices/usb*/authorized_default", is_zero, NULL) == BG_PAM_YES)
        blocked(&u, "/sys/bus/usb", "the kernel lets no new USB device in (authorized_default is 0)");
    drivers(&u);
    guard(&u);
}
