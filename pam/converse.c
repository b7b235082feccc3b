/* SPDX-License-Identifier: ISC */
#include "converse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include "base/logline.h"
#include "base/secret.h"
#include "base/text.h"
#include "handle.h"

static int pam_style(enum bg_style style)
{
    switch (style) {
    case BG_STYLE_ECHO_ON:
        return PAM_PROMPT_ECHO_ON;
    case BG_STYLE_ECHO_OFF:
        return PAM_PROMPT_ECHO_OFF;
    case BG_STYLE_INFO:
        return PAM_TEXT_INFO;
    case BG_STYLE_ERROR:
        break;
    }
    return PAM_ERROR_MSG;
}

/* One message through the host's conversation function. The caller drops *resp in any case. */
static int converse(pam_handle_t *pamh, enum bg_style style, const char *text, struct pam_response **resp)
{
    const struct pam_message m = {pam_style(style), text};
    const struct pam_message *list = &m;
    const void *item = NULL;
    const struct pam_conv *conv;

    *resp = NULL;
    if (pam_get_item(pamh, PAM_CONV, &item) != PAM_SUCCESS || (conv = item) == NULL || conv->conv == NULL)
        return PAM_CONV_ERR;
    return conv->conv(1, &list, resp, conv->appdata_ptr);
}

/* As libpam's own pam_prompt(3): a response is ours to free, even one that came with an error. */
static void drop(struct pam_response *resp)
{
    if (resp == NULL)
        return;
    if (resp->resp != NULL) {
        bg_wipe(resp->resp, strlen(resp->resp));
        free(resp->resp);
    }
    free(resp);
}

#define COLUMNS 79

void bg_message_lines(char out[BG_MSG_MAX], const struct bg_message *id, const char *const *args)
{
    (void)bg_msg_say(out, BG_MSG_MAX, id, args);
    bg_text_wrap(out, COLUMNS, COLUMNS);
}

void bg_show(pam_handle_t *pamh, enum bg_style style, const char *text)
{
    struct pam_response *resp;

    (void)converse(pamh, style, text, &resp);
    drop(resp);
}

void bg_ask(pam_handle_t *pamh, enum bg_style style, const char *text, struct bg_answer *a)
{
    struct pam_response *resp;
    size_t n;

    memset(a, 0, sizeof *a);
    a->state = BG_ANSWER_NONE;
    if (converse(pamh, style, text, &resp) == PAM_SUCCESS && resp != NULL && resp->resp != NULL) {
        n = strnlen(resp->resp, BG_ANSWER_MAX);
        a->state = n < BG_ANSWER_MAX ? BG_ANSWER_GIVEN : BG_ANSWER_TOO_LONG;
        if (a->state == BG_ANSWER_GIVEN) {
            memcpy(a->text, resp->resp, n);
            a->len = n;
        }
    }
    drop(resp);
}

void bg_log_message(pam_handle_t *pamh, const char *phase, const struct bg_message *id,
                    const char *const *args)
{
    char service[BG_NAME_MAX], text[BG_MSG_MAX], line[sizeof service + sizeof text + 32];

    bg_handle_item(pamh, PAM_SERVICE, service);
    (void)bg_msg_full(text, sizeof text, id, args);
    (void)snprintf(line, sizeof line, "(%s:%s) %s", service, phase, text);
    (void)bg_log_line(LOG_ERR, "pam_breakglass", line);
}
