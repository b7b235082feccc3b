/* SPDX-License-Identifier: ISC */
/*
 * init --small: one account, one envelope, one number to call. It asks for what only a person knows, writes
 * it into breakglass.conf, and leads through the commands that anybody else runs one by one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "admin/init/init.h"
#include "admin/messages.h"
#include "admin/run.h"
#include "admin/ui.h"
#include "base/host.h"
#include "base/safefile.h"
#include "base/text.h"
#include "config/policy.h"

#define CONF_MAX (256 << 10)
#define ENVELOPE "one"

/* What was answered. */
static struct {
    char phone[48], to[128], server[264], kind[16];
} small;

/* The rules that one envelope and few people cannot keep. */
static const enum bg_rule given_up[] = {BG_RULE_THRESHOLD, BG_RULE_SHARES, BG_RULE_REVIEWER, BG_RULE_ROTATOR};
#define GIVEN_UP (sizeof given_up / sizeof given_up[0])

/* --- breakglass.conf -------------------------------------------------------------------------- */

/* "#key =" of a line that is a default; "" for any other line. */
static void key_of(const char *line, char key[64])
{
    size_t n = 0;

    key[0] = '\0';
    if (line[0] != '#' || line[1] == ' ')
        return;
    while (n < 63 && line[1 + n] != ' ' && line[1 + n] != '=' && line[1 + n] != '\0' && line[1 + n] != '\n')
        n++;
    memcpy(key, line + 1, n);
    key[n] = '\0';
}

/* What the default of that key in that section becomes; NULL: it stays. */
static const char *value_of(const char *section, const char *key)
{
    if (strcmp(section, "login") == 0 && strcmp(key, "phone") == 0)
        return small.phone;
    for (size_t i = 0; strcmp(section, "rules") == 0 && i < GIVEN_UP; i++)
        if (strcmp(key, bg_rule_text(given_up[i])->key) == 0)
            return "no";
    return NULL;
}

static void put_line(FILE *out, const char *line, size_t n, char section[64])
{
    char key[64], text[128];
    const char *value;

    (void)snprintf(text, sizeof text, "%.*s", n < sizeof text ? (int)n : (int)sizeof text - 1, line);
    if (text[0] == '[')
        (void)snprintf(section, 64, "%.*s", (int)strcspn(text + 1, "]"), text + 1);
    key_of(text, key);
    if (key[0] != '\0' && (value = value_of(section, key)) != NULL)
        (void)fprintf(out, "%s = %s\n", key, value);
    else
        (void)fwrite(line, 1, n, out);
}

static void put_sink(FILE *out)
{
    char host[256];
    bool local = strncmp(small.server, "127.0.0.1", 9) == 0 || strncmp(small.server, "localhost", 9) == 0;

    bg_host_name(host, sizeof host);
    (void)fprintf(out, "\n[sink mail]\ntype = mail\nserver = %s\n%sfrom = breakglass@%s\nto = %s\n",
                  small.server, local ? "tls = none\n" : "", host, small.to);
}

/* The file with what was answered; what somebody has set stays as it is. */
static enum bg_err write_conf(bool sink)
{
    char *text = NULL, *made = NULL, section[64] = "";
    size_t len, n = 0;
    FILE *out = NULL;
    struct stat st;
    enum bg_err r = bg_file_slurp(BG_POLICY_PATH, CONF_MAX, &text, &len);

    if (r != BG_OK)
        return r;
    if (stat(BG_POLICY_PATH, &st) != 0) {
        r = BG_E_IO;
        goto out;
    }
    if ((out = open_memstream(&made, &n)) == NULL) {
        r = BG_E_NOMEM;
        goto out;
    }
    for (const char *p = text; *p != '\0';) {
        size_t line = strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n');
        put_line(out, p, line, section);
        p += line;
    }
    if (sink)
        put_sink(out);
    r = fclose(out) == 0 ? bg_file_replace(BG_POLICY_PATH, made, n, st.st_mode & 07777, st.st_uid, st.st_gid)
                         : BG_E_NOMEM;
out:
    free(made);
    free(text);
    return r;
}

/* --- questions -------------------------------------------------------------------------------- */

/* Until it is answered; false at the end of the input. */
static bool ask(const char *prompt, char *out, size_t cap)
{
    do
        if (!ui_ask_line(prompt, out, cap))
            return false;
    while (out[0] == '\0');
    return true;
}

