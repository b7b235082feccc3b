#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "admin/conf/nsswitch.h"
#include "admin/conf/pamfile.h"
#include "admin/conf/services.h"
#include "admin/conf/sshd.h"
#include "admin/status.h"
#include "admin/conf/sysfile.h"
#include "admin/ui.h"
#include "admin/messages.h"

static const char *const expected[] = {"login", "sshd", "su", "su-l"};

static bool has_all(const char *service, const struct pam_presence *p)
{
    bool all = true;

    for (enum pam_type t = PAM_TYPE_AUTH; t < PAM_TYPES; t++) {
        /* without a password line of its own a service has none of ours: nothing is opened by it */
        if (p->has[t] || (t == PAM_TYPE_PASSWORD && !p->others[t]))
            continue;
        ui_finding(p->others[t] ? BG_M_CMD_PAM_ABSENT : BG_M_CMD_PAM_OTHER,
                   BG_ARGS(service, pam_type_name(t)));
        all = false;
    }
    return all;
}

static void look_service(struct services *s, const char *service, json_t *pam)
{
    struct pam_source src = {services_text, s};
    struct pam_presence p;
    struct pam_problem why = {0};
    const char *text = services_text(s, service);
    bool good;

    if (text == NULL)
        return;
    good = pamfile_look(service, text, &src, &p, &why) == BG_OK;
    if (!good && why.id != 0)
        ui_finding(why.id, BG_ARGS(why.file, why.line, why.type));
    good = good && has_all(service, &p);
    (void)json_object_set_new(pam, service, json_boolean(good));
}

static bool look_nsswitch(void)
{
    struct nss_problem why = {0};
    char *text = NULL;
    enum bg_err r = sysfile_read(NSSWITCH_PATH, &text);

    if (r == BG_OK)
        r = nsswitch_look(text == NULL ? "" : text, &why);
    free(text);
    if (r == BG_E_REFUSED)
        ui_finding(why.id, BG_ARGS(NSSWITCH_PATH, why.line, why.database));
    else if (r == BG_E_NOENT)
        ui_finding(BG_M_CMD_NSS_ABSENT, BG_ARGS(NSSWITCH_PATH));
    else if (r != BG_OK)
        ui_finding(BG_M_FILE_UNSAFE, BG_ARGS(NSSWITCH_PATH, bg_strerror(r)));
    return r == BG_OK;
}

/* Only where init wrote a drop-in: a host may do without ssh. */
static void look_sshd(const struct account_rows *rows, json_t *root)
{
    bool wins = true;

    if (access(SSHD_DROPIN, F_OK) != 0 || !sshd_installed())
        return;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->row[i].wrong[0] == '\0')
            wins = sshd_block_wins(&rows->row[i]) && wins;
    (void)json_object_set_new(root, "sshd", json_boolean(wins));
}

void status_system(const struct account_rows *rows, json_t *root)
{
    struct services *s = services_open(NULL);
    json_t *pam = json_object();

    for (size_t i = 0; s != NULL && i < sizeof expected / sizeof expected[0]; i++)
        look_service(s, expected[i], pam);
    services_close(s);
    (void)json_object_set_new(root, "pam", pam);
    (void)json_object_set_new(root, "nsswitch", json_boolean(look_nsswitch()));
    look_sshd(rows, root);
}