static bool ask_all(bool sink)
{
    small.server[0] = '\0';
    if (!ask("Telephone number to call in an emergency: ", small.phone, sizeof small.phone) ||
        !ask("One card, or a password in two parts (card, password)? ", small.kind, sizeof small.kind))
        return false;
    if (!sink)
        return true;
    if (!ask("Mail address that the alarm goes to: ", small.to, sizeof small.to) ||
        !ui_ask_line("Mail server, host:port [127.0.0.1:25]: ", small.server, sizeof small.server))
        return false;
    if (small.server[0] == '\0')
        (void)snprintf(small.server, sizeof small.server, "127.0.0.1:25");
    return true;
}

/* --- the commands that follow ----------------------------------------------------------------- */

/* One of our own commands, after it was shown: its exit status, ADMIN_CANNOT if it cannot be run. */
static enum admin_exit follow(const char *const argv[])
{
    int status;

    ui_text("\n# breakglass");
    for (size_t i = 1; argv[i] != NULL; i++)
        ui_text(" %s", argv[i]);
    ui_text("\n");
    return run_own(argv, &status) == BG_OK && status < 128 ? (enum admin_exit)status : ADMIN_CANNOT;
}

static enum admin_exit lead(const char *account, bool card)
{
    const char *const shares[] = {"breakglass", "share", "new", account, "--groups", "1/1", NULL};
    const char *const parts[] = {"breakglass", "password", "new", account, NULL};
    const char *const read_card[] = {"breakglass", "share", "verify", account, NULL};
    const char *const read_parts[] = {"breakglass", "password", "verify", account, NULL};
    const char *const seal[] = {"breakglass",
                                "envelope",
                                "seal",
                                account,
                                ENVELOPE,
                                "--holds",
                                card ? "share 1-1" : "password 1, password 2",
                                NULL};
    const char *const test[] = {"breakglass", "alert", "test", NULL};
    enum admin_exit x;

    if ((x = follow(card ? shares : parts)) != ADMIN_GOOD ||
        (x = follow(card ? read_card : read_parts)) != ADMIN_GOOD || (x = follow(seal)) != ADMIN_GOOD)
        return x;
    return BG_WITH_ALERT ? follow(test) : ADMIN_GOOD;
}

static void tell_given_up(void)
{
    ui_text("\nWhat one envelope and few people give up, each an option of [rules]:\n");
    for (size_t i = 0; i < GIVEN_UP; i++)
        ui_text("  %-16s %s\n", bg_rule_text(given_up[i])->key, bg_rule_text(given_up[i])->lost);
}

/* Has somebody named a sink already? Then that one is kept. */
static bool lacks_sink(void)
{
    static struct bg_policy policy;
    static struct bg_faults faults;

    (void)!bg_policy_load(BG_POLICY_PATH, &policy, &faults);
    return BG_WITH_ALERT && policy.sinks.n == 0;
}

/* Are the answers what the file takes? False: the finding was shown, and the file is as before. */
static bool answers_hold(void)
{
    static struct bg_policy policy;
    static struct bg_faults faults;
    char text[1024];

    (void)snprintf(
        text, sizeof text, "[login]\nphone = %s\n%s%s%s%s%s", small.phone,
        small.server[0] != '\0' ? "[sink mail]\ntype = mail\ntls = none\nfrom = a@example\nserver = " : "",
        small.server[0] != '\0' ? "127.0.0.1:25" : "", small.server[0] != '\0' ? "\nto = " : "",
        small.server[0] != '\0' ? small.to : "", "\n");
    if (bg_policy_parse(text, &policy, &faults) == BG_OK)
        return true;
    ui_finding(BG_M_SMALL_ANSWER, BG_ARGS(faults.fault[0].text));
    return false;
}

enum admin_exit small_lead(const char *account)
{
    bool sink = lacks_sink();
    enum bg_err r;

    if (!ui_interactive()) {
        ui_finding(BG_M_SMALL_NOBODY, BG_ARGS(account));
        return ADMIN_USAGE;
    }
    do
        if (!ask_all(sink))
            return ADMIN_USAGE;
    while (!answers_hold());
    if ((r = write_conf(sink)) != BG_OK) {
        ui_finding(BG_M_CMD_MAKE, BG_ARGS(BG_POLICY_PATH, bg_strerror(r)));
        return ADMIN_CANNOT;
    }
    report_event(BG_EV_CONFIG_CHANGED, account, "init --small: number to call, rules and sink set");
    tell_given_up();
    return lead(account, small.kind[0] != 'p');
}
